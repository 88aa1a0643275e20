"""The addon's main job from end to end, through a running server: what `make demo` shows.

Started in the virtual environment as `python -m dev.demo FILE`, where FILE describes the
server (see dev.servers.Server). Every claim that is printed has been checked against the
sandbox cloud's own records before.
"""

import io
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

from . import demo_assistant, demo_inbound, demo_kingdee, demo_red
from .client import Client, Sandbox
from .say import Failure
from .servers import Server

_ADDON = "l10n_cn_invoice_cloud"
_READY = ("invoice_buyer", "invoice_retailer", "invoice_person")
_FACTS = ["number", "amount_untaxed", "amount_tax", "amount_total", "files_state", "status", "move_ids"]


def main(server: Server) -> int:
    """Run the job on *server* and return the exit code."""
    client, sandbox = Client(server), Sandbox(server.sandbox_url)
    account = _connect(client)
    before = _credit(client, account)
    invoices = _invoices(client)
    _issue_one(client, invoices[0])
    _issue_batch(client, invoices[1:-1])
    _issue_with_lost_answer(client, sandbox, invoices[-1])
    _refuse(client)
    rows = _wait_for_files(client, invoices)
    _check_against_cloud(sandbox, rows)
    archive = _download(client, invoices, rows)
    reversals = [demo_red.reverse(client, invoices[0]), demo_red.credit_in_part(client, invoices[1])]
    everything = _all_fapiao(client, account)
    _check_against_cloud(sandbox, everything)
    after = _credit(client, account)
    _check_credit(before, after, everything)
    _print(client, rows, archive)
    for form in reversals:
        demo_red.say(client, form)
    print(f"Credit line: {before:,.2f} before, {after:,.2f} after.")
    demo_kingdee.run(client, sandbox)
    demo_inbound.run(client, sandbox)
    demo_assistant.run(client, server.sandbox_url)
    return 0


def _connect(client: Client) -> int:
    """Point the demo account at the sandbox, test it, and return its id."""
    account = client.join_sandbox()
    client.call("fapiao.account", "action_test_connection", [account])
    return account


def _credit(client: Client, account: int) -> Decimal:
    """Return the credit line that is left, freshly asked."""
    client.call("fapiao.account", "action_refresh_credit", [account])
    return _money(client.read("fapiao.account", [account], ["credit_left"])[0]["credit_left"])


def _invoices(client: Client) -> list:
    """Return the demo's posted invoices and one more, made and posted here."""
    ids = [client.ref(f"{_ADDON}.{name}") for name in _READY]
    copied = client.call("account.move", "copy", [ids[0]])
    another = copied[0] if isinstance(copied, list) else copied
    # the very same sale would be asked about first
    line = client.read("account.move", [another], ["invoice_line_ids"])[0]["invoice_line_ids"][0]
    client.call("account.move", "write", [another], {"invoice_line_ids": [[1, line, {"quantity": 11}]]})
    client.call("account.move", "action_post", [another])
    return [*ids, another]


def _issue_one(client: Client, invoice: int) -> None:
    """Click *Issue*: the number must be there when the click returns."""
    client.call("account.move", "action_fapiao_issue", [invoice])
    state = client.read("account.move", [invoice], ["fapiao_state", "fapiao_numbers"])[0]
    if state["fapiao_state"] != "issued":
        raise Failure(f"the click did not bring the number: {state}")


def _issue_batch(client: Client, invoices: list) -> None:
    client.call("account.move", "action_fapiao_issue", invoices)
    client.wait_for("account.move", invoices, "fapiao_state", {"issued"})


def _issue_with_lost_answer(client: Client, sandbox: Sandbox, invoice: int) -> None:
    """The cloud issues and its answer is lost: the fapiao must be found again, not issued again."""
    sandbox.do("faults", call="blueTicket", kind="drop_after", times=1)
    client.call("account.move", "action_fapiao_issue", [invoice])
    client.wait_for("account.move", [invoice], "fapiao_state", {"pending", "issued"})
    client.wait_for("account.move", [invoice], "fapiao_state", {"issued"})


def _refuse(client: Client) -> None:
    """An invoice whose buyer has no tax number must open the dialog and send nothing."""
    invoice = client.ref(f"{_ADDON}.invoice_without_tax_no")
    action = client.call("account.move", "action_fapiao_issue", [invoice])
    requests = client.read("account.move", [invoice], ["fapiao_request_ids"])[0]["fapiao_request_ids"]
    if action.get("res_model") != "fapiao.issue" or requests:
        raise Failure("an invoice without the buyer's tax number was not held back")


def _wait_for_files(client: Client, invoices: list) -> list:
    """Return the fapiao of *invoices*, in their order, once PDF, OFD and XML are there."""
    found = [row["fapiao_ids"] for row in client.read("account.move", invoices, ["fapiao_ids"])]
    if any(len(ids) != 1 for ids in found):
        raise Failure(f"not exactly one fapiao an invoice: {found}")
    ids = [ids[0] for ids in found]
    client.wait_for("fapiao", ids, "files_state", {"done"})
    return client.read("fapiao", ids, _FACTS)


def _check_against_cloud(sandbox: Sandbox, rows: list) -> None:
    """What Odoo shows is what the cloud issued, to the fen, and each request issued once."""
    issued = {item["number"]: item for item in sandbox.look("fapiao")}
    if set(issued) != {row["number"] for row in rows}:
        raise Failure(f"the cloud issued {sorted(issued)}, Odoo shows {[row['number'] for row in rows]}")
    for row in rows:
        theirs = issued[row["number"]]
        ours = [_money(row[name]) for name in ("amount_untaxed", "amount_tax", "amount_total")]
        if ours != [Decimal(theirs[name]) for name in ("net", "tax", "gross")]:
            raise Failure(f"{row['number']} differs: {ours} here, {theirs} there")
    if any(item["count"] != 1 for item in sandbox.look("requests").values()):
        raise Failure("a request issued more or less than one fapiao")


def _all_fapiao(client: Client, account: int) -> list:
    """Return every fapiao that has come through the account, blue and red."""
    return client.call("fapiao", "search_read", [("account_id", "=", account)], fields=_FACTS)


def _download(client: Client, invoices: list, rows: list) -> zipfile.ZipFile:
    """Return the zip of all files after opening each of them."""
    action = client.call("account.move", "action_fapiao_files", invoices)
    archive = zipfile.ZipFile(io.BytesIO(client.download(action["url"])))
    for row in rows:
        number = row["number"]
        if not archive.read(f"{number}.pdf").startswith(b"%PDF"):
            raise Failure(f"{number}.pdf is no PDF")
        if "OFD.xml" not in zipfile.ZipFile(io.BytesIO(archive.read(f"{number}.ofd"))).namelist():
            raise Failure(f"{number}.ofd is no OFD")
        if number not in ElementTree.tostring(
            ElementTree.fromstring(archive.read(f"{number}.xml")), "unicode"
        ):
            raise Failure(f"{number}.xml does not name its fapiao")
    return archive


def _check_credit(before: Decimal, after: Decimal, rows: list) -> None:
    used = sum(_money(row["amount_untaxed"]) for row in rows)
    if before - after != used:
        raise Failure(f"the credit line fell by {before - after}, but {used} was issued")


def _print(client: Client, rows: list, archive: zipfile.ZipFile) -> None:
    names = {row["id"]: row["name"] for row in _moves(client, rows)}
    print()
    print(f"{'invoice':<16}{'fapiao':<22}{'net':>12}{'tax':>11}{'total':>12}  {'files':<14}state")
    for row in rows:
        files = [name[21:] for name in archive.namelist() if name.startswith(row["number"])]
        amounts = f"{row['amount_untaxed']:>12.2f}{row['amount_tax']:>11.2f}{row['amount_total']:>12.2f}"
        facts = f"{amounts}  {' '.join(sorted(files)):<14}{row['status']}"
        print(f"{names[row['move_ids'][0]]:<16}{row['number']:<22}{facts}")
    print("\nThe last answer was lost on the way and the fapiao found again under the same request ID.")
    print("Held back before sending: an invoice whose buyer has no tax number.")


def _moves(client: Client, rows: list) -> list:
    return client.read("account.move", [row["move_ids"][0] for row in rows], ["name"])


def _money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")


if __name__ == "__main__":
    try:
        sys.exit(main(Server.load(Path(sys.argv[1]))))
    except Failure as failure:
        sys.exit(f"The demo failed: {failure}")
