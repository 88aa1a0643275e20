"""Who works during a run: clerks who click, and somebody who logs in again where the bureau asks for it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2

from .office import TAX_NO
from .web import Refused, Unreachable

_CLERKS = 4
_ISSUED = "SELECT id FROM account_move WHERE id IN %s AND fapiao_state = 'issued' ORDER BY id"
_TO_ISSUE = (
    "SELECT id FROM account_move WHERE id IN %s AND fapiao_state <> 'pending' AND fapiao_amount_open > 0 ORDER BY id"
)
_TO_CREDIT = (
    "SELECT id FROM account_move WHERE reversed_entry_id IN %s AND state = 'posted'"
    " AND fapiao_state IN ('to_issue', 'partial', 'failed') ORDER BY id"
)
_TO_REVERSE = (
    "SELECT m.id FROM account_move m WHERE m.id IN %s AND m.fapiao_state = 'issued'"
    " AND NOT EXISTS (SELECT FROM fapiao_red_form f JOIN fapiao_red_form_move_rel r ON r.form_id = f.id"
    " WHERE r.move_id = m.id AND (f.is_open OR f.stage = 'issued'))"
    " AND NOT EXISTS (SELECT FROM account_move n WHERE n.reversed_entry_id = m.id AND n.state = 'posted')"
    " ORDER BY m.id"
)
_NEEDING = (
    "SELECT id, provider FROM fapiao_account a WHERE id IN %s AND (session_state NOT IN ('ok', 'unknown')"
    " OR EXISTS (SELECT FROM fapiao_request WHERE account_id = a.id AND state = 'waiting_login'))"
)


class People:
    """All who work on an office's invoices."""

    def __init__(self, place, office):
        self._place = place
        self._office = office
        self._call = office.user.call
        self._turn = threading.Lock()
        self._reversed: set[int] = set()
        self._missed: list = []  # steps that found nothing to reverse
        self.notes: dict[str, int] = {}
        self.home = threading.Event()  # everybody goes home

    # ------------------------------------------------------------------ working

    def work(self, steps: list, gate) -> None:
        """Let the clerks do *steps*; each waits at *gate* before it begins one."""
        rest = iter(list(steps))

        def clerk():
            while True:
                with self._turn:
                    step = next(rest, None)
                if step is None or self.home.is_set():
                    return
                gate()
                self._do(step)

        with ThreadPoolExecutor(_CLERKS, thread_name_prefix="clerk") as pool:
            for work in [pool.submit(clerk) for _clerk in range(_CLERKS)]:
                work.result()

    def _do(self, step) -> None:
        servers = [self._place.server(number) for number in step.servers]
        if step.kind == "reverse":
            if (move := self._to_reverse(step.moves)) is None:
                return self._missed.append(step)
            note = self._try(self._credit, servers[0], move) if step.is_partial else None
            tasks = [(self._flush, server, note or move) for server in servers]
        else:
            tasks = [(getattr(self, f"_{step.kind}"), server, step.moves) for server in servers]
        with ThreadPoolExecutor(len(tasks)) as pool:
            for done in [pool.submit(self._try, *task) for task in tasks]:
                done.result()
        return None

    def _try(self, action, server, what):
        """Do it; what people are told, or that nobody answers, is noted and left at that."""
        try:
            return action(server, what)
        except Unreachable:
            self._note("no answer from a server")
        except Refused as error:
            self._note(f"{action.__name__[1:]}: {str(error).splitlines()[0][:60]}")
        return None

    def _note(self, text):
        with self._turn:
            self.notes[text] = self.notes.get(text, 0) + 1

    def _issue(self, server, moves):
        action = self._call(server, "account.move", "action_fapiao_issue", moves)
        if isinstance(action, dict) and action.get("res_model") == "fapiao.issue":
            self._call(server, "fapiao.issue", "action_issue", [action["res_id"]])

    def _again(self, server, moves):
        """Issue once more what was refused, withdrawn, or never got through; what the form offers to do."""
        domain = [("id", "in", moves), ("fapiao_amount_open", ">", 0), ("fapiao_state", "!=", "pending")]
        open_moves = self._call(server, "account.move", "search", domain)
        for move in open_moves:
            self._try(self._issue, server, [move])

    def _withdraw(self, server, moves):
        states = ("queued", "pending", "waiting_login")
        domain = [("move_ids", "in", moves), ("state", "in", states), ("kind", "=", "blue")]
        found = self._call(server, "fapiao.request", "search", domain, limit=2)
        if found:
            self._call(server, "fapiao.request", "action_withdraw", found)
            self._note("withdrawn")

    # ------------------------------------------------------------------ reversing

    def _to_reverse(self, moves):
        """Return an issued invoice that nobody reverses yet, for the caller alone, or None."""
        issued = self._place.sql(_ISSUED, tuple(moves))
        with self._turn:
            move = next((row[0] for row in issued if row[0] not in self._reversed), None)
            self._reversed.add(move)
        return move

    def _credit(self, server, move):
        """Post a credit note over half of the first line, and return it."""
        call = self._call
        context = {"active_model": "account.move", "active_ids": [move]}
        context |= {"allowed_company_ids": [self._office.company]}
        journal = call(server, "account.move", "read", [move], ["journal_id"])[0]["journal_id"][0]
        wizard = call(server, "account.move.reversal", "create", {"journal_id": journal}, context=context)
        note = call(server, "account.move.reversal", "refund_moves", [wizard], context=context)["res_id"]
        (facts,) = call(server, "account.move", "read", [note], ["invoice_line_ids"])
        first, *others = facts["invoice_line_ids"]
        price = call(server, "account.move.line", "read", [first], ["price_unit"])[0]["price_unit"]
        changes = [[1, first, {"price_unit": round(price / 2, 2)}], *([2, other, 0] for other in others)]
        call(server, "account.move", "write", [note], {"invoice_line_ids": changes})
        call(server, "account.move", "action_post", [note])
        return note

    def _flush(self, server, document):
        """Click *Red-flush* and, once the bureau allows it, *Reverse*."""
        call = self._call
        action = call(server, "account.move", "action_fapiao_red", [document])
        if action.get("res_model") != "fapiao.red.flush":
            return
        dialog = action["res_id"]
        facts = ["answer", "can_make_credit_note"]
        for _attempt in range(5):
            said = call(server, "fapiao.red.flush", "read", [dialog], facts)[0]
            if said["answer"] == "allowed":
                break
            call(server, "fapiao.red.flush", "action_ask", [dialog])
        if said["can_make_credit_note"]:
            call(server, "fapiao.red.flush", "write", [dialog], {"make_credit_note": True})
        call(server, "fapiao.red.flush", "action_apply", [dialog])

    # ------------------------------------------------------------------ logging in

    def watch_sessions(self) -> None:
        """Log in wherever an account, the bureau or a bill asks for a person, until everybody goes home."""
        while not self.home.wait(2):
            try:
                self.log_in_where_needed()
            except (Refused, Unreachable, OSError, psycopg2.OperationalError):
                pass  # tried again

    def log_in_where_needed(self) -> None:
        """One look at both accounts and at the cloud's own portal."""
        needing = self._place.sql(_NEEDING, tuple(self._office.accounts))
        for account, provider in needing:
            server = self._place.server(0)
            if provider == "piaodanyun":
                self._log_in(server, account)
            else:
                self._at_portal()
                self._call(server, "fapiao.account", "action_refresh_credit", [account])
        if any(bill["state"] == "failed" for bill in self._place.sandbox.look("bills")):
            self._at_portal()

    def _log_in(self, server, account):
        values = {"account_id": account, "purpose": "login", "method": "sms"}
        login = self._call(server, "fapiao.login", "create", values)
        self._call(server, "fapiao.login", "action_start", [login])
        code = self._place.sandbox.look("sms")["code"]
        self._call(server, "fapiao.login", "write", [login], {"sms_code": code})
        self._call(server, "fapiao.login", "action_confirm", [login])

    def _at_portal(self):
        """Log in at the cloud's own portal, and have issued there what failed for want of it."""
        sandbox = self._place.sandbox
        sandbox.do("set_session", tax_no=TAX_NO, state="active")
        for bill in sandbox.look("bills"):
            if bill["state"] == "failed":
                sandbox.do("issue_bill", number=bill["number"])

    # ------------------------------------------------------------------ after

    def finish(self) -> int:
        """Click on what is left to issue or to reverse, now that nothing goes wrong; return how many."""
        server = self._place.server(0)
        self.log_in_where_needed()
        left = self._place.sql(_TO_ISSUE, tuple(self._office.moves))
        for (move,) in left:
            self._try(self._issue, server, [move])
        documents = self._place.sql(_TO_CREDIT, tuple(self._office.moves))
        documents += self._place.sql(_TO_REVERSE, tuple(self._reversed - {None}) or (0,))
        for (document,) in documents:
            self._try(self._flush, server, document)
        missed, self._missed = self._missed, []
        for step in missed:
            self._do(step)
        return len(left) + len(documents) + len(missed)
