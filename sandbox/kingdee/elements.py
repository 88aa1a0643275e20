"""The special element of a bill: specialType and an object or a list beside billDetail [docs, ? in a bill]."""

from .. import values
from ..bureau.elements import PARKING, keys, read_rows
from ..protocol import Refused, words

PLACE = """
    simpleAddress 30 !
    detailAddress 90 !"""
ESTATE = f"""{PLACE}
    provinceAdress 30 !
    cityAdreess 30 !
    areaunit 5 ! 平方千米 平方米 公顷 亩 h㎡ k㎡ ㎡ 米"""
OBJECTS = {
    "03": (
        "buildInfo",
        f"""{PLACE}
    buildingName 80 !
    crossCitySign 1 ! 0 1
    crossCityTaxVerifyNo 40 ?crossCitySign=1
    landTaxNo 20""",
    ),
    "05": (
        "estateSaleInfo",
        f"""{ESTATE}
    crossCitySign 1 ! 0 1
    estateCode 28
    estateId 40
    landTaxNo 20
    approvedPrice 20 . money
    actualTurnover 20 ?approvedPrice money""",
    ),
    "06": (
        "estateLeaseInfo",
        f"""{ESTATE}
    startLeaseDate 16 ! day
    endLeaseDate 16 ! day
    estateId 40 !
    crossCitySign 1 . 0 1
    carBrandNo 40""",
    ),
}
LISTS = {
    "04": (
        "freightList",
        """
    startPlace 80 !
    endPlace 80 !
    transportType 10 ! 铁路运输 公路运输 水路运输 航空运输 管道运输 其它运输工具
    licensePlate 40 !
    transportGoods 80 !""",
    ),
    "09": (
        "travelerList",
        """
    traveler 20 !
    cardType 3 !
    cardNo 20 !
    travelDate 10 ! day
    startPlace 80 !
    endPlace 80 !
    transportType 1 ! 1 2 3 4 5 6 7 9
    seatClass 20 ?transportType=1|2|7""",
    ),
}
FIELDS = [name for name, _table in (*OBJECTS.values(), *LISTS.values())]
KINDS = words("01 03 04 05 06 09 12 14 18")
# Both families: that of the queries, and that of direct issue [?]
CODES = {f"E{kind}": kind for kind in KINDS} | {kind: kind for kind in KINDS}


def read(item, lines):
    """The record's texts about the element."""
    code = values.text(item, "specialType")
    given = {name: item[name] for name in FIELDS if item.get(name)}
    if code in ("", "00"):
        if given:
            raise Refused("未填写特定业务类型specialType")
        return {}
    if code not in CODES:
        raise Refused(f"特定业务类型{code}未开通")
    kind = CODES[code]
    name, table = {**OBJECTS, **LISTS}.get(kind, ("", ""))
    if set(given) - {name}:
        raise Refused(f"特定业务类型{code}没有这些参数")
    if name:
        rows = given.get(name)
        if not isinstance(rows, list if kind in LISTS else dict):
            raise Refused(f"参数{name}不能为空")
        rows = rows if kind in LISTS else [rows]
        for row in rows:
            values.known(row, keys(table), name)
        parked = any(line.code == PARKING for line in lines)
        read_rows([{key: values.text(row, key) for key in row} for row in rows], table, parked)
        if kind == "06" and parked and not rows[0].get("carBrandNo"):
            raise Refused("车辆停放服务的车牌号不能为空")
    return {"special_kind": kind, "element_keys": given}


def head(record):
    """What queries and callbacks tell of it."""
    return {"specialType": f"E{record.special_kind}" if record.special_kind else "00", **record.element_keys}
