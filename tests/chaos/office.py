"""The company of a run: its accounts, its issuer, its invoices, and the plan of what is done with them."""

import random
import time
from dataclasses import dataclass

from dev.client import Client
from dev.say import say
from dev.servers import Server

from .place import DATABASE
from .web import Refused, Unreachable, User

ADDON = "l10n_cn_invoice_cloud"
CLOUDS = ("fapiao_account_sandbox", "fapiao_account_kingdee")
TAX_NO = "91310000MA1FAKE002"
PLENTY = "99000000"  # of credit line
_TEMPLATES = ("invoice_buyer", "invoice_retailer", "invoice_person")
_PASSWORD = "chaos-issuer"
_GROUPS = ("account.group_account_invoice", f"{ADDON}.group_fapiao_issuer")
_ACCOUNT = {
    "pace_per_minute": 6000,
    "pace_per_hour": 60000,
    "pace_per_day": 600000,
    "read_timeout": 3,
    "grace_minutes": 5,
}


@dataclass
class Step:
    """One thing that is done: *kind* with *moves*, at *servers*, the same moment at each."""

    kind: str
    moves: list
    servers: list
    is_partial: bool = False


class Office:
    """The demo company at the sandbox, with invoices that all differ."""

    def __init__(self, place, options):
        self._place = place
        self._rng = random.Random(options.seed)
        self._options = options
        described = Server(place.servers[0].url, DATABASE, "admin", "admin", place.sandbox_url)
        self._admin = Client(described)
        self._admin.join_sandbox()
        (self.company,) = self._admin.context["allowed_company_ids"]
        self.accounts = [self._admin.ref(f"{ADDON}.{name}") for name in CLOUDS]
        self._admin.call("fapiao.account", "write", self.accounts, _ACCOUNT)
        place.sandbox.do("set_credit", tax_no=TAX_NO, total=PLENTY)
        self._manager = User(DATABASE, "admin", "admin", self.company)
        self.user = self._make_user()
        self.moves = self._post_invoices()

    def issue_through(self, number: int) -> None:
        """Let the company issue through its account *number* from now on, however long that takes."""
        values = {"fapiao_account_id": self.accounts[number]}
        while True:
            try:
                self._manager.call(self._place.server(0), "res.company", "write", [self.company], values)
                return
            except (Refused, Unreachable) as error:
                say(f"tried again: {error}")
                time.sleep(1)

    def _make_user(self):
        groups = [(4, self._admin.ref(group)) for group in _GROUPS]
        values = {"name": "Issuer", "login": "issuer", "password": _PASSWORD, "group_ids": groups}
        values |= {"company_id": self.company, "company_ids": [(6, 0, [self.company])]}
        self._admin.call("res.users", "create", values)
        return User(DATABASE, "issuer", _PASSWORD, self.company)

    def _post_invoices(self) -> list:
        templates = [self._template(name) for name in _TEMPLATES]
        made = []
        for number in range(self._options.invoices):
            partner, lines = templates[number % len(templates)]
            # no two alike: a second fapiao is never mistaken for another invoice's
            more = {"price_unit": 100 + number + self._rng.randrange(100) / 100, "quantity": 2}
            commands = [(0, 0, {**line, **more}) for line in lines[: 1 + number % 2]]
            made.append({"move_type": "out_invoice", "partner_id": partner, "invoice_line_ids": commands})
        ids = []
        for start in range(0, len(made), 50):
            some = self._admin.call("account.move", "create", made[start : start + 50])
            self._admin.call("account.move", "action_post", some)
            ids += some
        return ids

    def _template(self, name):
        ids = [self._admin.ref(f"{ADDON}.{name}")]
        (move,) = self._admin.read("account.move", ids, ["partner_id", "invoice_line_ids"])
        lines = self._admin.read("account.move.line", move["invoice_line_ids"], ["product_id", "tax_ids"])
        return move["partner_id"][0], [
            {"product_id": line["product_id"][0], "tax_ids": [(6, 0, line["tax_ids"])]} for line in lines
        ]

    # ------------------------------------------------------------------ the plan

    def plan(self) -> list:
        """Return rounds of (number of the cloud, steps), all drawn by the seed; time passes between them."""
        moves = list(self.moves)
        self._rng.shuffle(moves)
        half = (len(moves) + 1) // 2
        reversals = (self._options.reversals + 1) // 2
        rest = self._options.reversals - reversals
        return [
            *((0, steps) for steps in self._rounds(moves[:half], reversals)),
            *((1, steps) for steps in self._rounds(moves[half:], rest)),
        ]

    def _rounds(self, moves, reversals):
        """Issue in two rounds and reverse in the two after the first; look after what is left in each."""
        clicks, left = [], list(moves)
        while left:
            size = self._rng.choice((1, 1, 1, 1, 2, 3, 8))
            clicks.append(Step("issue", left[:size], self._some_servers()))
            left = left[size:]
        half = (len(clicks) + 1) // 2
        flushes = [
            Step("reverse", moves, self._some_servers(), self._rng.random() < 0.4) for _number in range(reversals)
        ]
        early = reversals // 2
        others = [
            Step(kind, moves, self._some_servers()[:1])
            for kind in ("again", "withdraw")
            for _number in range(max(len(moves) // 15, 1))
        ]
        rounds = [clicks[:half] + others, clicks[half:] + others + flushes[:early], others + flushes[early:]]
        for steps in rounds:
            self._rng.shuffle(steps)
        return rounds

    def _some_servers(self):
        """Draw one server, or for a double click two."""
        count = 2 if self._rng.random() < 0.25 else 1
        return self._rng.sample(range(self._options.servers), count)
