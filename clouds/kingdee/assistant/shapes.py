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
    """

    journey: dict | None = None
    has_lines: bool = False
    is_numbered: bool = True
    is_fare: bool = False


_STATIONS = {"passenger": ("passengerName",), "from_place": ("stationGetOn",), "to_place": ("stationGetOff",)}
_TRAIN = {
    **_STATIONS,
    "vehicle": ("trainNum",),
    "seat": ("seatGrade", "seatGradeName"),
    "departs": ("trainTime",),
    "fare": ("totalAmount",),
}
_FLIGHT = {
    "passenger": ("passengerName",),
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

_VAT = Shape(has_lines=True)
_MACHINE = Shape(_TRIP)
_TRAIN_TICKET = Shape(_TRAIN, is_numbered=False)
_ANY = Shape()

SHAPES = {
    **dict.fromkeys(("1", "2", "3", "4", "5", "12", "13", "15", "26", "27", "72", "83", "84"), _VAT),
    **dict.fromkeys(("7", "23"), _MACHINE),
    "8": Shape(_RIDE),
    **dict.fromkeys(("9", "24"), _TRAIN_TICKET),
    "10": Shape(_FLIGHT, is_numbered=False, is_fare=True),
    **dict.fromkeys(("16", "20"), Shape(_PASSAGE)),  # coach, ship
    "17": Shape(_ROAD),
    # Digital ones. assumption: their own number under invoiceNo, twenty digits; the rest as on the paper ones
    "28": Shape(_FLIGHT, is_fare=True),
    "29": Shape(_TRAIN),
    **dict.fromkeys(("14", "19", "21", "25", OTHER), _ANY),  # fixed amount, proof of tax paid, others
}
