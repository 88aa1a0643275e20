"""The keys of special elements in blueTicket [family]: flat ones beside hjje, lists as name[i][key]."""

import re

from ..bureau.elements import PARKING, keys, read_rows
from ..protocol import Refused

PLACE = """
    fwfsd 60 !
    kdsbz 1 . y Y n N
    tdzzsxmbh 20"""
ESTATE = f"""{PLACE}
    fullAddress 120
    cqzsh 40 !
    dw 1 ! 1 2 3 4 5 6 7 8 9"""
FLAT = {
    "03": f"""{PLACE}
    fullAddress 120
    jzxmmc 80 !
    kqysssxbgglbm 40 ?kdsbz=y|Y""",
    "05": f"""{ESTATE}
    wqhtbabh 28
    hdjsjg 20 . money
    sjcjhsje 20 ?hdjsjg money""",
    "06": f"""{ESTATE}
    zlrqq 16 ! day
    zlrqz 16 ! day
    cph 40""",
    "13": """
    sfyytljdj 1 . y Y n N
    fdjhm 40 ?sfyytljdj=y|Y
    dphgzbh 30 ?sfyytljdj=y|Y""",
}
ROWS = {  # each list in hwys
    "04": """
    ysgjzl 1 ! 1 2 3 4 5 6
    ysgjhp 40 !
    yshwmc 80 !
    qyd 80 !
    ddd 80 !""",
    "09": """
    cxr 20 !
    cxrq 10 ! day
    sfzjlx 3 ! 102 103 201 208 210 213 227 233 237 238 299
    sfzjhm 20 !
    jtgjlx 1 ! 1 2 3 4 5 6 7 8
    dengj 20 !
    qyd 80 !
    ddd 80 !""",
}
KINDS = ("01", "03", "04", "05", "06", "09", "12", "13", "14")
FLAT_KEYS = list(dict.fromkeys(key for table in FLAT.values() for key in keys(table)))
ROW_KEYS = {key for table in ROWS.values() for key in keys(table)}
ROW = re.compile(r"hwys\[(\d+)\]\[(\w+)\]")


def is_key(name):
    """Is it a key of a list's row?"""
    match = ROW.fullmatch(name)
    return bool(match) and match[2] in ROW_KEYS


def read(form, lines):
    """The record's texts about the element: its code, its flat keys, its rows."""
    kind = form.get("tdyslxDm", "")
    if kind and kind not in KINDS:
        raise Refused(f"特定要素类型{kind}未开通")
    flat = {key: form[key] for key in FLAT_KEYS if form.get(key)}
    rows = {}
    for name, value in form.items():
        if match := ROW.fullmatch(name):
            rows.setdefault(int(match[1]), {})[match[2]] = value
    if sorted(rows) != list(range(len(rows))):
        raise Refused("hwys下标必须从0开始连续")
    if set(flat) - set(keys(FLAT.get(kind, ""))) or (rows and kind not in ROWS):
        raise Refused(f"特定要素类型{kind}没有这些参数")
    if kind in FLAT:
        parked = any(line.code == PARKING for line in lines)
        read_rows([flat], FLAT[kind], parked)
        if parked and not flat.get("cph"):
            raise Refused("车辆停放服务的车牌号不能为空")
    if kind in ROWS:
        if not rows:
            raise Refused("参数hwys不能为空")
        read_rows(rows.values(), ROWS[kind])
    return {"special_kind": kind, "element_keys": flat, "elements": [rows[place] for place in sorted(rows)]}


def head(fapiao):
    """The flat keys as a query tells them; the days of a lease are one key there [paper]."""
    told = dict(fapiao.element_keys)
    days = [told.pop(key) for key in ("zlrqq", "zlrqz") if key in told]
    return {**told, **({"zlqqz": " ".join(days)} if days else {})}
