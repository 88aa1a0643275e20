"""Received fapiao in the demo: pulled, matched with vendor bills, billed, and booked at the bureau."""

from datetime import date, timedelta
from decimal import Decimal

from .client import Client, Sandbox
from .say import Failure

_ADDON = "l10n_cn_invoice_cloud"
_TAX_NO = "91310000MA1FAKE002"  # of the demo company
_MANY = 300
_BOOKED = ("02", "03")
_STATIONER = ("演示文具有限公司", "91440300MA5VENDR17")
_CARRIER = ("演示物流有限公司", "91440300MA5VENDR25")
_STRANGER = ("演示软件有限公司", "91440300MA5VENDR33")


def run(client: Client, sandbox: Sandbox) -> None:
    """Receive, pull, match, create a bill and have all three booked; check against the sandbox, and print."""
    sandbox.do("seed_inbound", tax_no=_TAX_NO, count=_MANY, days=4)
    numbered = _receive(sandbox, _STATIONER, "226.00")
    by_total = _receive(sandbox, _CARRIER, "452.00")
    unbilled = _receive(sandbox, _STRANGER, "1130.00")
    bills = [_bill(client, _STATIONER, 200, ref=numbered), _bill(client, _CARRIER, 400)]
    pull = _pull(client, sandbox)
    fapiao = _find(client, [numbered, by_total, unbilled])
    rules = _check_matches(client, fapiao[:2], bills)
    bills.append(_create_bill(client, fapiao[2]))
    _check_booked(client, sandbox, fapiao)
    _print(client, pull, bills, rules)


def _receive(sandbox: Sandbox, seller: tuple, gross: str) -> str:
    """Let *seller* issue a special fapiao over *gross* to us, and return its number."""
    name, tax_no = seller
    row = {"tax_no": _TAX_NO, "seller_name": name, "seller_no": tax_no, "gross": gross, "rate": 13}
    return sandbox.do("receive_fapiao", **row)["result"]["number"]


def _bill(client: Client, seller: tuple, price: int, ref: str = "") -> int:
    """Return a posted vendor bill over *price* and 13 % tax."""
    name, tax_no = seller
    (company,) = client.context["allowed_company_ids"]
    vendor = client.call("res.partner", "create", {"name": name, "is_company": True, "vat": tax_no})
    domain = [("company_id", "=", company), ("type_tax_use", "=", "purchase"), ("amount", "=", 13)]
    taxes = client.call("account.tax", "search", domain, limit=1)
    line = {"name": "Goods", "price_unit": price, "tax_ids": [(6, 0, taxes)]}
    bill = client.call(
        "account.move",
        "create",
        {
            "move_type": "in_invoice",
            "partner_id": vendor,
            "ref": ref,
            "invoice_date": _yesterday(),
            "invoice_line_ids": [(0, 0, line)],
        },
    )
    client.call("account.move", "action_post", [bill])
    return bill


def _pull(client: Client, sandbox: Sandbox) -> dict:
    """Pull now; every fapiao of the bureau's must be in the pool, none twice."""
    account = client.ref(f"{_ADDON}.fapiao_account_kingdee")
    pull = client.call("fapiao.account", "action_pull", [account])["res_id"]
    client.wait_for("fapiao.pull", [pull], "state", {"done"})
    facts = client.read("fapiao.pull", [pull], ["row_count", "new_count", "unread_count"])[0]
    there = int(sandbox.do("inbound_count", tax_no=_TAX_NO)["result"])
    here = client.call("fapiao", "search_count", [("direction", "=", "in"), ("account_id", "=", account)])
    if not there == here == facts["row_count"] or facts["unread_count"]:
        raise Failure(f"the bureau has {there} received fapiao, Odoo {here}; the pull says {facts}")
    return facts


def _find(client: Client, numbers: list) -> list:
    """Return the ids of the received fapiao of these numbers, in their order."""
    domain = [("direction", "=", "in"), ("number", "in", numbers)]
    found = client.call("fapiao", "search_read", domain, fields=["number"])
    ids = {row["number"]: row["id"] for row in found}
    if len(found) != len(numbers):
        raise Failure(f"of {numbers} only {sorted(ids)} were pulled")
    return [ids[number] for number in numbers]


def _check_matches(client: Client, fapiao: list, bills: list) -> list:
    """Each of *fapiao* is matched with its bill by the search alone; return by which rules."""
    client.wait_for("fapiao", fapiao, "match_state", {"matched"})
    domain = [("fapiao_id", "in", fapiao), ("state", "=", "confirmed")]
    matches = client.call(
        "fapiao.match", "search_read", domain, fields=["fapiao_id", "move_id", "rule", "user_id"]
    )
    found = {row["fapiao_id"][0]: row for row in matches}
    pairs = [(found[one]["move_id"][0], found[one]["user_id"]) for one in fapiao]
    if pairs != [(bill, False) for bill in bills]:
        raise Failure(f"{fapiao} were to be matched with {bills}, but there are {matches}")
    return [found[one]["rule"] for one in fapiao]


def _create_bill(client: Client, fapiao: int) -> int:
    """Make a bill from a fapiao and post it; it must come to the fapiao's amounts and vendor."""
    bill = client.call("fapiao", "action_create_bill", [fapiao])["res_id"]
    client.call("account.move", "action_post", [bill])
    names = ["number", "seller_name", "amount_total", "amount_tax"]
    theirs = client.read("fapiao", [fapiao], names)[0]
    ours = client.read("account.move", [bill], ["ref", "partner_id", "amount_total", "amount_tax"])[0]
    told = (ours["ref"], ours["partner_id"][1], _money(ours["amount_total"]), _money(ours["amount_tax"]))
    wanted = (*(theirs[name] for name in names[:2]), *(_money(theirs[name]) for name in names[2:]))
    if told != wanted:
        raise Failure(f"the bill says {told}, its fapiao {wanted}")
    return bill


def _check_booked(client: Client, sandbox: Sandbox, fapiao: list) -> None:
    """Their bills are posted: the bureau must have them as booked."""
    client.wait_for("fapiao", fapiao, "booking", {"booked"})
    for row in client.read("fapiao", fapiao, ["number"]):
        if sandbox.look("inbound", number=row["number"], tax_no=_TAX_NO)["booked"] not in _BOOKED:
            raise Failure(f"the bureau does not have {row['number']} as booked")


def _print(client: Client, pull: dict, bills: list, rules: list) -> None:
    labels = dict(client.call("fapiao.match", "fields_get", ["rule"])["rule"]["selection"])
    by_number, by_total, created = (row["name"] for row in client.read("account.move", bills, ["name"]))
    print(f"Received: {pull['row_count']} fapiao pulled, as many as the tax bureau has.")
    print(f"    {by_number} matched by itself: {labels[rules[0]].lower()},")
    print(f"    {by_total} matched by itself: {labels[rules[1]].lower()},")
    print(f"    {created} made from its fapiao; all three are booked (入账) at the bureau.")


def _yesterday() -> str:
    return str(date.today() - timedelta(days=1))


def _money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")
