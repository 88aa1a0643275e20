"""What goes wrong at the clouds, and what people do in the bureau's own portal."""

from dataclasses import dataclass

from hypothesis import strategies as st

from odoo.addons.l10n_cn_invoice_cloud.sandbox import defaults
from odoo.addons.l10n_cn_invoice_cloud.sandbox.protocol import Refused

CALLS = {
    "piaodanyun": {
        "issue": "blueTicket",
        "ask": "invoiceQueryMx",
        "apply": "hzxxbsq",
        "issue red": "hzfpkj",
    },
    "kingdee": {
        "issue": "BILL.PUSH",
        "ask": "BILL.INVOICE.QUERY",
        "apply": "REDCONFIRMBILL.APPLY",
        "issue red": "ALLE.INVOICE.RED",
    },
}
# The deed is done, and its answer is lost or says nothing
LOST = ("drop_after", "cut_after", "http_500_after", "half_json_after", "empty_after", "html_after")
VAGUE = ("maybe_issued_after", "gateway_504_after", "no_number_after")
# Nothing has happened
IDLE = ("drop_before", "http_500_before", "rate_limited_before", "refused_before", "expired_token_before")
PEOPLE = ("session_lost_before", "face_due_before")
LATER = ("issuing_before",)
LATE = 600  # seconds until a lost call comes after all; the bureau has half an hour for it
# Said of a deed that is done, by what a truthful cloud means with such a text
SAID = ("open", "open", "unknown", "unknown", "issued", "login", "face", "throttled", "refused")


@dataclass(frozen=True)
class Fault:
    target: str
    kind: str
    times: int = 1
    text_class: str = ""
    seed: int = 0

    def lies_for_good(self, rules):
        """Tell whether nothing the product could ask gives it away in time: the cloud says that there is nothing
        of what it has; or it says that nothing was done, and shows only later that it was."""
        if self.kind == "not_found_before":
            return True
        if not rules.show_after:
            return False
        return self.text_class == "refused" or (
            self.text_class in ("login", "face", "throttled") and not rules.deduplicate
        )


def _faults(targets):
    """Return what may go wrong with an order, blue or red."""
    return st.one_of(
        st.builds(Fault, targets, st.sampled_from((*LOST, *VAGUE)), st.integers(1, 2)),
        st.builds(Fault, targets, st.sampled_from((*IDLE, *PEOPLE, *LATER))),
        st.builds(
            Fault,
            targets,
            st.just("misleading_after"),
            st.integers(1, 2),
            st.sampled_from(SAID),
            st.integers(0, 30),
        ),
        st.builds(Fault, targets, st.sampled_from(("late", "repeat", "wrong_number"))),
    )


ISSUE_FAULTS = _faults(st.just("issue"))
RED_FAULTS = _faults(st.sampled_from(("apply", "issue red")))
ASK_FAULTS = st.builds(
    Fault,
    st.just("ask"),
    st.sampled_from((*LOST, *IDLE, *PEOPLE, "wrong_number", "not_found_before")),
    st.integers(1, 2),
)


def plan(world, provider, fault):
    params = {"text_class": fault.text_class} if fault.text_class else {}
    if fault.kind == "late":
        params["seconds"] = LATE
    return world.faults.add(CALLS[provider][fault.target], fault.kind, times=fault.times, seed=fault.seed, **params)


def log_in(world):
    world.set_session(defaults.TAX_NO, "active")
    world.set_face(defaults.TAX_NO, False)


def tell_the_truth(world):
    """Faults off, everybody logged in, orders shown at once."""
    world.faults.clear()
    log_in(world)
    world.set(show_after=0)


def let_people_finish(world):
    """Whoever has something to do at the cloud or the bureau does it."""
    with world.acting():
        for bill in list(world.bills.values()):
            if bill.state in ("waiting", "partial", "failed"):
                _try(world.issue_bill, bill.number)
        for form in list(world.red_forms.values()):
            if form.state in ("02", "03"):
                _try(world.act_red_form, form.number, "confirm")


def needs_log_in(world):
    user = world.user(defaults.TAX_NO)
    return user.session != "active" or user.face_due


def possible(world):
    """Return ``[(action, thing)]``: what can be done in the portal now."""
    blue = [number for number, one in world.fapiao.items() if not one.red and not one.reversed_by]
    forms = [number for number, form in world.red_forms.items() if form.state in ("02", "03")]
    bills = [bill.number for bill in world.bills.values() if bill.state in ("waiting", "issuing", "failed")]
    return [
        (action, thing)
        for actions, things in (
            (("reverse", "book"), blue),
            (("confirm", "refuse"), forms),
            (("issue bill", "return bill", "fail bill"), bills),
        )
        for action in actions
        for thing in things
    ]


def at_portal(world, choice):
    """Let somebody do something in the portal; return what, or ''."""
    with world.acting():
        if not (deeds := possible(world)):
            return ""
        action, thing = deeds[choice % len(deeds)]
        return action if _try(_DEEDS[action], world, thing) else ""


_DEEDS = {
    "reverse": lambda world, number: world.reverse_elsewhere(number),
    "book": lambda world, number: world.set_use(number, booked="01"),
    "confirm": lambda world, number: world.act_red_form(number, "confirm"),
    "refuse": lambda world, number: world.act_red_form(number, "refuse"),
    "issue bill": lambda world, number: world.issue_bill(number),
    "return bill": lambda world, number: world.return_bill(number),
    "fail bill": lambda world, number: world.fail_bill(number),
}


def _try(deed, *args):
    try:
        deed(*args)
    except Refused:
        return False
    return True
