"""Special elements in the words of ``blueTicket``. [family]: 票单云's own paper names the code and no key.

Source: docs/protocols/piaodanyun.md#special-elements.
"""

from ...rules import elements
from ...rules.elements import COAL, SEATS, Terms
from ..writing import filled

# What can be issued: those whose keys [family] names, without the purchases, whose sides are swapped
TERMS = {code: Terms() for code in ("01", "03", "04", "05", "06", "09", "12", "13", "14", COAL)}

# Fields of rules.elements by key, beside hjje, or in a row of an array beside fyxm
FLAT = {
    "address": "fullAddress",
    "project": "jzxmmc",
    "cross_city": "kdsbz",
    "cross_city_no": "kqysssxbgglbm",
    "land_tax_no": "tdzzsxmbh",
    "certificate_no": "cqzsh",
    "area_unit": "dw",
    "contract_no": "wqhtbabh",
    "approved_price": "hdjsjg",
    "actual_price": "sjcjhsje",
    "date_from": "zlrqq",
    "date_to": "zlrqz",
    "plate": "cph",
    "for_register": "sfyytljdj",
    "engine_no": "fdjhm",
    "chassis_no": "dphgzbh",
}
ROWS = {
    "04": ("hwys", {"place_from": "qyd", "place_to": "ddd", "vehicle": "ysgjzl", "plate": "ysgjhp", "goods": "yshwmc"}),
    "09": (
        "hwys",
        {
            "traveller": "cxr",
            "day": "cxrq",
            "id_kind": "sfzjlx",
            "id_no": "sfzjhm",
            "vehicle": "jtgjlx",
            "seat": "dengj",
            "place_from": "qyd",
            "place_to": "ddd",
        },
    ),
}
_AREA_UNITS = ("平方千米", "平方米", "孔公里", "公顷", "亩", "h㎡", "k㎡", "㎡", "米")
# Codes of values by element and field; the seats are numbered through
CODES = {
    ("05", "area_unit"): {unit: str(number) for number, unit in enumerate(_AREA_UNITS, 1)},
    ("06", "area_unit"): {unit: str(number) for number, unit in enumerate(_AREA_UNITS, 1)},
    ("04", "vehicle"): {kind: str(number) for number, kind in enumerate(elements.FREIGHT_VEHICLES, 1)},
    ("09", "vehicle"): {
        kind: str(number)
        for number, kind in enumerate(("plane", "train", "coach", "public", "taxi", "car", "ship", "other"), 1)
    },
    ("09", "seat"): {
        seat: str(number)
        for number, seat in enumerate((*SEATS["plane"], *SEATS["train"], *SEATS["ship"]), 1)
    },
}  # fmt: skip
NO_SEAT = "无"  # dengj of what has no classes: free text


def freeze(draft):
    """Return the keys of a draft's element; an array's row has keys like ``hwys[0][qyd]``."""
    element = draft.element
    if element and element not in TERMS:
        raise ValueError(f"There are no keys for the special element {element!r}")
    if element in ROWS:
        name, keys = ROWS[element]
        return {
            f"{name}[{place}][{key}]": value
            for place, row in enumerate(draft.details)
            for key, value in _values(element, row, keys).items()
        }
    row = draft.details[0] if draft.details else {}
    return {**filled(fwfsd="-".join(elements.place(row))), **_values(element, row, FLAT)}


def _values(element, row, keys):
    """Return the filled keys of ``row``, each value by its code."""
    told = {key: CODES.get((element, name), {}).get(row.get(name), row.get(name)) for name, key in keys.items()}
    if element == "09" and not told["dengj"]:
        told["dengj"] = NO_SEAT
    return filled(**told)
