"""The shapes a ticket comes in, by its kind: what its keys mean where they differ. Tables only.

Source: docs/protocols/kingdee-assistant.md#tickets. Kinds
beyond the paper's (24 and up) are those of the inbound table, put to the shape they resemble.
"""

from dataclasses import dataclass

OTHER = "11"  # the kind of what has none that is known


@dataclass(frozen=True)
class Shape:
    """``journey``: field of ``inbound.Travel`` to the keys it is under; None for what doesn't travel.

    ``has_lines``: goods under ``items``. ``is_numbered``: ``invoiceCode`` and ``invoiceNo`` are what they
    say; else a travel day and a ticket's number. ``is_fare``: ``amount`` is the fare, not the untaxed sum.
    ``is_deductible``: it can be selected for deduction.
    """

    name: str
    journey: dict | None = None
    has_lines: bool = False
    is_numbered: bool = True
    is_fare: bool = False
    is_deductible: bool = False


_STATIONS = {
    "passenger": ("passengerName",),
    "from_place": ("stationGetOn",),
    "to_place": ("stationGetOff",),
}
_TRAIN = {
    **_STATIONS,
    "vehicle": ("trainNum",),
    "seat": ("seatGrade", "seatGradeName"),
    "departs": ("trainTime",),
    "fare": ("totalAmount",),
}
_FLIGHT = {
    "passenger": ("passengerName",),
    "id_no": ("customerIdentityNum",),
    "from_place": ("placeOfDeparture",),
    "to_place": ("destination",),
    "vehicle": ("flightNum",),
    "seat": ("seatGradeName", "seatGrade"),
    "departs": ("airTime",),
    "fare": ("amount",),
    "fund": ("airportConstructionFee",),
    "surcharge": ("fuelSurcharge",),
    "insurance": ("insurancePremium",),
    "other_taxes": ("otherTotalTaxAmount",),
}
_RIDE = {
    "from_place": ("place",),
    "vehicle": ("licenseNumber",),
    "mileage": ("mileage",),
    "departs": ("timeGetOn",),
    "arrives": ("timeGetOff",),
    "fare": ("totalAmount",),
}
_PASSAGE = {**_STATIONS, "seat": ("seatGrade",), "departs": ("time",), "fare": ("totalAmount",)}
_ROAD = {"from_place": ("entrance",), "to_place": ("exit",), "departs": ("time",), "fare": ("totalAmount",)}
_TRIP = {"fare": ("totalAmount",)}  # only where the ticket says from where to where

VAT = Shape("vat", has_lines=True, is_deductible=True)
MACHINE = Shape("machine", _TRIP)
TAXI = Shape("taxi", _RIDE)
TRAIN = Shape("train", _TRAIN, is_numbered=False)
AIR = Shape("air", _FLIGHT, is_numbered=False, is_fare=True)
FIXED = Shape("fixed")
COACH = Shape("coach", _PASSAGE)
SHIP = Shape("ship", _PASSAGE)
ROAD = Shape("road", _ROAD)
TAX_PROOF = Shape("tax_proof")
ANY = Shape("other")
# assumption: their own number under invoiceNo, twenty digits; the rest as on the paper ones
DIGITAL_AIR = Shape("digital_air", _FLIGHT, is_numbered=True, is_fare=True, is_deductible=True)
DIGITAL_TRAIN = Shape("digital_train", _TRAIN, is_numbered=True, is_deductible=True)

SHAPES = {
    **dict.fromkeys(("1", "2", "3", "4", "5", "12", "13", "15", "26", "27", "72", "83", "84"), VAT),
    "7": MACHINE,
    "23": MACHINE,
    "8": TAXI,
    "9": TRAIN,
    "24": TRAIN,
    "10": AIR,
    "14": FIXED,
    "16": COACH,
    "20": SHIP,
    "17": ROAD,
    "19": TAX_PROOF,
    "28": DIGITAL_AIR,
    "29": DIGITAL_TRAIN,
    "21": ANY,
    "25": ANY,
    OTHER: ANY,
}
