"""金蝶发票助手 in the demo: two tickets picked for an expense, in the sandbox's own page over HTTP."""

import re
import urllib.parse
import urllib.request
from decimal import Decimal

from .client import Client
from .say import Failure

_ADDON = "l10n_cn_invoice_cloud"
_KINDS = ("9", "26")  # a train ticket and a fapiao of a restaurant
_BOX = re.compile(r'name="serial" value="([^"]+)" data-kind="([^"]+)" data-total="([^"]+)"')


def run(client: Client, sandbox_url: str) -> None:
    """Pick two tickets for an expense as its employee would, check against its page, and print."""
    account = client.ref(f"{_ADDON}.fapiao_account_kingdee")
    _connect(client, account, sandbox_url)
    expense = _expense(client)
    action = client.call("hr.expense", "action_fapiao_pick", [expense])
    pick = action["params"]["pick_id"]
    page = client.call("fapiao.pick", "open_page", [pick], together=True)["page_url"]
    tickets = _photograph(page)
    _press(page, [("import", ""), *(("serial", serial) for serial in tickets)])
    client.call("fapiao.pick", "close", [pick])
    # the scheduled run listens; opening the page has started it
    client.wait_for("fapiao.pick", [pick], "state", {"done"})
    names = ["name", "total_amount", "fapiao_match_ids", "fapiao_in_state"]
    row = client.read("hr.expense", [expense], names)[0]
    total = Decimal(f"{row['total_amount']:.2f}")
    if (total, len(row["fapiao_match_ids"])) != (sum(tickets.values()), len(_KINDS)):
        raise Failure(f"two tickets over {sum(tickets.values())} were to fill the expense: {row}")
    print(f"金蝶发票助手: two tickets picked, the expense says {row['name']} over {total}.")


def _connect(client: Client, account: int, sandbox_url: str) -> None:
    client.call(
        "fapiao.account",
        "write",
        [account],
        {
            "assistant_url": f"{sandbox_url}/assistant",
            "client_key": "sandbox-client",
            "client_secret": "sandbox-client-secret",
        },
    )
    client.call("fapiao.account", "action_test_assistant", [account])


def _expense(client: Client) -> int:
    """Return a new draft expense of the user's employee in the company it works in."""
    (company,) = client.context["allowed_company_ids"]
    uid = client.call("res.users", "context_get")["uid"]
    found = client.call(
        "hr.employee", "search", [("user_id", "=", uid), ("company_id", "=", company)], limit=1
    )
    employee = found or client.call(
        "hr.employee", "create", [{"name": "沙小票", "user_id": uid, "company_id": company}]
    )
    product = client.ref("hr_expense.product_product_no_cost")
    created = client.call(
        "hr.expense",
        "create",
        [{"name": "Business trip", "employee_id": employee[0], "product_id": product, "company_id": company}],
    )
    return created[0]


def _photograph(page: str) -> dict:
    """Put a ticket of each kind into the wallet that the page shows; return their totals by serial number."""
    for kind in _KINDS:
        text = _press(page, [("add", ""), ("kind", kind)])
    newest = {}
    for serial, kind, total in _BOX.findall(text):  # the page shows the newest first
        newest.setdefault(kind, (serial, Decimal(total)))
    return dict(newest[kind] for kind in _KINDS)


def _press(page: str, fields: list) -> str:
    """Send the page's form as a browser does, and return what it shows then."""
    body = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(urllib.request.Request(page, body)) as answer:
        return answer.read().decode()
