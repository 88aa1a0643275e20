"""金蝶发票云 in the demo: three invoices merged into one fapiao, one invoice split over several."""

from decimal import Decimal

from .client import Client, Sandbox
from .say import Failure

_ADDON = "l10n_cn_invoice_cloud"


def run(client: Client, sandbox: Sandbox) -> None:
    """Issue through the company's other account, check against the sandbox, and print."""
    account = client.ref(f"{_ADDON}.fapiao_account_kingdee")
    client.call("fapiao.account", "action_test_connection", [account])
    company = client.ref("base.demo_company_cn")
    before = client.read("res.company", [company], ["fapiao_account_id"])[0]["fapiao_account_id"][0]
    client.call("res.company", "write", [company], {"fapiao_account_id": account})
    merged = _merged(client, sandbox)
    divided = _split(client, sandbox, company)
    client.call("res.company", "write", [company], {"fapiao_account_id": before})
    print(f"金蝶发票云: {len(merged['moves'])} invoices merged into fapiao {merged['numbers'][0]},")
    print(f"    one invoice split by the limit over {', '.join(divided['numbers'])}.")


def _merged(client: Client, sandbox: Sandbox) -> dict:
    """Merge three invoices of one buyer into one fapiao."""
    moves = [_invoice(client) for _n in range(3)]
    action = client.call("account.move", "action_fapiao_merge", moves)
    dialog = client.read("fapiao.issue", [action["res_id"]], ["ready_count"])[0]
    client.call("fapiao.issue", "action_issue", [dialog["id"]])
    return _check(client, sandbox, moves, 1)


def _split(client: Client, sandbox: Sandbox, company: int) -> dict:
    """Issue an invoice larger than one fapiao may be."""
    client.call("res.company", "write", [company], {"fapiao_amount_limit": 2000})
    move = _invoice(client)
    action = client.call("account.move", "action_fapiao_issue", [move])
    client.call("fapiao.issue", "action_issue", [action["res_id"]])
    client.call("res.company", "write", [company], {"fapiao_amount_limit": 0})
    return _check(client, sandbox, [move], 3)


def _invoice(client: Client) -> int:
    copied = client.call("account.move", "copy", [client.ref(f"{_ADDON}.invoice_buyer")])
    move = copied[0] if isinstance(copied, list) else copied
    client.call("account.move", "action_post", [move])
    return move


def _check(client: Client, sandbox: Sandbox, moves: list, count: int) -> dict:
    """Return moves and numbers; what the cloud issued must come to what the books say, to the fen."""
    client.wait_for("account.move", moves, "fapiao_state", {"issued"})
    rows = client.read("account.move", moves, ["fapiao_ids", "amount_total_signed"])
    ids = sorted({fapiao for row in rows for fapiao in row["fapiao_ids"]})
    numbers = [row["number"] for row in client.read("fapiao", ids, ["number"])]
    issued = {item["number"]: Decimal(item["gross"]) for item in sandbox.look("fapiao")}
    total = sum(Decimal(f"{row['amount_total_signed']:.2f}") for row in rows)
    if len(numbers) != count or sum(issued[number] for number in numbers) != total:
        raise Failure(f"{count} fapiao over {total} were to come, but there are {numbers}")
    return {"moves": moves, "numbers": numbers}
