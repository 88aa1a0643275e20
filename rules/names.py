"""Texts on a fapiao: allowed characters, lengths, composition of item names.

Source: docs/protocols/tax-rules.md#lines (``*简称*name``), #lengths.
"""

import re
import unicodedata

from .problems import Problem, _

_STARRED = re.compile(r"\*([^*]+)\*(.+)")
# Private-use, unassigned and surrogate characters can't be printed; zero-width characters in pasted text make
# equal names differ.
_DROPPED = {"Cf", "Cs", "Co", "Cn"}
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
# What a PDF hands out in place of a Chinese character of the same shape: Kangxi radicals and compatibility ideographs,
# which Unicode decomposes, and radicals of the supplement, for most of which it does not.
_LOOK_ALIKES = (range(0x2E80, 0x2FD6), range(0xF900, 0xFB00), range(0x2F800, 0x2FA20))
_RADICALS = str.maketrans(
    "⺁⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰",
    "厂民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿龙",
)


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

    A name that begins with ``*short*`` keeps its own. Stars inside a name ("cable 2*1.5") stay, since only
    the first pair is read; single ones at its start are removed.
    """
    own_short, rest = split_name(clean(name))
    short = own_short or clean((short_name or "").replace("*", " "))
    rest = rest.lstrip("* ")
    if not rest:
        return ""
    return f"*{short}*{rest}" if short else rest


def fit(text, length, warning, line=None):
    """Return ``(text, problems)``: ``text`` cleaned and cut to ``length`` characters, with a warning if cut.

    ``warning`` is the template of the warning, marked for translation, with placeholders for ``text`` and
    ``length``.
    """
    text = clean(text)
    if len(text) <= length:
        return text, []
    values = {"text": text, "length": length}
    fix = _("Shorten it if the end matters.")
    return text[:length].rstrip(), [Problem("text_cut", warning, fix, values, line, "warning")]
