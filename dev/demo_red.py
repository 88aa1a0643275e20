"""The red letter in the demo: one fapiao reversed in full, one reduced by a partial credit note."""

from .client import Client
from .say import Failure


def reverse(client: Client, invoice: int) -> dict:
    """Click *Red-flush* on an invoice with the credit note ticked; return the finished red form."""
    dialog = _open(client, invoice)
    client.call("fapiao.red.flush", "write", [dialog], {"make_credit_note": True})
    return _finish(client, dialog)


def credit_in_part(client: Client, invoice: int) -> dict:
    """Post a credit note over half of the invoice's first line and reverse from it; return the red form.

    The sandbox reverses in full only, so the rest of the invoice gets a new fapiao in the same go.
    """
    note = _credit_note(client, invoice)
    first, *others = client.read("account.move", [note], ["invoice_line_ids"])[0]["invoice_line_ids"]
    price = client.read("account.move.line", [first], ["price_unit"])[0]["price_unit"]
    changes = [[1, first, {"price_unit": price / 2}], *([2, other, 0] for other in others)]
    client.call("account.move", "write", [note], {"invoice_line_ids": changes})
    client.call("account.move", "action_post", [note])
    return _finish(client, _open(client, note))


def _credit_note(client: Client, invoice: int) -> int:
    """Return the draft that core's *Credit Note* button makes of an invoice."""
    context = {**client.context, "active_model": "account.move", "active_ids": [invoice]}
    journal = client.read("account.move", [invoice], ["journal_id"])[0]["journal_id"][0]
    wizard = client.call("account.move.reversal", "create", {"journal_id": journal}, context=context)
    return client.call("account.move.reversal", "refund_moves", [wizard], context=context)["res_id"]


def _open(client: Client, document: int) -> int:
    """Open the dialog of a document and return its id; the bureau must have allowed the reversal."""
    action = client.call("account.move", "action_fapiao_red", [document])
    dialog = client.read("fapiao.red.flush", [action["res_id"]], ["answer", "can_apply", "error_text"])[0]
    if dialog["answer"] != "allowed" or not dialog["can_apply"]:
        raise Failure(f"the reversal was not offered: {dialog}")
    return dialog["id"]


def _finish(client: Client, dialog: int) -> dict:
    """Click *Reverse* and return the red form once the red fapiao and what follows it are there."""
    action = client.call("fapiao.red.flush", "action_apply", [dialog])
    forms = action["params"]["request_ids"]
    client.wait_for("fapiao.red.form", forms, "stage", {"issued"})
    client.wait_for("fapiao.red.form", forms, "follow_up", {"done"})
    facts = ["number", "fapiao_id", "red_fapiao_id", "rest_request_ids"]
    form = client.read("fapiao.red.form", forms, facts)[0]
    client.wait_for("fapiao.request", form["rest_request_ids"], "state", {"issued"})
    return form


def say(client: Client, form: dict) -> None:
    """Print what a reversal has led to."""
    blue, red = (
        client.read("fapiao", [form[name][0]], ["number", "amount_total", "status", "move_ids"])[0]
        for name in ("fapiao_id", "red_fapiao_id")
    )
    print(
        f"Red form {form['number']}: fapiao {blue['number']} over {blue['amount_total']:,.2f} is reversed by"
    )
    print(f"    red fapiao {red['number']} over {red['amount_total']:,.2f}", end="")
    if rest := form["rest_request_ids"]:
        fapiao = client.read("fapiao.request", rest, ["fapiao_ids"])[0]["fapiao_ids"]
        new = client.read("fapiao", fapiao, ["number", "amount_total"])[0]
        print(f"; the rest of the invoice has fapiao {new['number']} over {new['amount_total']:,.2f}.")
    else:
        notes = [
            row["name"]
            for row in client.read("account.move", red["move_ids"], ["name", "move_type"])
            if row["move_type"] == "out_refund"
        ]
        print(f"; credit note {', '.join(notes)} was posted with it.")
