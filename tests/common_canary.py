"""Accounts whose every secret bears a mark, all that they can be used for, and a search for the mark."""

import base64
import contextlib
import io
import logging
import re
import traceback
import uuid
from types import SimpleNamespace
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.modules.neutralize import neutralize_database

from ..models.cloud import fapiao_task_mixin
from ..sandbox import auth, defaults, files, levers
from ..sandbox.assistant import auth as assistant_auth
from ..sandbox.piaodanyun import auth as piaodanyun_auth
from .common_kingdee import KingdeeCommon
from .common_match import SELLER_TAX_NO, MatchCommon
from .common_pick import PickCommon
from .common_tours import TourCase

ADDON = "l10n_cn_invoice_cloud"
MARK = "CANARYBIRD"  # in each secret; no other text has it
CALLBACKS = "/invoice_cloud/callback/"  # what the test itself calls
ODD = '+/&="密'  # written otherwise in JSON, in a form and in an address

# Where secrets lie, and nowhere else: columns that no user but an administrator can read, or that are wiped with
# the dialog. ``raw`` and ``answer_raw`` are answers as they came, which may hold signed addresses of files.
OWN_COLUMNS = {
    "fapiao_account": {
        "password",
        "tax_password",
        "app_secret",
        "token",
        "callback_token",
        "client_secret",
        "assistant_token",
    },
    "fapiao_login": {"sms_code", "pin", "qr_id", "qr_text", "qr_png"},
    "fapiao_pick": {"link_key", "user_key"},
    "fapiao": {"pdf_address", "ofd_address", "xml_address", "image_address", "original_image_address"},
    "fapiao_call": {"answer_raw"},
    "fapiao_pick_message": {"raw"},
}
# What is wrong with a cloud: how a call ends instead.
FAULTS = [
    {"kind": "echo"},
    {"kind": "echo", "page": True},
    {"kind": "echo", "status": 401},
    {"kind": "echo", "status": 429},
    {"kind": "echo", "page": True, "status": 502},
    {"kind": "drop_after"},
    {"kind": "half_json"},
]
TOLD = FAULTS[:2]  # in which a browser sees most


class Marked:
    """In place of ``uuid`` in the sandbox: what it hands out bears the mark."""

    @staticmethod
    def uuid4():
        return SimpleNamespace(hex=MARK + uuid.uuid4().hex[len(MARK) :])


class Records(logging.Handler):
    """Keeps all that is logged, as it would be written."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record):
        line = self.format(record)
        is_test = record.name.startswith("odoo.tests") or (record.name.startswith("urllib3") and CALLBACKS in line)
        if not is_test:
            self.lines.append(line)


@contextlib.contextmanager
def debug_log():
    """Log as ``--log-level=debug`` does, and libraries too; give what is logged."""
    root, records = logging.getLogger(), Records()
    levels = {root: logging.DEBUG, logging.getLogger("odoo"): logging.DEBUG}
    levels |= {logging.getLogger("urllib3"): logging.DEBUG, logging.getLogger("werkzeug"): logging.DEBUG}
    levels |= {logging.getLogger("odoo.sql_db"): logging.INFO}
    levels |= {logging.getLogger(f"odoo.http.rpc.{name}"): logging.INFO for name in ("request", "response")}
    before = {logger: logger.level for logger in levels}
    for logger, level in levels.items():
        logger.setLevel(level)
    root.addHandler(records)
    # seen by this search alone: thousands of lines
    others = {handler: handler.level for handler in root.handlers if handler is not records}
    for handler in others:
        handler.setLevel(max(handler.level, logging.WARNING))
    try:
        yield records
    finally:
        root.removeHandler(records)
        for handler, level in others.items():
            handler.setLevel(level)
        for logger, level in before.items():
            logger.setLevel(level)


# ---------------------------------------------------------------------- the search


def disguises(text):
    """Return ``text`` (bytes) as it stands in what holds it: plain, as hex, and in base64 at any place."""
    found = [text, text.hex().encode(), text.hex().upper().encode()]
    for before in range(3):
        packed = base64.b64encode(b"\0" * before + text)
        # what its neighbours have no part in
        found.append(packed[-(-before * 8 // 6) : (before + len(text)) * 8 // 6])
    return found


def finder(*texts):
    return re.compile(b"|".join(re.escape(form) for text in texts for form in disguises(text.encode())))


class CanaryCase(PickCommon, MatchCommon, KingdeeCommon, TourCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.assisted = cls.account  # at 金蝶发票云, with the expense assistant
        accounts = cls.env["fapiao.account"].search([("company_id", "=", cls.company.id)])
        cls.kingdee = accounts.filtered(lambda account: account.provider == "kingdee") - cls.assisted
        cls.accounts = accounts
        cls.manager = cls._create_clerk(
            "canary_manager",
            f"{ADDON}.group_fapiao_manager",
            "account.group_account_manager",
            "hr_expense.group_hr_expense_manager",
            "base.group_partner_manager",
        )
        cls.employee_user.employee_id.sudo().expense_manager_id = cls.manager
        cls.readers = {
            "manager": cls.manager,
            "employee": cls.employee_user,
            "auditor": cls._create_clerk("canary_auditor", "account.group_account_readonly"),
            "invoicer": cls._create_clerk("canary_invoicer", "account.group_account_invoice"),
            "issuer": cls._create_clerk("canary_issuer", f"{ADDON}.group_fapiao_issuer"),
            "administrator": cls._create_clerk(
                "canary_administrator", "base.group_system", f"{ADDON}.group_fapiao_manager"
            ),
        }

    @classmethod
    def _create_kingdee_account(cls, **values):
        # another user than the account with the assistant, which has none
        return super()._create_kingdee_account(tax_username="plain", **values)

    @classmethod
    def _create_clerk(cls, name, *groups):
        return cls.env["res.users"].create(
            {
                "name": name,
                "login": name,
                "password": name,
                "lang": "en_US",
                "group_ids": [Command.set([cls.env.ref(group).id for group in (*groups, "base.group_allow_export")])],
                "company_id": cls.company.id,
                "company_ids": [Command.set(cls.company.ids)],
            }
        )

    def setUp(self):
        super().setUp()
        self.answers = []  # (what was asked, what a browser was answered or a user was shown)
        self.signs = []
        self.startPatcher(patch.object(fapiao_task_mixin, "CLICK_SECONDS", 600))
        self._mark_the_sandbox()
        self._mark_the_accounts()
        self.authenticate(self.manager.login, self.manager.login)

    def _mark_the_sandbox(self):
        for module in (auth, levers, piaodanyun_auth, assistant_auth):
            self.startPatcher(patch.object(module, "uuid", Marked))
        sign = files._sign
        self.startPatcher(patch.object(files, "_sign", lambda *args: MARK + sign(*args)))
        signature = assistant_auth.signature

        def note(*args):
            self.signs.append(signature(*args))
            return self.signs[-1]

        self.startPatcher(patch.object(assistant_auth, "signature", note))

    def _mark_the_accounts(self):
        world, secret = self.world, f"{MARK}-%s-{ODD}"
        with world.acting():
            person = world.user(defaults.TAX_NO)
            world.tenants[defaults.PHONE].password = secret % "password"
            person.password, person.cert_pin = secret % "tax", f"{MARK}-pin"
            world.kingdee_tenants[defaults.KINGDEE_ACCOUNT_ID].secret = secret % "app"
            world.assistant_clients[defaults.ASSISTANT_CLIENT_ID].secret = secret % "client"
        for account in self.accounts.sudo():
            account.write(
                {
                    "callback_token": f"{MARK}-callback-{account.id}",
                    **(
                        {"password": secret % "password", "tax_password": secret % "tax"}
                        if account.provider == "piaodanyun"
                        else {"app_secret": secret % "app"}
                    ),
                    **({"client_secret": secret % "client"} if account == self.assisted else {}),
                }
            )
        self.assisted.sudo().assistant_link_url = self.sandbox.assistant_url
        self.env.flush_all()

    # ------------------------------------------------------------------ users

    def rpc(self, records, method, *args, **kwargs):
        """Call as the manager's browser does, keep the answer, and return its result, if it has one."""
        self.env.flush_all()
        model = records._name
        params = {"model": model, "method": method, "args": [*([records.ids] if records else []), *args]}
        params["kwargs"] = {"context": {"allowed_company_ids": self.company.ids, "lang": "en_US"}, **kwargs}
        response = self.opener.post(
            f"{self.base_url()}/web/dataset/call_kw/{model}/{method}",
            json={"jsonrpc": "2.0", "method": "call", "id": 1, "params": params},
            timeout=60,
        )
        self.answers.append((f"{model}.{method}", response.text))
        self.env.invalidate_all()
        return response.json().get("result")

    def click(self, records, method, *args):
        """Click without a browser: what is noted of a failure stays, since nothing is rolled back around it."""
        records = records.with_user(self.manager).with_context(allowed_company_ids=self.company.ids)
        result = None
        with self.engine():
            try:
                result = getattr(records, method)(*args)
            except UserError as error:
                self.answers.append((f"{records._name}.{method}", "".join(traceback.format_exception(error))))
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.env.invalidate_all()
        return result

    @contextlib.contextmanager
    def broken(self, call="*", **fault):
        self.world.faults.add(call, **{"times": -1, **fault})
        try:
            yield
        finally:
            self.world.faults.clear()

    def in_all_weathers(self, deed):
        """Do it with each fault, those that tell most in a browser too, and then without any."""
        for way, fault in [*((self.click, fault) for fault in FAULTS), *((self.rpc, fault) for fault in TOLD)]:
            with self.broken(**fault):
                deed(way)
            self.calm()
        deed(self.click)
        return deed(self.rpc)

    def calm(self):
        """Let nobody wait because of what has gone wrong before."""
        self.accounts.sudo().write({"session_state": "ok", "left_alone_until": False, "away_count": 0})
        self.age_pace(120)
        self.env.flush_all()

    def use(self, account):
        self.company.sudo().fapiao_account_id = account
        self.account = account
        self.calm()

    def go_on(self):
        """Let what waits for its time come to it, several times."""
        for _time in range(4):
            self.calm()
            processes = ("fapiao.request", "fapiao.red.form", "fapiao.marking", "fapiao.assistant.update")
            for model in (*processes, "fapiao.withdrawal"):
                waiting = self.env[model].sudo().search([("next_try_at", "!=", False)])
                self.make_due(waiting, minutes=60 if model == "fapiao.request" else 0)
            self.run_cron("_cron_reconcile", "_cron_dispatch")

    # ------------------------------------------------------------------ flows

    def run_all_flows(self):
        self.at_piaodanyun()
        self.at_kingdee()
        self.at_the_assistant()
        self.called_back()
        self.enter_nonsense()
        self.time_out()
        self.env.flush_all()
        self.env.cr.precommit.run()

    def at_piaodanyun(self):
        self.use(self.piaodanyun)
        account = self.piaodanyun
        self.in_all_weathers(lambda way: way(account, "action_test_connection"))
        self.with_a_wrong(account, "password", "action_test_connection")
        self.in_all_weathers(lambda way: way(account, "action_refresh_credit"))
        self.log_in("sms", sms_code=f"{MARK}-wrong-code")
        self.log_in("soft_cert", pin=f"{MARK}-wrong-pin")
        self.log_in("soft_cert", pin=f"{MARK}-pin")
        self.log_in("app_qr")
        self.log_in("face_qr")
        self.authenticate_by_face()
        self.with_a_wrong(account, "tax_password", lambda: self.log_in("cert"))
        self.log_in("cert")
        self.issue_and_reverse()

    def at_kingdee(self):
        self.use(self.kingdee)
        account = self.kingdee
        self.in_all_weathers(lambda way: way(account, "action_test_connection"))
        self.with_a_wrong(account, "app_secret", "action_test_connection")
        self.issue_and_reverse()
        account.auto_invoice = False
        self.in_all_weathers(lambda way: self.issue_and(way, "action_fapiao_withdraw"))
        self.go_on()
        first, _last = self.env["fapiao.pull"]._recent_days()
        self.world.seed_inbound(defaults.TAX_NO, 3, first_day=str(first), days=2)
        self.in_all_weathers(lambda way: way(account, "action_pull"))
        self.run_cron(("fapiao.pull", "_cron_inbound"))
        account.marks_booked = True
        self.in_all_weathers(lambda _way: self.mark())
        self.go_on()

    def at_the_assistant(self):
        self.use(self.assisted)
        account = self.assisted
        self.in_all_weathers(lambda way: way(account, "action_test_assistant"))
        self.with_a_wrong(account, "client_secret", "action_test_assistant")
        for fault in FAULTS:
            with self.broken(**fault):
                self.open_page(self.expense())
            self.calm()
            expense = self.pick_one(listening_to=fault)
            with self.broken(**fault):
                self.account_for(expense)
            self.calm()
        self.account_for(self.pick_one())
        self.go_on()

    def with_a_wrong(self, account, name, deed):
        right = account.sudo()[name]
        account.sudo()[name] = f"{MARK}-wrong-{name}-{ODD}"
        if callable(deed):
            deed()
        else:
            self.click(account, deed)
            self.rpc(account, deed)
        account.sudo()[name] = right
        self.calm()

    def issue_and(self, way, method):
        invoice = self.create_invoice()
        way(invoice, "action_fapiao_issue")
        way(invoice, method)

    def issue_and_reverse(self):
        invoices = []

        def issue(way):
            invoices.append(self.create_invoice())
            way(invoices[-1], "action_fapiao_issue")

        self.in_all_weathers(issue)
        self.go_on()
        issued = [invoice for invoice in invoices if invoice.fapiao_ids]
        self.assertGreater(len(issued), 2, "not much has happened")
        self.in_all_weathers(lambda way: way(issued[-1].fapiao_ids, "action_refresh"))
        self.in_all_weathers(lambda way: way(issued[-1].fapiao_ids, "action_fetch_files"))
        with self.broken("file", kind="echo", page=True, status=502):
            self.click(issued[-2].fapiao_ids, "action_fetch_files")
        self.run_cron(("fapiao", "_cron_files"))
        reversible = iter(issued * 8)
        self.in_all_weathers(lambda way: self.reverse(way, next(reversible)))
        self.go_on()

    def reverse(self, way, invoice):
        action = self.click(invoice, "action_fapiao_red")
        if action and action.get("res_model") == "fapiao.red.flush":
            way(self.env["fapiao.red.flush"].browse(action["res_id"]), "action_apply")

    def log_in(self, method, **typed):
        """Log in with what is typed, and with what the cloud has sent."""
        self.world.set_session(defaults.TAX_NO, "sms" if method == "sms" else "lost")
        for fault in [None, *(FAULTS if method in ("sms", "app_qr") else TOLD)]:
            login = self.open_dialog("action_login", method=method)
            login.write({name: text for name, text in typed.items() if name == "pin"})
            self.take_steps(login, fault, typed.get("sms_code"))
            self.calm()

    def take_steps(self, login, fault, code):
        broken = self.broken(**fault) if fault else contextlib.nullcontext()
        self.rpc(login, "action_start")
        if login.state == "sms_sent":
            with self.world.acting():
                self.world.user(defaults.TAX_NO).sms_code = f"{MARK}-sms"
            with broken:
                self.type_code(login, code)
            self.type_code(login, f"{MARK}-sms")
        elif login.state in ("qr", "waiting"):
            with broken:
                self.look_at(login)
            self.world.scan()
            self.look_at(login)
        else:
            with broken:
                self.click(login, "action_start")

    def type_code(self, login, code):
        login.sms_code = code
        self.click(login, "action_confirm")
        login.sms_code = code
        self.rpc(login, "action_confirm")

    def look_at(self, login):
        for way in (self.click, self.rpc):
            if login.asked_at:
                login.sudo().asked_at = fields.Datetime.subtract(login.asked_at, minutes=1)
            way(login, "poll")

    def authenticate_by_face(self):
        for fault in [None, *TOLD]:
            self.world.set_face(defaults.TAX_NO, True)
            login = self.open_dialog("action_face")
            self.take_steps(login, fault, "")
            self.calm()

    def open_dialog(self, button, **values):
        account = self.piaodanyun.with_user(self.manager)
        context = getattr(account, button)()["context"]
        dialog = self.env["fapiao.login"].with_user(self.manager).with_context(**context)
        return dialog.create(values)

    def mark(self):
        row = self.world.receive_fapiao(
            defaults.TAX_NO, net="100.00", tax="13.00", seller_no=SELLER_TAX_NO, day="2026-03-10"
        )
        fapiao = self.receive(
            number=row.number,
            account_id=self.kingdee.id,
            type_code=str(row.kind),
            issue_date=fields.Date.to_date(row.day),
            code=row.code,
        )
        bill = self.bill()
        self.confirm(fapiao, bill)
        self.post(bill)
        self.run_cron("_cron_dispatch", "_cron_reconcile")

    def open_page(self, expense):
        """Open the assistant's page for an expense; return the visit where it opens."""
        try:
            pick = self.visit(expense)
        except UserError as error:
            self.answers.append(("open_page", "".join(traceback.format_exception(error))))
            return None
        shown = {name: said for name, said in self.answer.items() if name not in ("page_url", "socket")}
        self.answers.append(("open_page", repr(shown)))
        # the page is the user's own, opened with the keys in its address; one of them is all that the socket has
        self.assertIn(MARK, self.answer["page_url"])
        self.assertEqual(set(re.findall(rf"{MARK}\w*", str(self.answer["socket"]))), {pick.link_key})
        return pick

    def pick_one(self, listening_to=None):
        """Pick a ticket for an expense, from the click to the receipt; return the expense."""
        expense = self.expense()
        pick = self.open_page(expense)
        self.press(pick, [self.ticket("26", total=50)])
        if listening_to:
            with self.broken(**listening_to):
                self.run_cron(("fapiao.pick", "_cron_assistant"))
            self.calm()
        pick.next_poll_at = fields.Datetime.now()
        self.run_cron(("fapiao.pick", "_cron_assistant"))
        self.assertTrue(expense.sudo().fapiao_match_ids, pick.problem)
        return expense

    def account_for(self, expense):
        """Take an expense with picked tickets to its entry in the books, and tell the assistant."""
        self.env.cr.flush()
        expense.action_submit()
        self.run_cron("_cron_dispatch")
        theirs = expense.with_user(self.manager).with_context(allowed_company_ids=self.company.ids)
        theirs.action_approve()
        self.env.cr.flush()
        self.run_cron("_cron_dispatch")
        self.click(theirs, "action_fapiao_pick_compare")
        self.rpc(theirs, "action_fapiao_pick_compare")
        theirs.sudo()._post_without_wizard()
        self.env.cr.flush()
        self.run_cron("_cron_dispatch")
        theirs.sudo().account_move_id.button_draft()
        self.env.cr.flush()
        self.run_cron("_cron_dispatch")
        self.go_on()

    def called_back(self):
        path = self.kingdee.sudo().callback_url.partition("//")[2].partition("/")[2]
        token = self.kingdee.sudo().callback_token
        body = f'{{"callbackUrl": "https://odoo.test/{path}", "note": "{token}", "token": "{token}", "data": []}}'
        for method, address, sent in (
            ("POST", path, body),
            ("POST", path, f"not JSON: {path} {token}"),
            ("POST", path, "x" * (2**20 + 1)),
            ("POST", path + "/", body),
            ("POST", path + "x", body),
            ("POST", path.replace("kingdee", "piaodanyun"), body),
            ("GET", path, None),
            ("PUT", path, body),
        ):
            response = self.opener.request(
                method, f"{self.base_url()}/{address}", data=sent, timeout=30, allow_redirects=False
            )
            # the page of an address that isn't there shows the address to whoever called it
            shown = "" if response.status_code == 404 else response.text
            self.answers.append((f"callback {method}", f"{shown}{response.headers}"))
        self.kingdee.callback_addresses = "203.0.113.7"
        self.env.flush_all()
        self.opener.post(f"{self.base_url()}/{path}", data=body, timeout=30)
        self.run_cron("_cron_reconcile")
        self.click(self.kingdee.with_user(self.readers["administrator"]).sudo(), "action_rotate_callback_token")

    def enter_nonsense(self):
        """What the database refuses, with the row in its words; and settings without a value."""
        for account in self.accounts:
            for values in ({"pages_per_minute": 0}, {"name": False}, {"pace_per_minute": -1}):
                self.assertIsNone(self.rpc(account, "write", values), "it is refused")
        self.rpc(self.env["fapiao.account"], "create", {"name": "x", "company_id": self.company.id})

    def time_out(self):
        """A cloud that doesn't answer in time."""
        for account, method in (
            (self.piaodanyun, "action_refresh_credit"),
            (self.kingdee, "action_test_connection"),
            (self.assisted, "action_test_assistant"),
        ):
            account.read_timeout = 1
            with self.broken(kind="delay", seconds=2):
                self.click(account, method)
            self.calm()

    # ------------------------------------------------------------------ places

    def find_in_tables(self, find, own=True):
        """Return ``table.column: text`` of all that a dump of the database holds; ``own``: in the secrets' own
        columns as well."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns"
            " JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' GROUP BY table_name ORDER BY table_name"
        )
        found = []
        for table, columns in self.env.cr.fetchall():
            searched = [name for name in columns if own or name not in OWN_COLUMNS.get(table, ())]
            listed = ", ".join(f'"{name}"' for name in searched)
            dump = io.BytesIO()
            self.env.cr.copy_expert(f'COPY (SELECT {listed} FROM "{table}") TO STDOUT', dump)
            for row in dump.getvalue().split(b"\n") if find.search(dump.getvalue()) else []:
                for name, text in zip(searched, row.split(b"\t"), strict=False):
                    found += [f"{table}.{name}: {hit}" for hit in hits(find, text)]
        return found

    def find_in_attachments(self, find):
        attachments = self.env["ir.attachment"].sudo().search([("id", ">", self.first_attachment)])
        self.assertTrue(attachments)
        return [f"{file.name}: {hit}" for file in attachments for hit in hits(find, file.raw or b"")]

    def find_in_records(self, find, role):
        """Search what a user of this role can read and export of the addon's fields."""
        found, user, exported = [], self.readers[role], 0
        for model in self.models():
            records = self.env[model].with_user(user).with_context(allowed_company_ids=self.company.ids)
            if not records.has_access("read"):
                continue
            names = self.readable_fields(records, role)
            records = records.search([], limit=2000)
            said = [records.read(names)]
            # what they link to may be closed to this user, or exports are
            with contextlib.suppress(UserError):
                said.append(records.export_data(names))
                exported += 1
            found += [f"{model} of {role}: {hit}" for hit in hits(find, repr(said).encode())]
        self.assertTrue(exported or role == "employee", "nothing was exported")
        return found

    def find_over_http(self, find):
        """Search what the manager's browser is answered."""
        self.answers.clear()
        for model in self.models():
            records = self.env[model].with_user(self.manager)
            if not records.has_access("read"):
                continue
            names = self.readable_fields(records, "manager")
            specification = {name: {} for name in names}
            self.rpc(self.env[model], "web_search_read", [], specification, limit=2000)
            first = records.with_context(allowed_company_ids=self.company.ids).search([], limit=50)
            self.rpc(first, "web_read", specification)
            self.rpc(self.env[model], "get_views", [[False, "form"], [False, "list"]])
        return self.find_in_answers(find)

    def find_in_answers(self, find):
        self.assertTrue(self.answers)
        return [f"{asked}: {hit}" for asked, text in self.answers for hit in hits(find, text.encode())]

    def find_in_neutralised_copy(self, find):
        with contextlib.closing(self.cr.savepoint(flush=True)):
            neutralize_database(self.env.cr)
            self.env.invalidate_all()
            return self.find_in_tables(find)

    def models(self):
        return [
            name
            for name, model in sorted(self.env.registry.items())
            if not model._abstract and model._auto and any(ADDON in field._modules for field in model._fields.values())
        ]

    def readable_fields(self, records, role):
        """Return what a role reads of a model: our fields, and all of our own models. An administrator reads the
        secrets, and the callback's address to enter it at the cloud."""
        names = [
            name
            for name in records.fields_get(attributes=["type"])
            if records._name.startswith("fapiao") or ADDON in records._fields[name]._modules
        ]
        hidden = OWN_COLUMNS.get(records._table, set()) | {"callback_url"} if role == "administrator" else set()
        return [name for name in names if name not in hidden]


def hits(find, text):
    """Return what stands around each find, shortened."""
    return [
        text[max(0, match.start() - 100) : match.end() + 40].decode("utf-8", "replace")
        for match in list(find.finditer(text))[:3]
    ]
