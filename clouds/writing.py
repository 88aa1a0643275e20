"""Values as the clouds want them: amounts with two places, measures without superfluous zeros, texts joined.

Source: docs/protocols/tax-rules.md#arithmetic, #buyer.
"""

import base64
import hashlib
import re

_UID = re.compile(r"[0-9A-Za-z_-]{1,40}")

_READABLE = re.compile(r"[0-9A-Za-z]")
_UID_LENGTH = 40
_OWN_LENGTH = 24
_BARE_LENGTH = 20  # of the digest where it stands alone
_DIGEST_LENGTH = 8  # beside a document's number, at least


def serial_of(request_uid):
    """Return ``request_uid`` where it can be an order's number at the cloud; else ValueError."""
    if not _UID.fullmatch(request_uid or ""):
        raise ValueError(f"{request_uid!r} can't be an order's number: 1 to 40 of 0-9 A-Z a-z _ -")
    return request_uid


def uid_of(tax_no, seed, document=""):
    """Return the order number "tax number_own part", at most 40 characters: a function of its arguments.

    ``seed``: a text for what the order stands for; another seed is another number. ``document``: the number of the
    business document, by which people find the order at the cloud. Its last letters and digits stand in front of the
    digest as far as there is room; the digest keeps 40 bits, which tell orders of one document apart.
    """
    room = min(_UID_LENGTH - 1 - len(tax_no), _OWN_LENGTH)
    digest = base64.b32encode(hashlib.sha256(seed.encode()).digest()).decode().lower()
    readable = "".join(_READABLE.findall(document))[-(room - _DIGEST_LENGTH - 1) :]
    if not readable:
        return f"{tax_no}_{digest[: min(room, _BARE_LENGTH)]}"
    return f"{tax_no}_{readable}-{digest[: room - len(readable) - 1]}"


def plain(number):
    """Return a Decimal without exponent and superfluous zeros, exactly; ValueError if not finite."""
    if not number.is_finite():
        raise ValueError(f"{number} is no number")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def money(number):
    """Return an amount in yuan with exactly two places; ValueError where that would lose a fraction."""
    whole, _dot, fraction = plain(number).partition(".")
    if len(fraction) > 2:
        raise ValueError(f"{number} has a fraction of a fen")
    return f"{whole}.{fraction:0<2}"


def measure(number):
    """Return a price or quantity with up to 13 places, "" for None; ValueError beyond."""
    text = "" if number is None else plain(number)
    if len(text.partition(".")[2]) > 13:
        raise ValueError(f"{number} has more than 13 decimals")
    return text


def filled(**values):
    """Return those of ``values`` that are not empty."""
    return {key: value for key, value in values.items() if value}


def joined(*parts):
    """Return the parts that say something with a space between them: name and account, address and phone."""
    return " ".join(part.strip() for part in parts if part and part.strip())
