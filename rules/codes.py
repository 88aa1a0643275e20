"""Tax classification codes (税收分类编码) and fapiao numbers.

Source: docs/protocols/tax-rules.md#types-and-numbers, #lines.
"""

import re
import unicodedata

# --- Tax classification (税收分类编码): 篇 1 digit, then 类 章 节 条 款 项 目 子目 细目 of 2 digits each.

GOODS, LABOUR, SERVICE = "goods", "labour", "service"
INTANGIBLE, REAL_ESTATE, NOT_TAXED = "intangible", "real_estate", "not_taxed"
KINDS = {"1": GOODS, "2": LABOUR, "3": SERVICE, "4": INTANGIBLE, "5": REAL_ESTATE, "6": NOT_TAXED}

_CODE = re.compile(r"[1-6][0-9]{18}")
# What is not taxed and collected together with what is: water resource tax, civil aviation fund
_COLLECTED_ALONG = ("611", "613")


def is_code(code):
    """Return whether ``code`` has the form of a tax classification code: 19 digits, the first 1 to 6."""
    return bool(_CODE.fullmatch(code or ""))


def kind(code):
    """Return the kind of goods or service of ``code``, one of :data:`KINDS`' values, or ``""``."""
    return KINDS.get((code or "")[:1], "") if is_code(code) else ""


def is_collected_along(code):
    """Return whether ``code`` is of something not taxed that may stand beside taxed lines: water resource tax (611),
    civil aviation fund (613)."""
    return is_code(code) and code.startswith(_COLLECTED_ALONG)


def prefix(code):
    """Return the significant part of ``code``: the levels before the trailing ``00`` pairs.

    The descendants of a code are those that begin with its prefix.
    """
    end = 19
    while end > 1 and code[end - 2 : end] == "00":
        end -= 2
    return code[:end]


def is_summary(code, summaries=frozenset()):
    """Return whether ``code`` is a summary item (汇总项), which is not allowed on a fapiao.

    ``summaries`` are the known summary codes of the table. Trailing zeros alone are no proof: 1060301020100000000
    is a leaf. Only a part (篇), or a class (类) of goods, is always a summary, since each has chapters below it.
    """
    if code in summaries:
        return True
    return len(prefix(code)) <= (3 if kind(code) == GOODS else 1)


# --- Numbers. Digital: 20 digits, year of issue in the first two. Of before: a code (发票代码) of 10 or 12 digits and a
# number of 8; here both together are the number, as in what is received. A digital fapiao on paper has all three.

_NUMBER = re.compile(r"[0-9]{20}")
_CODE_OF_FAPIAO = re.compile(r"[0-9]{10}(?:[0-9]{2})?")
_SHORT_NUMBER = re.compile(r"[0-9]{8}")


def is_number(number):
    """Return whether ``number`` has the form of a digital fapiao's number."""
    return bool(_NUMBER.fullmatch(number or ""))


def is_fapiao_code(code):
    """Return whether ``code`` has the form of a fapiao code (发票代码)."""
    return bool(_CODE_OF_FAPIAO.fullmatch(code or ""))


def is_short_number(number):
    """Return whether ``number`` has the form of the number that goes with a fapiao code."""
    return bool(_SHORT_NUMBER.fullmatch(number or ""))


def with_code(code, number):
    """Return what a fapiao with a code is known by: code and number together, "" unless both have their form."""
    return code + number if is_fapiao_code(code) and is_short_number(number) else ""


def parted(number, code):
    """Return ``(code, number)`` of a fapiao known by ``number``; ``("", number)`` where ``code`` isn't its own."""
    bare = number.removeprefix(code) if is_fapiao_code(code) else ""
    return (code, bare) if is_short_number(bare) else ("", number)


# Day of travel and number of a paper train ticket: docs/protocols/kingdee-inbound.md#identity
_TICKET_NUMBER = re.compile(r"(?:19|20)[0-9]{6}[0-9A-Z]{4,}")
_DAY = re.compile(r"(?:19|20)[0-9]{6}")
_WORD = re.compile(r"[0-9A-Z]+(?:-[0-9A-Z]+)*")
_LONG_NUMBER = re.compile(r"(?<![0-9])[0-9]{18,20}(?![0-9])")
_SHORTEST = 8


def numbers_in(text):
    """Return the set of words of a reference that may be the number of a fapiao or ticket, as the pool has it.

    Signs within a word are left out (781-2345678901). A code is put before the number that follows it, a day of travel
    before that of its ticket.
    """
    text = unicodedata.normalize("NFKC", text).upper()
    words = [word.replace("-", "") for word in _WORD.findall(text)]
    found = {word for word in words if len(word) >= _SHORTEST and word.isdecimal() or _TICKET_NUMBER.fullmatch(word)}
    found.update(_LONG_NUMBER.findall(text))
    for first, second in zip(words, words[1:], strict=False):
        found.add(with_code(first, second))
        if _DAY.fullmatch(first) and _TICKET_NUMBER.fullmatch(first + second):
            found.add(first + second)
    return found - {""}


def following(number, steps):
    """Return the short number that many ``steps`` after ``number``, "" where the digits don't suffice."""
    text = str(int(number) + steps).zfill(8) if is_short_number(number) else ""
    return text if is_short_number(text) else ""
