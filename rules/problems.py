"""A problem found by a rule: code, message and cure, marked for translation."""

from dataclasses import dataclass, field


def _(text):
    """Mark ``text`` for the translation export; the models translate it when they show it."""
    return text


# Warnings that a person accepts once: what they are about, and which of their values they depend on. All others are
# about the one sale (entered twice, amounts, what is left out), or stay true until somebody changes a setting (the
# credit line, the registered name), so they are shown each time.
PARTNER, PRODUCT = "partner", "product"
REMEMBERED = {
    "tax_no_doubtful": (PARTNER, ("number",)),
    "buyer_tax_no_absent": (PARTNER, ()),
    "person_business_name": (PARTNER, ("name",)),
    "bank_half": (PARTNER, ()),
    "rate_historic": (PRODUCT, ("rate",)),
    "zero_on_special": (PRODUCT, ()),
    "not_deductible": (PRODUCT, ()),
}


class Term(str):
    """A value of a problem that is translated with it, such as the name of a field."""


@dataclass(frozen=True)
class Problem:
    """A problem that prevents the issue of a fapiao, or a warning.

    ``message`` and ``fix`` are English templates with ``%(name)s`` placeholders filled from ``values``;
    ``line`` is the key of the :class:`~.document.Item` concerned, if any. Only a problem of severity
    ``error`` stops the request.
    """

    code: str
    message: str
    fix: str = ""
    values: dict = field(default_factory=dict)
    line: str | None = None
    severity: str = "error"

    def __str__(self):
        return " ".join(text % self.values for text in (self.message, self.fix) if text)


def errors(problems):
    """Return those of ``problems`` that stop a request."""
    return [problem for problem in problems if problem.severity == "error"]
