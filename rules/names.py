"""Texts on a fapiao: allowed characters, lengths, composition of item names.

Source: docs/protocols/tax-rules.md#lines (``*简称*name``), #lengths.
"""

import re
import unicodedata

from . import taxno

_STARRED = re.compile(r"\*([^*]+)\*(.+)")
# Private-use, unassigned and surrogate characters can't be printed; zero-width characters in pasted text make
# equal names differ.
_DROPPED = {"Cf", "Cs", "Co", "Cn"}
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
# What a PDF hands out in place of a Chinese character of the same shape: Kangxi radicals and compatibility ideographs,
# which Unicode decomposes, and radicals of the supplement, for most of which it does not.
_LOOK_ALIKES = (range(0x2E80, 0x2FD6), range(0xF900, 0xFB00), range(0x2F800, 0x2FA20))
RADICALS = (
    "⺁⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰",
    "厂民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿龙",
)
_RADICALS = str.maketrans(*RADICALS)
# The bureau prints it behind the name of a natural person. PostgreSQL reads the same expression.
PERSON_SUFFIX = r"(?<=.)\((?:个人|自然人)\)$"
_PERSON = re.compile(r"个人|自然人|.*\((个人|自然人)\)|.+(先生|女士|小姐)")
_PHONE = re.compile(r"(\+?86)?(1[3-9][0-9]{9}|0[0-9]{9,11}|[2-9][0-9]{6,7})")

# Names of natural persons don't contain these words; a 个体工商户 is a business, not a person.
_BUSINESS_WORDS = (
    "公司", "个体", "工商户", "经营部", "商行", "合作社", "事务所", "工作室", "门市", "集团", "工厂",
    "学校", "医院", "委员会", "银行", "中心", "协会", "Ltd", "LTD", "Inc", "GmbH",
)  # fmt: skip


def clean(text):
    """Return ``text`` on one line, without control characters, emoji and invisible characters.

    Rare Chinese characters beyond the basic plane stay, since names contain them; full-width brackets and circled
    digits, too. Radicals and compatibility ideographs become the characters they look like.
    """
    kept = "".join(_clean_character(character) for character in (text or "").translate(_RADICALS))
    return " ".join(kept.split())


def _clean_character(character):
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    point = ord(character)
    pictograph = point > 0xFFFF and category in ("So", "Sk")
    if category in _DROPPED or pictograph or point in _VARIATION_SELECTORS:
        return ""
    if any(point in block for block in _LOOK_ALIKES):
        return unicodedata.normalize("NFKC", character)
    return character


def name_key(name):
    """Return the ``name`` of a party as it is compared with another: as a tax number is normalised, radicals as
    characters, without the （个人） that the bureau prints behind the name of a person, or the （自然人） people write.
    """
    return re.sub(PERSON_SUFFIX, "", taxno.normalise((name or "").translate(_RADICALS)))


def is_business(name):
    """Return whether ``name`` has a word of a business."""
    return any(word in name for word in _BUSINESS_WORDS)


def is_personal(name, tax_no):
    """Return whether a fapiao over these buyer's data is made out to a person instead of a company: by an identity
    number, or, without tax number, by a name such as 个人, 张三（个人）, 自然人 李四, or a phone number."""
    number, title = taxno.normalise(tax_no), taxno.normalise((name or "").translate(_RADICALS))
    if number:
        return taxno.is_person(number)
    if taxno.is_person(title) or _PHONE.fullmatch(re.sub("[()]", "", title)):
        return True
    return bool(_PERSON.match(title)) and not is_business(name or "")


def split_name(name):
    """Return ``(short name, rest)`` of a name of the form ``*short*rest``; without stars the short name is
    "".
    """
    match = _STARRED.fullmatch(name)
    return (match[1].strip(), match[2].strip()) if match else ("", name)


def item_name(name):
    """Return the item's own name, which stands behind the second star; later stars are part of it."""
    return split_name(name.strip())[1].strip()


def compose(name, short_name=""):
    """Return ``*short*name`` from an item's own name and the short name of its tax classification.

    ``short_name`` is that of the present table: a name that begins with another ``*short*`` loses it, and keeps it
    only where the table has none. Stars inside a name ("cable 2*1.5") stay, since only the first pair is read; single
    ones at its start are removed.
    """
    own_short, rest = split_name(clean(name))
    short = clean((short_name or "").replace("*", " ")) or own_short
    rest = rest.lstrip("* ")
    if not rest:
        return ""
    return f"*{short}*{rest}" if short else rest
