"""States 01–10 of a red form (红字确认单), their transitions, and the deadline of 72 hours.

Source: docs/protocols/tax-rules.md#red-letter (states). No source names the transitions: :data:`STATES`
follows from the meaning of the states, and serves to log unexpected ones, not to refuse them.
"""

from dataclasses import dataclass
from datetime import timedelta, timezone

from .problems import _
from .red_document import BUYER, SELLER

NO_CONFIRMATION = "01"
WAITS_FOR_BUYER = "02"
WAITS_FOR_SELLER = "03"
CONFIRMED = "04"
BUYER_REFUSED = "05"
SELLER_REFUSED = "06"
LAPSED = "07"
WITHDRAWN = "08"
WITHDRAWN_AFTER = "09"
ABNORMAL = "10"

TIME_TO_CONFIRM = timedelta(hours=72)
# Who may withdraw a form (by state and who entered it): who confirmed last, and before that who entered it.
WITHDRAWN_BY = {
    (NO_CONFIRMATION, SELLER): SELLER,
    (WAITS_FOR_BUYER, SELLER): SELLER,
    (WAITS_FOR_SELLER, BUYER): BUYER,
    (CONFIRMED, SELLER): BUYER,
    (CONFIRMED, BUYER): SELLER,
}
_ENTERED_BY = {WAITS_FOR_BUYER: SELLER, BUYER_REFUSED: SELLER, WAITS_FOR_SELLER: BUYER, SELLER_REFUSED: BUYER}


@dataclass(frozen=True)
class State:
    """One state. ``waits_for``: who has to confirm; ``can_issue``: the red fapiao may be issued; ``next``:
    the states that may follow; ``advice``: the next step after the form has ended.
    """

    code: str
    name: str
    name_zh: str
    waits_for: str = ""
    can_issue: bool = False
    next: frozenset = frozenset()
    advice: str = ""

    @property
    def is_open(self):
        return bool(self.next)


_APPLY_ANEW = _("Nothing was reversed. Agree with the other side, then apply for a new form.")
_WITHDRAWN_ADVICE = _("Nothing was reversed. Apply for a new form if the fapiao still has to be reversed.")

STATES = {
    state.code: state
    for state in (
        State(
            NO_CONFIRMATION,
            _("No confirmation needed"),
            "无需确认",
            can_issue=True,
            # no source says which of the two follows a withdrawal without confirmation
            next=frozenset({WITHDRAWN, WITHDRAWN_AFTER, ABNORMAL}),
        ),
        State(
            WAITS_FOR_BUYER,
            _("Waits for the buyer to confirm"),
            "销方录入待购方确认",
            waits_for=BUYER,
            next=frozenset({CONFIRMED, BUYER_REFUSED, LAPSED, WITHDRAWN, ABNORMAL}),
        ),
        State(
            WAITS_FOR_SELLER,
            _("Waits for the seller to confirm"),
            "购方录入待销方确认",
            waits_for=SELLER,
            next=frozenset({CONFIRMED, SELLER_REFUSED, LAPSED, WITHDRAWN, ABNORMAL}),
        ),
        State(
            CONFIRMED,
            _("Confirmed by both"),
            "购销双方已确认",
            can_issue=True,
            next=frozenset({WITHDRAWN_AFTER, ABNORMAL}),
        ),
        State(BUYER_REFUSED, _("Refused by the buyer"), "作废(销方录入购方否认)", advice=_APPLY_ANEW),
        State(SELLER_REFUSED, _("Refused by the seller"), "作废(购方录入销方否认)", advice=_APPLY_ANEW),
        State(
            LAPSED,
            _("Lapsed after 72 hours"),
            "作废(超72小时未确认)",
            advice=_("Nothing was reversed. Remind the other side, then apply for a new form."),
        ),
        State(WITHDRAWN, _("Withdrawn"), "作废(发起方已撤销)", advice=_WITHDRAWN_ADVICE),
        State(WITHDRAWN_AFTER, _("Withdrawn after confirmation"), "作废(确认后撤销)", advice=_WITHDRAWN_ADVICE),
        State(
            ABNORMAL,
            _("Void: abnormal fapiao"),
            "作废(异常凭证)",
            advice=_("The tax bureau holds the fapiao to be abnormal. Ask the tax office before anything else."),
        ),
    )
}


def is_open(state):
    """Return whether a form in ``state`` is open. An unknown state counts as open, so that it is queried again."""
    return state not in STATES or STATES[state].is_open


def can_issue(state):
    """Return whether the red fapiao may be issued from a form in ``state``: 01 and 04 only."""
    return state in STATES and STATES[state].can_issue


def may_follow(before, after):
    """Return whether a form may change from state ``before`` to ``after``, or stay."""
    return before == after or (before in STATES and after in STATES[before].next)


def entered_by(state):
    """Return who entered a form in ``state``, as far as the state tells: SELLER, BUYER or ``""``."""
    return _ENTERED_BY.get(state, "")


def may_withdraw(side, state, entered):
    """Return whether ``side`` may withdraw a form in ``state``; ``entered``: who entered it, "" if not known."""
    return WITHDRAWN_BY.get((state, entered or entered_by(state))) == side


def state_named(text):
    """Return the state whose Chinese name is ``text`` (brackets of either width), or ``""``."""
    wanted = _bare(text)
    return next((code for code, state in STATES.items() if wanted and _bare(state.name_zh) == wanted), "")


def deadline(state, applied_at):
    """Return when a form that waits for a confirmation lapses, aware in UTC; ``None`` if it doesn't wait.

    ``applied_at`` is aware. Raises ValueError for a naive one.
    """
    if applied_at.tzinfo is None:
        raise ValueError("A naive datetime: say which time zone it is in")
    if state not in STATES or not STATES[state].waits_for:
        return None
    # in UTC, since 72 hours are independent of clock changes
    return applied_at.astimezone(timezone.utc) + TIME_TO_CONFIRM


def _bare(text):
    return "".join((text or "").replace("（", "(").replace("）", ")").split())
