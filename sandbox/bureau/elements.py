"""特定业务: which goods and services need a fapiao with a special element, and what the bureau wants of it.

A cloud names the element and hands in its rows in its own keys; each cloud has a table of them beside its calls.
"""

import re
from datetime import datetime

from ..protocol import Refused, words
from ..values import row as in_row

# Beginnings of codes, and the element without which they aren't issued
NEEDED = {
    "305": "03",
    "304050202": "06",
    "5": "05",
    "3010102": "04",
    "3010202": "04",
    "3010302": "04",
    "1090305": "14",
    **{f"1070101{digits}": "01" for digits in words("01 02 03 04 05 06 07")},
}
# Beginnings of the codes that an element may stand over
OVER = {
    "01": ("1070101",),
    "03": ("305",),
    "04": ("301",),
    "05": ("5", "405"),
    "06": ("304050202",),
    "09": ("301",),
    "12": ("101",),
    "13": ("109",),
    "14": ("109",),
    "18": ("103",),
}
SINGLE = ("03", "05", "06", "09", "13")
NOTHING = ("spec", "unit", "quantity", "price")
ABSENT = {"03": NOTHING, "05": ("spec", "unit"), "06": ("spec", "unit")}
PRESENT = {
    "01": ("unit", "quantity", "price"),
    "05": ("quantity",),
    "06": ("quantity",),
    "14": ("spec", "unit", "quantity", "price"),
    "18": ("unit", "quantity", "price"),
}
UNITS = {"01": ("吨", "升"), "13": ("辆",)}
COAL = ("1020101000000000000", "1020102000000000000", "1020199000000000000")
COAL_KINDS = words("0100 0201 0202 0203 0204 0300")
LABELS = {"spec": "规格型号", "unit": "单位", "quantity": "数量", "price": "单价"}
PARKING = "3040502020200000000"


def check_element(draft):
    """Refuses a draft whose lines don't go with its special element, or lack the one they need."""
    kind = draft.special_kind
    if not draft.is_digital:
        if kind:
            raise Refused("只有数电发票可以填写特定业务要素")
        return
    if kind and kind not in OVER:
        raise Refused(f"特定业务类型{kind}未开通")
    goods = [line for line in draft.lines if line.nature != "discount"]
    for number, line in enumerate(goods, 1):
        with in_row(number):
            _check_code(line, kind)
            _check_line(line, kind)
    if kind in SINGLE and len(draft.lines) != 1:
        raise Refused(f"特定业务类型{kind}的发票只能有一行明细")
    if draft.levy in ("2", "3") and kind in ("01", "12", "13", "16", "18"):
        raise Refused(f"特定业务类型{kind}不能差额征税")


def _check_code(line, kind):
    needed = next((each for start, each in NEEDED.items() if line.code.startswith(start)), "")
    if needed and needed != kind:
        raise Refused(f"商品编码{line.code}不支持开具非特定业务发票,应选择特定业务类型{needed}")
    if kind and not line.code.startswith(OVER[kind]):
        raise Refused(f"商品编码{line.code}与特定业务类型{kind}不符")
    if line.code in COAL and line.coal not in COAL_KINDS:
        raise Refused("煤炭类商品的煤炭种类不能为空")
    if line.coal and line.code not in COAL:
        raise Refused("非煤炭类商品不能填写煤炭种类")


def _check_line(line, kind):
    for name in ABSENT.get(kind, ()):
        if getattr(line, name) not in ("", None):
            raise Refused(f"特定业务类型{kind}不能填写{LABELS[name]}")
    for name in PRESENT.get(kind, ()):
        if getattr(line, name) in ("", None):
            raise Refused(f"特定业务类型{kind}的{LABELS[name]}不能为空")
    if kind in UNITS and line.unit and line.unit not in UNITS[kind]:
        raise Refused(f"特定业务类型{kind}的单位应为{'或'.join(UNITS[kind])}")
    if kind == "14" and not re.fullmatch(r"[0-9A-HJ-NPR-Z]{17}", line.spec):
        raise Refused("机动车的规格型号应为17位车辆识别代号")
    if line.code == PARKING and line.name.rpartition("*")[2] != "车辆停放服务":
        raise Refused("该商品编码的项目名称应为车辆停放服务")


# --- rows of an element, by a cloud's table ---
#
# A table is a text, one key a line: its name, its longest length, "!" where it is demanded or "?key=value" where
# another key demands it, and the values it may have, or "day" or "money".


def read_rows(rows, table, with_time=False):
    """Checks `rows` (a dict of texts each) against a table; unknown keys are refused by who reads them.

    `with_time`: the days are days with a time.
    """
    for number, given in enumerate(rows, 1):
        with in_row(number, "特定要素"):
            for line in filter(None, map(str.split, table.splitlines())):
                _read(given, *line, with_time=with_time)


def keys(table):
    """The keys of a table."""
    return [line.split()[0] for line in table.splitlines() if line.strip()]


def _read(given, key, limit, when="", *choices, with_time):
    value = given.get(key, "")
    if not value:
        if when == "!" or (when.startswith("?") and _holds(given, when[1:])):
            raise Refused(f"参数{key}不能为空")
        return
    if len(value) > int(limit):
        raise Refused(f"{key}长度不能超过{limit}")
    if choices == ("day",):
        _demand_day(key, value, with_time)
    elif choices == ("money",):
        if not re.fullmatch(r"\d{1,14}(\.\d\d?)?", value, re.ASCII):
            raise Refused(f"{key}不是合法的金额")
    elif choices and value not in choices:
        raise Refused(f'{key}"{value}"不合法')


def _holds(given, condition):
    name, _is, value = condition.partition("=")
    return given.get(name, "") in value.split("|") if value else bool(given.get(name))


def _demand_day(key, value, with_time):
    form = "%Y-%m-%d %H:%M" if with_time else "%Y-%m-%d"
    try:
        if datetime.strptime(value, form).strftime(form) != value:
            raise ValueError(value)
    except ValueError:
        raise Refused(f"{key}格式不正确,应为yyyy-MM-dd{' HH:mm' if with_time else ''}") from None
