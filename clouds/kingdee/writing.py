"""Values as the bill wants them: amounts with two places, measures without superfluous zeros, texts joined.

Source: docs/protocols/tax-rules.md#arithmetic, #buyer.
"""

# Amounts and measures are written alike at both clouds
from ..piaodanyun.issue import measure, money

__all__ = ["filled", "joined", "measure", "money"]


def filled(**values):
    """Return those of ``values`` that are not empty."""
    return {key: value for key, value in values.items() if value}


def joined(*parts):
    """Return the parts that say something with a space between them: name and account, address and phone."""
    return " ".join(part.strip() for part in parts if part and part.strip())
