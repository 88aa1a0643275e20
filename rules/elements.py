"""Special elements (特定要素): what a fapiao of certain goods and services says beside its lines. Data and checks.

The classification code decides: some codes demand an element, others allow one. Source:
docs/protocols/tax-rules.md#special-elements.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from .amounts import price_of
from .document import DIGITAL, DIGITAL_PAPER, DISCOUNT, NORMAL, in_units, totals
from .names import split_name
from .problems import Problem, Term, _

YES, NO = "Y", "N"
TEXT, FLAG, DAY, MONEY = "text", "flag", "day", "money"
AREA_UNITS = ("平方米", "㎡", "平方千米", "k㎡", "公顷", "h㎡", "亩", "米", "孔公里")
FREIGHT_VEHICLES = ("rail", "road", "water", "air", "pipe", "other")
SEATS = {
    "plane": ("business", "first", "economy"),
    "train": ("first_class", "second_class", "soft", "hard"),
    "ship": ("ship_first", "ship_second", "ship_third"),
}
PASSENGER_VEHICLES = (*SEATS, "coach", "public", "taxi", "car", "other")
ID_KINDS = ("201", "208", "210", "213", "227", "233", "237", "238", "299")  # 证件类型
PARKING = "3040502020200000000"  # 车辆停放服务: a lease with plate and times
PARKING_NAME = "车辆停放服务"
_PAPERS = ("id_kind", "id_no")
# What stands for a choice on the fapiao
WORDS = {
    YES: "是",
    NO: "否",
    "rail": "铁路运输",
    "road": "公路运输",
    "water": "水路运输",
    "air": "航空运输",
    "pipe": "管道运输",
    "other": "其他",
    "plane": "飞机",
    "train": "火车",
    "coach": "长途汽车",
    "public": "公共交通",
    "taxi": "出租车",
    "car": "汽车",
    "ship": "船舶",
    "business": "公务舱",
    "first": "头等舱",
    "economy": "经济舱",
    "first_class": "一等座",
    "second_class": "二等座",
    "soft": "软席（软座、软卧）",
    "hard": "硬席（硬座、硬卧）",
    "ship_first": "一等舱",
    "ship_second": "二等舱",
    "ship_third": "三等舱",
}
COAL = "coal"  # not an element, but a key of the line; in the list of what a cloud can issue
COAL_CODES = ("1020101000000000000", "1020102000000000000", "1020199000000000000")
COAL_KINDS = ("0100", "0201", "0202", "0203", "0204", "0300")
COAL_MOST = Decimal(10_000_000)  # above it the bureau asks for the analysis of the coal as well
_DIGITAL_FORMS = (DIGITAL, DIGITAL_PAPER)
_VIN = re.compile(r"[0-9A-HJ-NPR-Z]{17}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class Field:
    """One thing that an element says. ``label``: for people; ``printed``: the bureau's word.

    ``when``: a field that demands this one by holding one of the values, or any value where none is named.
    """

    name: str
    label: str
    printed: str
    kind: str = TEXT
    required: bool = False
    length: int = 0
    choices: tuple = ()
    when: tuple = ()

    def is_demanded(self, row):
        """Return whether ``row`` has to hold this field."""
        return self.required or bool(self.when and row.get(self.when[0]) and _is_one(row[self.when[0]], self.when[1:]))


def _is_one(value, values):
    return not values or value in values


@dataclass(frozen=True)
class Element:
    """``demands``, ``fits``: prefixes of the codes that need it, or may have it. ``repeated``: a list of rows.

    Lines: ``one_line`` without discount; ``bare`` without specification, unit, quantity and price; ``no_spec`` without
    specification and unit; ``needs``: fields of a line that it must have; ``units``: the units that it may have.
    """

    code: str
    name: str
    printed: str
    fields: tuple[Field, ...] = ()
    repeated: bool = False
    one_line: bool = False
    bare: bool = False
    no_spec: bool = False
    needs: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    plain_levy: bool = False  # no differential taxation
    demands: tuple[str, ...] = ()
    fits: tuple[str, ...] = ()

    def is_fitting(self, code):
        """Return whether a line of ``code`` may stand on a fapiao with this element."""
        return not (self.demands or self.fits) or code.startswith((*self.demands, *self.fits))


@dataclass(frozen=True)
class Terms:
    """What a cloud wants of an element beyond the bureau: further required fields, shorter ones, fewer choices."""

    required: tuple[str, ...] = ()
    lengths: dict = field(default_factory=dict)
    choices: dict = field(default_factory=dict)
    place_length: int = 0  # of province, city and district together
    unknown: tuple[str, ...] = ()  # what it has no key for


_PLACE = (
    Field("province", _("Province"), "省", required=True, length=20),
    Field("city", _("City"), "市", required=True, length=20),
    Field("district", _("District"), "区县", length=20),
)
_ACROSS = Field("cross_city", _("Across Cities"), "跨地(市)标志", FLAG, required=True, choices=(YES, NO))
_ADDRESS = Field("address", _("Street Address"), "详细地址", length=120)
_LAND_TAX = Field("land_tax_no", _("Land VAT Project Number"), "土地增值税项目编号", length=20)
_ESTATE = (
    replace(_ADDRESS, required=True),
    _ACROSS,
    Field("certificate_no", _("Title Certificate"), "房屋产权证书/不动产权证号码", required=True, length=40),
    Field("area_unit", _("Unit of Area"), "面积单位", required=True, choices=AREA_UNITS),
    _LAND_TAX,
)

TABLE = (
    Element(
        "01",
        _("Refined Oil"),
        "成品油",
        needs=("unit", "quantity", "price"),
        units=("吨", "升"),
        plain_levy=True,
        demands=tuple(f"10701010{number}" for number in range(1, 8)),
    ),
    Element("02", _("Rare Earth"), "稀土"),
    Element(
        "03",
        _("Building Services"),
        "建筑服务",
        one_line=True,
        bare=True,
        demands=("305",),
        fields=(
            *_PLACE,
            _ADDRESS,
            Field("project", _("Building Project"), "建筑项目名称", required=True, length=80),
            _ACROSS,
            Field(
                "cross_city_no",
                _("Number of the Cross-Region Report"),
                "跨区域涉税事项报验管理编号",
                length=40,
                when=("cross_city", YES),
            ),
            _LAND_TAX,
        ),
    ),
    Element(
        "04",
        _("Goods Transport"),
        "货物运输服务",
        repeated=True,
        demands=("3010102", "3010202", "3010302"),
        fits=("301",),
        fields=(
            Field("place_from", _("From"), "起运地", required=True, length=80),
            Field("place_to", _("To"), "到达地", required=True, length=80),
            Field("vehicle", _("Means of Transport"), "运输工具种类", required=True, choices=FREIGHT_VEHICLES),
            Field("plate", _("Plate"), "运输工具牌号", required=True, length=40),
            Field("goods", _("Goods Carried"), "运输货物名称", required=True, length=80),
        ),
    ),
    Element(
        "05",
        _("Sale of Real Estate"),
        "不动产销售",
        one_line=True,
        no_spec=True,
        needs=("quantity",),
        demands=("5",),
        fits=("405",),
        fields=(
            *_PLACE,
            *_ESTATE,
            Field("contract_no", _("Filed Contract or Unit Number"), "不动产单元代码/网签合同备案编码", length=28),
            Field("approved_price", _("Assessed Price"), "核定计税价格", MONEY, length=20),
            Field(
                "actual_price",
                _("Price Agreed, With Tax"),
                "实际成交含税金额",
                MONEY,
                length=20,
                when=("approved_price",),
            ),
        ),
    ),
    Element(
        "06",
        _("Lease of Real Estate"),
        "不动产经营租赁服务",
        one_line=True,
        no_spec=True,
        needs=("quantity",),
        demands=("304050202",),
        fields=(
            *_PLACE,
            *_ESTATE,
            Field("date_from", _("Leased From"), "租赁期起", DAY, required=True),
            Field("date_to", _("Leased To"), "租赁期止", DAY, required=True),
            Field("plate", _("Plate"), "车牌号", length=40),
        ),
    ),
    Element("07", _("Vehicle and Vessel Tax"), "代收车船税"),
    Element("08", _("Toll"), "通行费"),
    Element(
        "09",
        _("Passenger Transport"),
        "旅客运输服务",
        repeated=True,
        one_line=True,
        fits=("301",),
        fields=(
            Field("traveller", _("Traveller"), "出行人", required=True, length=20),
            Field("id_kind", _("Kind of Identity Paper"), "出行人证件类型", required=True, choices=ID_KINDS),
            Field("id_no", _("Number of the Paper"), "出行人证件号码", required=True, length=20),
            Field("day", _("Day of Travel"), "出行日期", DAY, required=True),
            Field("place_from", _("From"), "出发地", required=True, length=80),
            Field("place_to", _("To"), "到达地", required=True, length=80),
            Field("vehicle", _("Means of Transport"), "交通工具类型", required=True, choices=PASSENGER_VEHICLES),
            Field(
                "seat",
                _("Class"),
                "等级",
                when=("vehicle", *SEATS),
                choices=tuple(seat for seats in SEATS.values() for seat in seats),
            ),
        ),
    ),
    Element("10", _("Hospital Stay"), "医疗服务（住院）"),
    Element("11", _("Outpatient Treatment"), "医疗服务（门诊）"),
    Element("12", _("Own Farm Produce"), "自产农产品销售", plain_levy=True, fits=("101",)),
    Element(
        "13",
        _("Tractors and Combine Harvesters"),
        "拖拉机和联合收割机",
        one_line=True,
        plain_levy=True,
        fits=("109",),
        units=("辆",),
        fields=(
            Field(
                "for_register",
                _("For Registration"),
                "是否用于拖拉机和联合收割机登记",
                FLAG,
                required=True,
                choices=(YES, NO),
            ),
            Field("engine_no", _("Engine Number"), "发动机号码", length=40, when=("for_register", YES)),
            Field("chassis_no", _("Chassis Number"), "底盘号/机架号", length=30, when=("for_register", YES)),
        ),
    ),
    Element(
        "14",
        _("Motor Vehicles"),
        "机动车",
        needs=("spec", "unit", "quantity", "price"),
        demands=("1090305",),
        fits=("109",),
    ),
    Element("15", _("Used Cars"), "二手车"),
    Element("16", _("Purchase of Farm Produce"), "农产品收购", plain_levy=True, fits=("101",)),
    Element("17", _("Purchase of Photovoltaic Power"), "光伏收购"),
    Element("18", _("Cigarettes"), "卷烟", needs=("unit", "quantity", "price"), plain_levy=True, fits=("103",)),
)
ELEMENTS = {element.code: element for element in TABLE}
LABELS = {"spec": _("specification"), "unit": _("unit"), "quantity": _("quantity"), "price": _("price")}


def demanded(code):
    """Return the code of the element that a line of classification ``code`` needs, "" for none."""
    return next((one.code for one in TABLE if one.demands and (code or "").startswith(one.demands)), "")


def chosen(code, offered=()):
    """Return the element of a line of ``code``: the one it needs, else the first ``offered`` that fits, or "".

    Only an element without a code that demands it is chosen by people.
    """
    optional = (ELEMENTS[one] for one in offered if one in ELEMENTS)
    return demanded(code) or next((one.code for one in optional if one.fits and one.is_fitting(code)), "")


def as_printed(element, details):
    """Return pairs of the bureau's word and the value in words, in the order of the table; what says nothing is left
    out, and so are people's papers.
    """
    fields = [one for one in ELEMENTS[element].fields if one.name not in _PAPERS] if element in ELEMENTS else ()
    return [
        (one.printed, WORDS.get(row[one.name], row[one.name]) if one.choices else row[one.name])
        for row in details
        for one in fields
        if row.get(one.name)
    ]


# ---------------------------------------------------------------------- lines as their element has them


# Their ``details`` are the rows of the document by element, or None: then nothing is done.


def of_document(draft, details):
    """Return ``details`` as the functions below take them: only digital fapiao have special elements."""
    return details if draft.form in _DIGITAL_FORMS else None


def shaped(draft, details):
    """Return ``draft`` with each line as its element wants it: without discount line, specification and unit, or
    without all that but its amount.
    """
    if details is None:
        return draft
    units = [_shaped(unit, ELEMENTS.get(chosen(unit[0].code, details), _NONE)) for unit in in_units(draft.lines)]
    return replace(draft, lines=tuple(line for unit in units for line in unit))


_NONE = Element("", "", "")


def _shaped(unit, element):
    if not (element.one_line or element.bare or element.no_spec):
        return unit
    line = unit[0]
    if len(unit) > 1:
        # the discount goes into the price, as the fapiao has room for one line
        amount, tax, _total = totals(unit)
        price = price_of(amount, line.quantity) if line.quantity else None
        keys = tuple(dict.fromkeys(key for one in unit for key in one.keys))
        line = replace(line, kind=NORMAL, amount=amount, tax=tax, price=price, keys=keys)
    if element.bare:
        return [replace(line, spec="", unit="", quantity=None, price=None)]
    return [replace(line, spec="", unit="")] if element.no_spec else [line]


def stands_with(lines, unit, details):
    """Return whether ``unit`` (a line, or a line and its discount) may stand on one fapiao with ``lines``."""
    if details is None:
        return True
    own = chosen(unit[0].code, details)
    return own == chosen(lines[0].code, details) and not (own and ELEMENTS[own].one_line)


def is_mixed(draft, details):
    """Return whether the lines of ``draft`` need fapiao of their own for the sake of their elements."""
    units = in_units(draft.lines)
    return any(not stands_with(units[0], unit, details) for unit in units[1:])


def named(draft, details):
    """Return ``draft`` with the element of its lines and what ``details`` say of it."""
    if details is None or not draft.lines:
        return draft
    element = chosen(draft.lines[0].code, details)
    return replace(draft, element=element, details=tuple(details.get(element, ())))


# ---------------------------------------------------------------------- checks


def check_element(draft, limits):
    """Yield the problems of ``draft`` with its special element; ``limits.elements``: ``Terms`` by element of the
    account's cloud, ``None`` where that isn't known.
    """
    if draft.form not in _DIGITAL_FORMS:
        return
    element = ELEMENTS.get(draft.element, _NONE)
    if draft.element and element is _NONE:
        yield Problem(
            "element_unknown",
            _("“%(code)s” is no special element (特定要素) that the tax bureau knows."),
            _("Choose another on the document."),
            {"code": draft.element},
        )
        return
    yield from _codes(draft, element)
    yield from _coal(draft, limits)
    if element is _NONE:
        return
    if limits.elements is not None and element.code not in limits.elements:
        yield _unsupported(element.name)
        return
    yield from _lines(draft, element)
    yield from _details(draft, element, (limits.elements or {}).get(element.code, Terms()))


def _codes(draft, element):
    for line in draft.lines:
        need, values = demanded(line.code), {"name": line.name, "code": line.code}
        if need and need != element.code:
            yield Problem(
                "element_missing",
                _(
                    "“%(name)s” (%(code)s) needs a fapiao with the special element %(element)s; without it the tax"
                    " bureau refuses it (不支持开具非特定业务发票)."
                ),
                _(
                    "Fill in Special Elements of the document, and put what needs different ones on"
                    " documents of their own."
                ),
                {**values, "element": Term(ELEMENTS[need].name)},
                line.key,
            )
        elif not element.is_fitting(line.code):
            yield Problem(
                "element_unfit",
                _("The classification %(code)s of “%(name)s” doesn't go with the special element %(element)s."),
                _("Remove the special element from the document, or choose another classification on the product."),
                {**values, "element": Term(element.name)},
                line.key,
            )


def _unsupported(name):
    return Problem(
        "element_unsupported",
        _("The cloud of this account can't issue a fapiao with the special element %(element)s."),
        _("Issue it in the electronic tax bureau (电子税务局), then enter its number on the document."),
        {"element": Term(name)},
    )


def _coal(draft, limits):
    for line in draft.lines:
        values = {"name": line.name}
        if line.kind == DISCOUNT or (line.code not in COAL_CODES and not line.coal_kind):
            continue
        if line.code not in COAL_CODES:
            yield Problem(
                "coal_kind_needless",
                _("“%(name)s” names a kind of coal, but its classification is none of coal."),
                _("Remove the kind of coal from the product, or correct the classification."),
                values,
                line.key,
            )
        elif limits.elements is not None and COAL not in limits.elements:
            yield replace(_unsupported(_("Coal")), line=line.key)
        elif line.coal_kind not in COAL_KINDS:
            yield Problem(
                "coal_kind_missing",
                _("“%(name)s” is coal, and the tax bureau asks for its kind (煤炭种类)."),
                _("Choose the kind of coal on the product."),
                values,
                line.key,
            )
        elif line.amount > COAL_MOST:
            yield Problem(
                "coal_large",
                _(
                    "“%(name)s”: above ten million yuan the tax bureau asks for an analysis of the coal, which can't be"
                    " sent."
                ),
                _("Issue it in the electronic tax bureau (电子税务局), then enter its number on the document."),
                values,
                line.key,
            )


def _lines(draft, element):
    if element.one_line and len(draft.lines) > 1:
        yield Problem(
            "element_lines",
            _("A fapiao with the special element %(element)s has one line and no discount; this one has %(count)s."),
            _("Issue each line on a fapiao of its own."),
            {"element": Term(element.name), "count": len(draft.lines)},
        )
    if element.plain_levy and draft.levy in ("2", "3"):
        yield Problem(
            "element_levy",
            _("There is no differential taxation with the special element %(element)s."),
            _("Choose ordinary taxation."),
            {"element": Term(element.name)},
        )
    for line in draft.lines:
        if line.kind != DISCOUNT:
            yield from _line(line, element)


def _line(line, element):
    values = {"name": line.name, "element": Term(element.name)}
    forbidden = ("spec", "unit", "quantity", "price") if element.bare else ("spec", "unit") if element.no_spec else ()
    for name in forbidden:
        if getattr(line, name):
            yield Problem(
                "element_bare",
                _("“%(name)s” has a %(field)s, which a line with the special element %(element)s can't have."),
                _("Prepare the fapiao again."),
                {**values, "field": Term(LABELS[name])},
                line.key,
            )
    for name in element.needs:
        if not getattr(line, name):
            yield Problem(
                "element_line_lacks",
                _("“%(name)s” has no %(field)s, which a line with the special element %(element)s needs."),
                _("Complete the line, or the product."),
                {**values, "field": Term(LABELS[name])},
                line.key,
            )
    if element.units and line.unit and line.unit not in element.units:
        yield Problem(
            "element_unit",
            _("“%(name)s” is sold by “%(unit)s”; with the special element %(element)s the unit is %(units)s."),
            _("Choose that unit of measure on the line."),
            {**values, "unit": line.unit, "units": "/".join(element.units)},
            line.key,
        )
    if element.code == "14" and line.spec and not _VIN.fullmatch(line.spec):
        yield Problem(
            "element_vin",
            _("“%(name)s”: “%(spec)s” is no vehicle identification number, which has 17 digits and capitals."),
            _("Enter the number of the vehicle as Specification on Fapiao of its product."),
            {**values, "spec": line.spec},
            line.key,
        )
    if line.code == PARKING and split_name(line.name)[1] != PARKING_NAME:
        yield Problem(
            "element_parking_name",
            _("Parking and tolls are called 车辆停放服务 on a fapiao, not “%(name)s”."),
            _("Enter that as Name on Fapiao of the product."),
            values,
            line.key,
        )


def _details(draft, element, terms):
    if not element.fields:
        if draft.details:
            yield _needless(element)
        return
    if not draft.details:
        yield Problem(
            "element_empty",
            _("The fapiao needs what the tax bureau asks for with the special element %(element)s."),
            _("Fill in Special Elements of the document."),
            {"element": Term(element.name)},
        )
        return
    if len(draft.details) > 1 and not element.repeated:
        yield _needless(element)
    is_parking = element.code == "06" and any(line.code == PARKING for line in draft.lines)
    for row in draft.details:
        for one in element.fields:
            yield from _field(one, row, element, terms, is_parking)
        yield from _place(row, element, terms)
        yield from _period(row)
        yield from _seat(row)


def _needless(element):
    return Problem(
        "element_details",
        _("More is said than a fapiao with the special element %(element)s has room for."),
        _("Remove the surplus rows under Special Elements."),
        {"element": Term(element.name)},
    )


def _field(one, row, element, terms, is_parking):
    value = row.get(one.name) or ""
    values = {"element": Term(element.name), "field": Term(one.label), "value": value}
    length = min(filter(None, (one.length, terms.lengths.get(one.name, 0))), default=0)
    if not value:
        if one.is_demanded(row) or one.name in terms.required or (is_parking and one.name == "plate"):
            yield Problem(
                "element_field_missing",
                _("Special element %(element)s: “%(field)s” is missing."),
                _("Enter it under Special Elements of the document."),
                values,
            )
    elif one.name in terms.unknown:
        yield Problem(
            "element_field_unknown",
            _("Special element %(element)s: the cloud of this account has no place for “%(field)s”."),
            _("Issue without it, or through another account."),
            values,
            severity="warning",
        )
    elif length and len(value) > length:
        yield _too_long(element, one.label, len(value), length)
    elif not _is_valid(one, value, terms.choices.get(one.name, one.choices), is_parking):
        yield Problem(
            "element_field_invalid",
            _("Special element %(element)s: “%(value)s” can't be “%(field)s”."),
            _("Correct it under Special Elements of the document."),
            values,
        )


def _too_long(element, label, count, length):
    return Problem(
        "element_field_long",
        _("Special element %(element)s: “%(field)s” has %(count)s characters, %(length)s are allowed."),
        _("Shorten it under Special Elements of the document."),
        {"element": Term(element.name), "field": Term(label), "count": count, "length": length},
    )


def _is_valid(one, value, choices, is_parking):
    if choices:
        return value in choices
    if one.kind == DAY:
        return _moment(value, is_parking) is not None
    if one.kind == MONEY:
        try:
            return Decimal(value).is_finite() and 0 < Decimal(value) == round(Decimal(value), 2)
        except InvalidOperation:
            return False
    return True


def _moment(value, has_time):
    """Return ``value`` as a moment, ``None`` where it isn't written as a day, or with ``has_time`` as day and time."""
    if not (_MOMENT if has_time else _DAY).fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value) if has_time else date.fromisoformat(value)
    except ValueError:
        return None


def place(row):
    """Return province, city and district of ``row``; a municipality stands for its province once."""
    return list(dict.fromkeys(filter(None, (row.get(name) for name in ("province", "city", "district")))))


def _place(row, element, terms):
    count = len("".join(place(row)))
    if terms.place_length and count > terms.place_length:
        yield _too_long(element, _("Province, City and District"), count, terms.place_length)


def _period(row):
    start, end = row.get("date_from") or "", row.get("date_to") or ""
    # of one length: both a day, or both a day and a time
    if len(start) == len(end) and start > end:
        yield Problem(
            "element_period",
            _("The lease ends on %(end)s before it begins on %(start)s."),
            _("Correct the period under Special Elements of the document."),
            {"start": start, "end": end},
        )


def _seat(row):
    seats = SEATS.get(row.get("vehicle"), ())
    if seats and row.get("seat") and row["seat"] not in seats:
        yield Problem(
            "element_seat",
            _("The class of a journey doesn't exist in its means of transport."),
            _("Correct it under Special Elements of the document."),
        )
