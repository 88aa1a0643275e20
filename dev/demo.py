"""`make demo`: the addon's work from end to end, through a running server and over HTTP to the sandbox cloud.

It says what it does while it waits, and prints what came of it; the tests check each step.
"""

import re
import urllib.parse
import urllib.request
from datetime import date, timedelta

from . import paths, servers, setup
from .client import Client, Sandbox
from .say import say

_TAX_NO = "91310000MA1FAKE002"  # of the demo company
_SELLERS = (
    ("演示文具有限公司", "91440300MA5VENDR17", 200),
    ("演示物流有限公司", "91440300MA5VENDR25", 400),
    ("演示软件有限公司", "91440300MA5VENDR33", 1000),
)
_TICKETS = ("9", "26")  # a train ticket and a fapiao of a restaurant
_BOX = re.compile(r'name="serial" value="([^"]+)" data-kind="([^"]+)"')


def run() -> int:
    """Run the demo on a fresh database and return 0; raise Failure where it goes wrong."""
    with (
        setup.ready() as tools,
        tools.databases.temporary("demo") as db,
        servers.running(tools, db, "demo", is_new=True) as server,
    ):
        demo = _Demo(server)
        for part in (demo.issue, demo.reverse, demo.kingdee, demo.receive, demo.pick):
            part()
    return 0


class _Demo:
    """One run: invoices, credit notes, bills and an expense of the demo company."""

    def __init__(self, server: servers.Server):
        self.server = server
        self.client, self.sandbox = Client(server), Sandbox(server.sandbox_url)
        self.call, self.wait = self.client.call, self.client.wait_for
        self.account = self.client.join_sandbox()
        self.kingdee_account = self._ref("fapiao_account_kingdee")
        (self.company,) = self.client.context["allowed_company_ids"]
        self.invoices: list[int] = []

    def issue(self) -> None:
        """Issue alone, as a batch and with a lost answer; hold one back; wait for the files."""
        self.call("fapiao.account", "action_test_connection", [self.account])
        first, *others = [self._ref(name) for name in ("invoice_buyer", "invoice_retailer", "invoice_person")]
        last = self._invoice(quantity=11)  # the very same sale would be asked about first
        self.invoices = [first, *others, last]
        say("issue one fapiao, then two at once")
        self.call("account.move", "action_fapiao_issue", [first])
        self.call("account.move", "action_fapiao_issue", others)
        say("issue one whose answer gets lost: it is looked up under the same request ID, after a minute or so")
        self.sandbox.do("faults", call="blueTicket", kind="drop_after", times=1)
        self.call("account.move", "action_fapiao_issue", [last])
        self.wait("account.move", self.invoices, "fapiao_state", {"issued"})
        say("issue one whose buyer has no tax number: a dialog opens, nothing is sent")
        dialog = self.call("account.move", "action_fapiao_issue", [self._ref("invoice_without_tax_no")])["res_id"]
        problem = self._read("fapiao.issue", dialog, "problem_ids")[0]
        say("PDF, OFD and XML of each fapiao are fetched")
        fapiao = [self._read("account.move", invoice, "fapiao_ids")[0] for invoice in self.invoices]
        self.wait("fapiao", fapiao, "files_state", {"done"})
        print(f"\n{'invoice':<16}{'fapiao':<22}{'net':>12}{'tax':>11}{'total':>12}  {'files':<14}state")
        fields = ("number", "status", "amount_untaxed", "amount_tax", "amount_total", "pdf_id", "ofd_id", "xml_id")
        for invoice, row in zip(self.invoices, self.client.read("fapiao", fapiao, fields), strict=True):
            number, status, net, tax, total, *files = (row[field] for field in fields)
            kinds = " ".join(name.rpartition(".")[2] for _id, name in filter(None, files))
            name = self._read("account.move", invoice, "name")
            print(f"{name:<16}{number:<22}{net:>12.2f}{tax:>11.2f}{total:>12.2f}  {kinds:<14}{status}")
        print("The last answer was lost on the way and the fapiao found again under the same request ID.")
        print(f"Held back before sending: {self._read('fapiao.issue.problem', problem, 'message')}\n", flush=True)

    def reverse(self) -> None:
        """Reverse one invoice with a credit note, and one from a partial credit note."""
        say("Red-Flush one invoice in full, with the credit note")
        self._red_flush(self.invoices[0], make_credit_note=True)
        say("Red-Flush from a credit note over half of a line; the rest gets a new fapiao")
        invoice = self.invoices[1]
        context = {**self.client.context, "active_model": "account.move", "active_ids": [invoice]}
        journal = self._read("account.move", invoice, "journal_id")[0]
        wizard = self.call("account.move.reversal", "create", {"journal_id": journal}, context=context)
        note = self.call("account.move.reversal", "refund_moves", [wizard], context=context)["res_id"]
        first, *others = self._read("account.move", note, "invoice_line_ids")
        half = self._read("account.move.line", first, "price_unit") / 2
        changes = [[1, first, {"price_unit": half}], *([2, other, 0] for other in others)]
        self.call("account.move", "write", [note], {"invoice_line_ids": changes})
        self.call("account.move", "action_post", [note])
        self._red_flush(note)

    def _red_flush(self, document: int, **choices) -> None:
        dialog = self.call("account.move", "action_fapiao_red", [document])["res_id"]
        self.call("fapiao.red.flush", "write", [dialog], choices)
        (form,) = self.call("fapiao.red.flush", "action_apply", [dialog])["params"]["request_ids"]
        self.wait("fapiao.red.form", [form], "follow_up", {"done"})
        rest = self._read("fapiao.red.form", form, "rest_request_ids")
        self.wait("fapiao.request", rest, "state", {"issued"})
        pairs = [self._read("fapiao.red.form", form, name) for name in ("fapiao_id", "red_fapiao_id")]
        pairs += [self._read("fapiao.request", request, "fapiao_ids") for request in rest]
        rows = self.client.read("fapiao", [pair[0] for pair in pairs], ["number", "amount_total"])
        blue, red, *new = [f"fapiao {row['number']} over {row['amount_total']:,.2f}" for row in rows]
        print(f"Red form {self._read('fapiao.red.form', form, 'number')}: {blue} is reversed by\n    red {red}", end="")
        print("".join(f"; the rest of the invoice has {text}" for text in new) + ".", flush=True)

    def kingdee(self) -> None:
        """Merge three invoices into one fapiao through 金蝶发票云, and split one over several."""
        self.call("fapiao.account", "action_test_connection", [self.kingdee_account])
        self.call("res.company", "write", [self.company], {"fapiao_account_id": self.kingdee_account})
        say("金蝶发票云: three invoices of one buyer merged into one fapiao")
        merged = self._issue_in_dialog("action_fapiao_merge", [self._invoice() for _n in range(3)])
        say("金蝶发票云: an invoice over the limit of one fapiao split over several")
        self.call("res.company", "write", [self.company], {"fapiao_amount_limit": 2000})
        split = self._issue_in_dialog("action_fapiao_issue", [self._invoice()])
        self.call("res.company", "write", [self.company], {"fapiao_amount_limit": 0, "fapiao_account_id": self.account})
        print(f"金蝶发票云: 3 invoices merged into fapiao {merged[0]},")
        print(f"    one invoice split by the limit over {', '.join(split)}.", flush=True)

    def _issue_in_dialog(self, method: str, moves: list) -> list:
        """Issue *moves* by the dialog that *method* opens; return the numbers of their fapiao."""
        dialog = self.call("account.move", method, moves)["res_id"]
        self.call("fapiao.issue", "action_issue", [dialog])
        self.wait("account.move", moves, "fapiao_state", {"issued"})
        found = self.call("fapiao", "search_read", [("move_ids", "in", moves)], fields=["number"], order="number")
        return [row["number"] for row in found]

    def receive(self) -> None:
        """Pull, match with vendor bills, make a bill of one, and have all three booked at the bureau."""
        say("300 fapiao are received at the tax bureau, and three more, two of them with a vendor bill here: pull")
        self.sandbox.do("seed_inbound", tax_no=_TAX_NO, count=300, days=4)
        numbers = []
        for name, tax_no, price in _SELLERS:
            row = {"seller_name": name, "seller_no": tax_no, "gross": f"{price * 113 // 100}.00", "rate": 13}
            numbers.append(self.sandbox.do("receive_fapiao", tax_no=_TAX_NO, **row)["result"]["number"])
        bills = [self._bill(*_SELLERS[0], ref=numbers[0]), self._bill(*_SELLERS[1])]
        pull = self.call("fapiao.account", "action_pull", [self.kingdee_account])["res_id"]
        self.wait("fapiao.pull", [pull], "state", {"done"})
        count = self.call("fapiao", "search_count", [("direction", "=", "in")])
        say("matching by number, and by seller and total; a bill made of the third")
        fapiao = [self.call("fapiao", "search", [("number", "=", number)])[0] for number in numbers]
        self.wait("fapiao", fapiao[:2], "match_state", {"matched"})
        bills.append(self.call("fapiao", "action_create_bill", [fapiao[2]])["res_id"])
        self.call("account.move", "action_post", bills[2:])
        say("the bills are posted, so the fapiao are marked as booked (入账) at the tax bureau")
        self.wait("fapiao", fapiao, "booking", {"booked"})
        rules = dict(self.call("fapiao.match", "fields_get", ["rule"])["rule"]["selection"])
        found = self.call("fapiao.match", "search_read", [("move_id", "in", bills)], fields=["move_id", "rule"])
        print(f"Received: {count} fapiao pulled.")
        for row in sorted(found, key=lambda row: row["move_id"]):
            print(f"    {row['move_id'][1]}: {rules[row['rule']].lower()}")
        print("    All three are booked (入账) at the bureau.", flush=True)

    def _bill(self, name: str, tax_no: str, price: int, ref: str = "") -> int:
        """Return a posted vendor bill over *price* and 13 % tax."""
        vendor = self.call("res.partner", "create", {"name": name, "is_company": True, "vat": tax_no})
        domain = [("company_id", "=", self.company), ("type_tax_use", "=", "purchase"), ("amount", "=", 13)]
        taxes = self.call("account.tax", "search", domain, limit=1)
        line = {"name": "Goods", "price_unit": price, "tax_ids": [(6, 0, taxes)]}
        values = {"move_type": "in_invoice", "partner_id": vendor, "ref": ref, "invoice_line_ids": [(0, 0, line)]}
        yesterday = str(date.today() - timedelta(days=1))
        bill = self.call("account.move", "create", {**values, "invoice_date": yesterday})
        self.call("account.move", "action_post", [bill])
        return bill

    def pick(self) -> None:
        """Pick two tickets for an expense as its employee would, in the sandbox's own page."""
        say("金蝶发票助手: two tickets picked for an expense, which takes up to a minute")
        secret = {"client_key": "sandbox-client", "client_secret": "sandbox-client-secret"}
        address = dict.fromkeys(("assistant_url", "assistant_link_url"), f"{self.server.sandbox_url}/assistant")
        self.call("fapiao.account", "write", [self.kingdee_account], {**secret, **address})
        self.call("fapiao.account", "action_test_assistant", [self.kingdee_account])
        person = {"user_id": self.call("res.users", "context_get")["uid"], "company_id": self.company}
        employee = self.call("hr.employee", "create", {"name": "沙小票", **person})
        values = {"name": "Business trip", "employee_id": employee, "company_id": self.company}
        product = self.client.ref("hr_expense.product_product_no_cost")
        expense = self.call("hr.expense", "create", {**values, "product_id": product})
        pick = self.call("hr.expense", "action_fapiao_pick", [expense])["params"]["pick_id"]
        page = self.call("fapiao.pick", "open_page", [pick], together=True)["page_url"]
        for kind in _TICKETS:
            text = _press(page, [("add", ""), ("kind", kind)])
        # the page shows the newest first
        newest = {kind: serial for serial, kind in reversed(_BOX.findall(text))}
        _press(page, [("import", ""), *(("serial", newest[kind]) for kind in _TICKETS)])
        self.call("fapiao.pick", "close", [pick])
        self.wait("fapiao.pick", [pick], "state", {"done"})
        name, total = (self._read("hr.expense", expense, field) for field in ("name", "total_amount"))
        print(f"金蝶发票助手: two tickets picked, the expense says {name} over {total:.2f}.")

    def _ref(self, name: str) -> int:
        return self.client.ref(f"{paths.ADDON}.{name}")

    def _read(self, model: str, record: int, field: str):
        return self.client.read(model, [record], [field])[0][field]

    def _invoice(self, **changes) -> int:
        """Return a posted copy of a demo invoice, with *changes* to its first line."""
        (move,) = self.call("account.move", "copy", [self._ref("invoice_buyer")])
        line = self._read("account.move", move, "invoice_line_ids")[0]
        self.call("account.move", "write", [move], {"invoice_line_ids": [[1, line, changes]]})
        self.call("account.move", "action_post", [move])
        return move


def _press(page: str, fields: list) -> str:
    """Send the page's form as a browser does, and return what it shows then."""
    body = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(urllib.request.Request(page, body)) as answer:
        return answer.read().decode()
