"""Progress dialog of reversals: one row for each, with its steps."""

from odoo.tools import format_amount

from ..cloud.fapiao_task_mixin import OPEN_STATES


def progress_of(form):
    """Return the row of ``form``, as ``fapiao.request._progress`` does for a request."""
    requests = form.request_ids.sorted("id")[-1:] | form.rest_request_ids
    messages = [form.follow_up_text, *requests.mapped("error_message"), form.advice]
    working = [record for record in [form, *requests] if record.state in OPEN_STATES]
    return {
        "id": form.id,
        "document": ", ".join(document.name for document in form._documents()) or form.fapiao_id.number,
        "buyer": form.fapiao_id.buyer_name or "",
        "amount": format_amount(form.env, form.amount_total, form.currency_id),
        "state": _state(form),
        "label": form._label_of("stage"),
        "numbers": (form.red_fapiao_id | form.rest_request_ids.fapiao_ids).mapped("number"),
        "message": next(filter(None, messages), ""),
        "fix": "",
        "cloud": "",
        "steps": _steps(form),
        "settled": all(record.state not in ("queued", "sending") for record in working) and form.follow_up != "todo",
        "working": bool(working) or form.stage == "waiting" or form.follow_up == "todo",
    }


def _state(form):
    """Return the state that determines colour and buttons of the reversal in the dialog."""
    rest_states = form.rest_request_ids.mapped("state")
    if "waiting_login" in (form.state, *form.request_ids.mapped("state"), *rest_states):
        return "waiting_login"
    if form.follow_up == "failed":
        return "manual"
    if form.stage == "issued":
        done = "queued" if form.follow_up == "todo" else "issued"
        return next((state for state in rest_states if state != "issued"), done)
    states = {"waiting": "pending", "manual": "manual", "ready": "rejected"}
    return states.get(form.stage, "queued" if form.is_open else "rejected")


def _steps(form):
    """Return ``[{"label", "state"}]``, the steps of a reversal: done, now, failed or later."""
    env, stage = form.env, form.stage
    failed = "failed" if stage in ("failed", "withdrawn", "manual") else "now"
    steps = [(env._("Red form %s", form.number or ""), "done" if form.number else failed)]
    if stage in ("waiting", "refused", "lapsed") or form.bureau_state == "04":
        state = {"waiting": "now", "refused": "failed", "lapsed": "failed"}.get(stage, "done")
        steps.append((env._("Confirmation by the other side"), state))
    failed = "failed" if stage in ("ready", "manual") and form.request_ids else "later"
    state = "now" if stage in ("issuing", "confirmed") else failed
    steps.append((env._("Red fapiao %s", form.red_fapiao_id.number or ""), "done" if form.red_fapiao_id else state))
    if form.make_credit_note:
        failed = "failed" if form.follow_up == "failed" else "later"
        steps.append((env._("Credit note %s", form.credit_id.name or ""), "done" if form.credit_id else failed))
    if form.reissue:
        numbers = ", ".join(form.rest_request_ids.fapiao_ids.mapped("number"))
        steps.append((env._("New fapiao for the rest %s", numbers), _rest_step(form)))
    return [{"label": label.strip(), "state": state} for label, state in steps]


def _rest_step(form):
    if form.follow_up == "failed":
        return "failed"
    states = set(form.rest_request_ids.mapped("state"))
    if form.follow_up == "done" and not states:
        return "done"  # issued together with another one
    if states and states <= {"issued"}:
        return "done"
    if states & {"rejected", "manual", "withdrawn"}:
        return "failed"
    return "now" if states or form.follow_up == "todo" else "later"
