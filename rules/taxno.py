"""Tax numbers (纳税人识别号): notation and validity.

Source: docs/protocols/tax-rules.md#buyer: 15–20 digits and capitals; a wrong check digit of GB 32100-2015 is
a warning, because older numbers without one are still in use.
"""

import re
import unicodedata

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

_FORMAT = re.compile(r"[0-9A-Z]{15,20}")
# Spaces, hyphens and the invisible characters that text from chats and web pages contains. PostgreSQL reads the same
# expression: what the pool compares is normalised there.
IGNORED = (
    r"[\s\u0001-\u001f\u007f-\u009f\-\u2010-\u2015\u2212\u00ad\u034f\u061c\u115f\u1160\u180b-\u180e"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]+"
)

GOOD = "good"
MISSING = "missing"
MALFORMED = "malformed"  # not 15–20 digits and capitals: the bureau refuses it
DOUBTFUL = "doubtful"  # 18 characters with a wrong check digit: a typing error, or an old number


def normalise(text):
    """Return ``text`` as a tax number is written: half-width capitals, without spaces, hyphens and the invisible."""
    text = unicodedata.normalize("NFKC", text or "").upper()
    return re.sub(IGNORED, "", text)


def judge(tax_no):
    """Return ``GOOD``, ``MISSING``, ``MALFORMED`` or ``DOUBTFUL`` for a normalised tax number."""
    if not tax_no:
        return MISSING
    if not _FORMAT.fullmatch(tax_no):
        return MALFORMED
    # Sole traders may be registered under their owner's identity number.
    if len(tax_no) == 18 and not uscc.is_valid(tax_no) and not is_identity_number(tax_no):
        return DOUBTFUL
    return GOOD


def is_identity_number(tax_no):
    """Return whether ``tax_no`` is a person's identity number (GB 11643): birth date and check digit; or one of 15
    digits as issued until 1999, which has two digits of the year and no check digit.

    Not ``ric.is_valid``: it also checks the place of birth, by a table that can't be opened inside Odoo
    (Odoo's import hook for stdnum hides the package's data) and that lacks renamed places.
    """
    if re.fullmatch(r"[1-8][0-9]{14}", tax_no):
        tax_no = f"{tax_no[:6]}19{tax_no[6:]}"
        tax_no += ric.calc_check_digit(f"{tax_no}0")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", tax_no) or tax_no[-1] != ric.calc_check_digit(tax_no):
        return False
    try:
        return bool(ric.get_birth_date(tax_no))
    except ValidationError:
        return False


def is_person(tax_no):
    """Return whether the holder of ``tax_no`` is a natural person: the number is an identity number, and no number of
    a registered taxpayer (18 characters with the check digit of GB 32100-2015) at the same time."""
    return is_identity_number(tax_no) and not uscc.is_valid(tax_no)


def is_certain(tax_no):
    """Return whether ``tax_no`` proves itself a Chinese number: 18 characters with a check digit. Numbers of other
    countries also have 15 digits (India, Saudi Arabia) or capitals and digits (Brazil with its country code)."""
    return len(tax_no) == 18 and judge(tax_no) == GOOD


def is_sole_trader(tax_no):
    """Return whether the number is that of a 个体工商户, which is no natural person (USCC type 92)."""
    return len(tax_no) == 18 and tax_no.startswith("92")
