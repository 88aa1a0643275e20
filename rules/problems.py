"""How a rule says what is wrong: a code, plain words and the cure, ready to be translated."""

from dataclasses import dataclass, field


def _(text):
    """Mark ``text`` for the translation export; the rooms above translate it when they show it."""
    return text


@dataclass(frozen=True)
class Problem:
    """One thing that keeps a fapiao from being issued, or that a person should look at.

    ``message`` and ``fix`` are English templates with ``%(name)s`` places filled from ``values``;
    ``line`` is the key of the :class:`~.document.Item` it is about, if it is about one.
    Only a problem of severity ``error`` stops the request.
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
