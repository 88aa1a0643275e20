"""Special elements in the words of a billing request: ``specialType`` and an object or a list beside the lines.

The keys are [docs]; that a bill takes them, and by which codes, is assumed.
Source: docs/protocols/kingdee-billing.md#special-elements.
"""

from dataclasses import replace

from ...rules import elements
from ...rules.elements import AREA_UNITS, Terms
from ..writing import filled

_ESTATE = Terms(("address",), {"address": 90}, {"area_unit": tuple(u for u in AREA_UNITS if u != "孔公里")}, 30)
# What a bill can carry
TERMS = {
    **{code: Terms() for code in ("01", "04", "09", "12", "14", "18")},
    "03": Terms(("address",), {"address": 90}, place_length=30),
    "05": _ESTATE,
    "06": replace(_ESTATE, unknown=("land_tax_no",)),
}
# specialType: of bills and of the queries, and of what is issued directly
BILL, DIRECT = "bill", "direct"
BILL_CODES = {code: f"E{code}" for code in TERMS}
NAMES = {code: element for element, code in BILL_CODES.items()}

_ESTATE_KEYS = {
    "province": "provinceAdress",
    "city": "cityAdreess",
    "address": "detailAddress",
    "area_unit": "areaunit",
    "certificate_no": "estateId",
    "cross_city": "crossCitySign",
}
# Name of the object or list, and its keys by the fields of rules.elements
KEYS = {
    "03": (
        "buildInfo",
        {
            "address": "detailAddress",
            "project": "buildingName",
            "cross_city": "crossCitySign",
            "cross_city_no": "crossCityTaxVerifyNo",
            "land_tax_no": "landTaxNo",
        },
    ),
    "04": (
        "freightList",
        {
            "place_from": "startPlace",
            "place_to": "endPlace",
            "vehicle": "transportType",
            "plate": "licensePlate",
            "goods": "transportGoods",
        },
    ),
    "05": (
        "estateSaleInfo",
        {
            **_ESTATE_KEYS,
            "contract_no": "estateCode",
            "land_tax_no": "landTaxNo",
            "approved_price": "approvedPrice",
            "actual_price": "actualTurnover",
        },
    ),
    "06": (
        "estateLeaseInfo",
        {**_ESTATE_KEYS, "date_from": "startLeaseDate", "date_to": "endLeaseDate", "plate": "carBrandNo"},
    ),
    "09": (
        "travelerList",
        {
            "traveller": "traveler",
            "id_kind": "cardType",
            "id_no": "cardNo",
            "day": "travelDate",
            "place_from": "startPlace",
            "place_to": "endPlace",
            "vehicle": "transportType",
            "seat": "seatClass",
        },
    ),
}
CODES = {
    "cross_city": {elements.YES: "1", elements.NO: "0"},
    ("04", "vehicle"): {**elements.WORDS, "other": "其它运输工具"},
    ("09", "vehicle"): {
        "plane": "1",
        "train": "2",
        "coach": "3",
        "public": "4",
        "taxi": "5",
        "car": "6",
        "ship": "7",
        "other": "9",
    },
    "seat": elements.WORDS,
}


def freeze(draft, family):
    """Return ``specialType`` and what it says; nothing where there is no element. ``family``: BILL or DIRECT."""
    element = draft.element
    if not element:
        return {}
    if element not in TERMS:
        raise ValueError(f"A bill has no code for the special element {element!r}")
    code = element if family == DIRECT else BILL_CODES[element]
    if element not in KEYS:
        return {"specialType": code}
    name, keys = KEYS[element]
    rows = [_row(element, row, keys) for row in draft.details]
    return {"specialType": code, name: rows if elements.ELEMENTS[element].repeated else rows[0]}


def _row(element, row, keys):
    place = "".join(elements.place(row)) if "address" in keys else ""
    told = {key: _coded(element, name, row.get(name)) for name, key in keys.items()}
    return {**filled(simpleAddress=place), **filled(**told)}


def _coded(element, name, value):
    codes = CODES.get((element, name)) or CODES.get(name) or {}
    return codes.get(value, value)
