"""Is this a tax classification code one may issue on? (税收分类编码, 19 digits)

The tree is 篇(1) 类(2) 章(2) 节(2) 条(2) 款(2) 项(2) 目(2) 子目(2) 细目(2). Whether a node
is a summary item stands only in the bureau's own table; zeros alone don't tell (3070401 餐饮
and 30799 其他生活服务 are leaves with 12 and 14 zeros). So: a code that stops at 篇 or 类 is a
summary, and below that a short list of well-known ones. Chapter 6 (不征税) has leaves at 类.
"""

import re

from ..protocol import words

SUMMARY = {
    code.ljust(19, "0")
    for code in words("""
    10101 1010101 10201 10301 10302 10501 10601 10602 10603 1060301 106030102 10701 10901 30101 30102 30103 30401
    30402 3040201 30403 30404 30405 3040502 30406 30407 30408 30601 30602 30701 30702 30703 30704""")
}


def problem(code):
    if not re.fullmatch(r"\d{19}", code or ""):
        return "商品编码必须为19位数字"
    stops_early = not code.startswith("6") and code.endswith("0" * 16)
    if stops_early or code in SUMMARY or code.endswith("0" * 18):
        return f"商品编码{code}为汇总项,不能用于开票"
    return None


def kinds(codes):
    """Which of goods (1), labour (2) and services (3) occur."""
    return {{"1": "goods", "2": "labour", "3": "service"}.get(code[:1], "other") for code in codes}
