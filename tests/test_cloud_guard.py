"""Links and stored results on core's models are the addon's: no user writes them, by whatever way."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.models import LOG_ACCESS_COLUMNS
from odoo.service.model import call_kw
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.cloud.fapiao_guard_mixin import ADDON
from ..models.issuing.builder import Builder
from .common_match import MatchCommon
from .common_order import OrderCommon
from .test_security_access import AccessCase

# Every field of this addon that a user may write on a model with a guard.
INPUTS = {
    "account.journal": {"fapiao_account_id", "fapiao_voucher_word"},
    "account.move": {
        *("fapiao_type", "fapiao_form", "fapiao_remark", "fapiao_small_scale_reason"),
        *("fapiao_account_id", "fapiao_drawer", "fapiao_voucher_ids", "fapiao_cover_number", "fapiao_output_reason"),
        *("fapiao_element_ids", "fapiao_advance", "fapiao_advance_code_id"),
    },
    "account.move.line": {"fapiao_tax_code_id"},
    "account.tax": {"fapiao_zero_kind", "fapiao_policy", "fapiao_levy"},
    "crm.team": {"fapiao_account_id"},
    "fapiao.voucher": {
        *("move_id", "sequence", "fapiao_id", "kind", "number", "code", "date", "total", "deducted", "remark"),
    },
    "fapiao.account": {
        *("name", "sequence", "active", "company_id", "provider", "mode", "base_url", "tax_no"),
        "registered_name",
        *("phone", "password", "tenant_number", "tax_username", "tax_password", "add_seal"),
        *("token_header", "token_prefix", "token_lifetime", "read_timeout", "grace_minutes", "wait_days"),
        *("pace_per_minute", "pace_per_hour", "pace_per_day", "pages_per_minute", "pace_reserved_percent"),
        *("calls_at_once", "small_scale", "small_scale_reason", "recheck_day", "marks_booked"),
        *("app_key", "app_secret", "tenant_code", "datacenter", "cloud_user", "user_type", "business_system"),
        *("auto_invoice", "gross_total", "answer_text_ids", "drawer"),
        *("auto_merge", "org_code", "priority", "goods_codes", "line_notes", "element_codes"),
        "differential_bills",
        *("paper_kind_special", "paper_kind_ordinary", "red_forms_daily", "side_as_list", "partial_red"),
        *("assistant_url", "assistant_page_url", "client_key", "client_secret"),
        *("token_body", "confirm_buyer", "check_person", "assistant_quiet_codes"),
        *("assistant_link_url", "assistant_link_version", "assistant_announce", "assistant_grid"),
        *("callback_addresses", "callback_rows_per_hour", "callback_bytes_per_hour"),
        *("pull_daily", "pull_pause", "bureau_channel", "full_interface"),
        *("app_token_path", "login_path", "pull_at_once", "pull_daily_kind"),
        *("pool_path", "pool_interface", "pool_style", "pool_keys", "pool_from_zero"),
    },
    "fapiao.archive": {"company_id", "date_from", "date_to", "direction"},
    "fapiao.element": {
        *("product_tmpl_id", "move_id", "order_id", "element", "province", "city", "district", "address", "project"),
        *("cross_city", "cross_city_no", "land_tax_no", "certificate_no", "area_unit", "contract_no"),
        *("approved_price", "actual_price", "date_from", "date_to", "is_parking", "time_from", "time_to", "plate"),
        *("for_register", "engine_no", "chassis_no", "row_ids"),
    },
    "fapiao.element.row": {
        *("element_id", "sequence", "place_from", "place_to", "freight_vehicle", "plate", "goods"),
        *("traveller", "id_kind", "id_no", "day", "vehicle", "seat"),
    },
    "hr.expense": {"fapiao_cover_number", "fapiao_output_reason"},
    "product.category": {"fapiao_code_id", "fapiao_item_name"},
    "product.template": {
        *("fapiao_code_id", "fapiao_item_name", "fapiao_policy", "fapiao_spec"),
        *("fapiao_coal_kind", "fapiao_element_ids"),
    },
    "product.product": {"fapiao_spec"},
    "res.company": {
        *("fapiao_account_id", "fapiao_auto_issue", "fapiao_red_on_credit", "fapiao_default_type"),
        *("fapiao_drawer", "fapiao_payee", "fapiao_reviewer", "fapiao_remark", "fapiao_amount_limit"),
        *("fapiao_credit_threshold", "fapiao_twin_days"),
        *("fapiao_show_seller_bank", "fapiao_show_buyer_bank"),
        *("fapiao_pick_claimed", "fapiao_pick_title", "fapiao_pick_tax_no"),
        *("fapiao_pick_unverified", "fapiao_pick_personal", "fapiao_pick_bank", "fapiao_company_code"),
        *("fapiao_credit_days", "fapiao_in_details", "fapiao_spec_source", "fapiao_notes"),
        *("fapiao_advance", "fapiao_advance_code_id", "fapiao_turn_out_account_id"),
    },
    "res.partner": {
        *("fapiao_title_type", "fapiao_type", "fapiao_bank"),
        *("fapiao_address", "fapiao_phone", "fapiao_email"),
    },
    "res.users": {"fapiao_account_id"},
    "sale.order": {"fapiao_account_id", "fapiao_drawer", "fapiao_element_ids"},
    "sale.order.line": {"fapiao_tax_code_id"},
    "uom.uom": {"fapiao_name", "fapiao_own_name"},
}
# Set up by managers; unknown answers have rules of their own.
SETUP = {
    *("fapiao.answer.text", "fapiao.former.name", "fapiao.ticket.category"),
    *("fapiao.tax.code", "fapiao.tax.code.update", "fapiao.tax.code.update.line"),
}
LINKS = ("fapiao_ids", "fapiao_request_ids", "fapiao_red_form_ids")


def own_fields(model):
    """Return the names of the fields that this addon keeps on ``model``."""
    return {name for name, field in model._fields.items() if field._modules[:1] == (ADDON,) and not field.inherited}


@tagged("post_install", "-at_install")
class TestGuard(OrderCommon, MatchCommon, AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        users = dict(cls.users)
        users["seller"] = cls._create_user("seller", cls.env.ref("sales_team.group_sale_manager"))
        users["approver"] = cls._create_user("approver", cls.env.ref("hr_expense.group_hr_expense_manager"))
        users["products"] = cls._create_user("products", cls.env.ref("product.group_product_manager"))
        users["contacts"] = cls._create_user("contacts", cls.env.ref("base.group_partner_manager"))
        users["accountant"] = cls._create_user("accountant", cls.env.ref("account.group_account_manager"))
        cls.everybody = users

    def guarded_models(self):
        """Return the models with fields of this addon that somebody but the superuser may write."""
        return [
            model
            for name in sorted(self.env.registry)
            if own_fields(model := self.env[name])
            and not (model._abstract or model._transient or name in SETUP)
            and any(
                model.with_user(user).has_access(operation)
                for user in self.everybody.values()
                for operation in ("write", "create")
            )
        ]

    def records(self):
        """Return a record of each model with a guard, by the model's name."""
        order = self.create_order()
        invoice = self.invoice(order)
        employee = self.env["hr.employee"].sudo().create({"name": "小票", "company_id": self.company.id})
        expense = self.env["hr.expense"].sudo()
        expense = expense.create(
            {"name": "Trip", "employee_id": employee.id, "company_id": self.company.id, "total_amount": 1}
        )
        records = [invoice, invoice.invoice_line_ids, order, order.order_line, self.tax_13, self.company]
        records += [self.product_a, self.product_a.product_tmpl_id, self.product_a.categ_id, self.buyer, expense]
        records += [self.product_a.uom_id, self.env["fapiao.archive"].create({"company_id": self.company.id})]
        records += [self.confirm(self.receive(), self.bill()), self.account]
        records += [self.company_data["default_journal_sale"], self.users["employee"]]
        records += [self.env["crm.team"].sudo().create({"name": "华东"})]
        element = self.env["fapiao.element"].sudo()
        element = element.create(
            {"element": "04", "move_id": invoice.id, "row_ids": [Command.create({"goods": "钢材"})]}
        )
        records += [element, element.row_ids]
        voucher = {"move_id": self.create_invoice(post=False).id, "total": 1, "deducted": 1}
        records += [self.env["fapiao.voucher"].create(voucher)]
        return {record._name: record for record in records}

    def test_every_model_that_users_write_has_the_guard(self):
        guard = self.env.registry["fapiao.guard.mixin"]
        for model in self.guarded_models():
            with self.subTest(model._name):
                self.assertIsInstance(model, guard)
                self.assertEqual(own_fields(model) - model._fapiao_guarded(), INPUTS.get(model._name, set()))

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_only_inputs_can_be_written(self):
        records = self.records()
        self.assertEqual(sorted(records), [model._name for model in self.guarded_models()])
        for model, record in records.items():
            writers = {
                name: theirs
                for name, user in self.everybody.items()
                if (theirs := record.with_user(user)).has_access("write")
            }
            self.assertTrue(writers, model)
            for name, theirs in writers.items():
                for field in own_fields(record):
                    with self.subTest(model=model, user=name, field=field), self.env.cr.savepoint():
                        value = record._fields[field].convert_to_write(record.sudo()[field], record)
                        if field in INPUTS.get(model, ()):
                            if not theirs._has_field_access(record._fields[field], "write"):
                                continue  # a secret, for administrators
                            theirs.write({field: value})
                            continue
                        with self.assertRaisesRegex(AccessError, "Not editable"):
                            theirs.write({field: value})
                        with self.assertRaisesRegex(AccessError, "Not editable"):
                            theirs.create({field: value})

    def test_label_and_model_are_named(self):
        invoice = self.create_invoice()
        with self.assertRaises(AccessError) as refused:
            invoice.write({"fapiao_request_ids": [Command.clear()]})
        self.assertIn("Fapiao Requests", str(refused.exception))
        self.assertIn("Journal Entry", str(refused.exception))

    def test_nothing_comes_in_by_commands_or_imports(self):
        invoice = self.create_invoice(post=False)
        order = self.create_order(confirm=False)
        clear = {"fapiao_request_line_ids": [Command.clear()]}
        ways = [
            (invoice, {"invoice_line_ids": [Command.update(invoice.invoice_line_ids.id, clear)]}),
            (invoice, {"invoice_line_ids": [Command.create({"name": "x", **clear})]}),
            (order, {"order_line": [Command.update(order.order_line.id, clear)]}),
        ]
        for record, values in ways:
            with self.subTest(record._name), self.assertRaisesRegex(AccessError, "Not editable"):
                record.write(values)
        loaded = self.env["account.move"].load([".id", "fapiao_numbers"], [[str(invoice.id), "1"]])
        self.assertIn("Not editable", loaded["messages"][0]["message"])

    def test_defaults_are_no_way_in(self):
        """Context and user defaults reach what core creates as superuser, too."""
        issued = self.issued()
        links = {name: [Command.set(issued[name].ids)] for name in ("fapiao_ids", "fapiao_request_ids")}
        user = self.users["invoicer"]
        self.env["ir.default"].with_user(user).set(
            "account.move", "fapiao_request_ids", issued.fapiao_request_ids.ids, user_id=True
        )
        context = {f"default_{name}": value for name, value in links.items()}
        context["default_fapiao_state"] = "issued"
        Move = self.env["account.move"].with_user(user).with_context(**context)
        values = {"move_type": "out_invoice", "partner_id": self.buyer.id}
        for move in (Move.create(values), Move.sudo().create(values)):
            self.assertFalse(move.fapiao_ids | move.fapiao_request_ids.fapiao_ids)
            self.assertFalse(move.fapiao_request_ids)
            self.assertEqual(move.fapiao_state, "none")
        self.assertFalse({*links, "fapiao_state"} & set(Move.default_get([*links, "fapiao_state"])))

    def test_no_copy_carries_what_its_user_could_not_write(self):
        for model in self.guarded_models():
            if model._name == "fapiao.match":
                continue  # a match isn't copied, see below
            guarded = model._fapiao_guarded().difference(LOG_ACCESS_COLUMNS)
            copied = {name for name in guarded if model._fields[name].copy}
            self.assertFalse(copied, model._name)
        match = self.confirm(self.receive(), self.bill())
        with self.assertRaisesRegex(AccessError, "Not editable"):
            match.copy()

    def test_confirmation_bears_the_name_of_who_confirms(self):
        match = self.confirm(self.receive(), self.bill())
        clerk = match.with_user(self.users["invoicer"])
        clerk.action_undo()
        self.assertFalse(match.user_id)
        clerk.action_confirm()
        self.assertEqual(match.user_id, self.users["invoicer"])
        for values in ({"user_id": self.env.uid}, {"rule": "number"}, {"amount": 1}, {"state": "proposed"}):
            with self.subTest(values), self.assertRaisesRegex(AccessError, "Not editable"):
                clerk.write(values)

    def test_dialog_of_a_reversal_is_about_what_it_was_opened_for(self):
        invoice = self.issued()
        with self.engine():
            action = invoice.with_user(self.users["issuer"]).action_fapiao_red()
        flush = self.env["fapiao.red.flush"].with_user(self.users["issuer"]).browse(action["res_id"])
        flush.write({"reason": flush.reason, "make_credit_note": True})
        for field in own_fields(flush) - flush._fapiao_inputs:
            with self.subTest(field), self.assertRaisesRegex(AccessError, "Not editable"):
                flush.write({field: False})
        values = {"company_id": self.company.id, "account_id": self.account.id, "number": "1" * 20}
        with self.assertRaisesRegex(AccessError, "Not editable"):
            flush.create(values)

    def test_matching_takes_the_right_to_match(self):
        match = self.confirm(self.receive(), self.bill())
        for name in ("employee", "auditor", "salesman"):
            theirs = match.with_user(self.users[name])
            for attempt in (theirs.action_undo, theirs.action_confirm):
                with self.subTest(user=name), self.assertRaises(AccessError):
                    attempt()
            with self.subTest(user=name), self.assertRaises(AccessError):
                theirs._confirm_pair(self.receive(), self.bill(), 113)


@tagged("post_install", "-at_install")
class TestStory(AccessCase):
    """A clerk who is no issuer tries to make an issued invoice look new; an issuer clicks in good faith."""

    def rpc(self, records, method, *args, **kwargs):
        """Call as the web client does; return the error, or None."""
        try:
            with self.env.cr.savepoint():
                call_kw(records.with_user(self.users["invoicer"]), method, [records.ids, *args], kwargs)
                self.env.flush_all()
        except (AccessError, UserError) as error:
            self.env.invalidate_all()
            return str(error)
        return None

    def attack(self, invoice):
        """Clear the links, reset, enter the line anew, post; return what was refused."""
        line = invoice.invoice_line_ids
        again = Command.create(
            {
                "product_id": line.product_id.id,
                "quantity": line.quantity,
                "price_unit": line.price_unit,
                "tax_ids": [Command.set(line.tax_ids.ids)],
            }
        )
        lines = [Command.delete(line.id), again]
        steps = [
            *(("write", {name: [Command.clear()]}) for name in LINKS),
            ("write", {"fapiao_request_line_ids": [Command.clear()]}),
            (
                "web_save",
                {"fapiao_ids": [Command.clear()], "fapiao_state": "to_issue"},
                {"specification": {}},
            ),
            ("button_draft",),
            ("button_cancel",),
            ("write", {"state": "draft"}),
            ("write", {"state": "draft", "invoice_line_ids": lines}),
            ("write", {"invoice_line_ids": lines}),
            ("action_post",),
        ]
        refused = {}
        for number, (method, *args) in enumerate(steps):
            kwargs = args.pop() if len(args) > 1 else {}
            refused[number, method] = self.rpc(invoice, method, *args, **kwargs)
        refused["unlink line"] = self.rpc(line.with_context(force_delete=True), "unlink")
        refused["unlink"] = self.rpc(invoice.with_context(force_delete=True), "unlink")
        return refused

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.models.unlink")
    def test_issued_invoice_gets_no_second_fapiao(self):
        invoice = self.issued()
        line = invoice.invoice_line_ids
        refused = self.attack(invoice)
        self.assertEqual([step for step, said in refused.items() if not said], [])
        self.assertEqual((invoice.state, invoice.fapiao_state), ("posted", "issued"))
        self.assertEqual(invoice.invoice_line_ids, line)
        with self.assertRaisesRegex(UserError, "already has the fapiao"):
            self.issue(invoice, self.users["issuer"])
        self.assert_one_fapiao(invoice)
        self.assertEqual(len(self.world.issued()), 1)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.models.unlink")
    def test_open_request_holds_the_invoice(self):
        self.sandbox.stop()
        self.addCleanup(self.sandbox.start)
        invoice = self.create_invoice()
        self.issue(invoice)
        refused = self.attack(invoice)
        self.assertEqual([step for step, said in refused.items() if not said], [])
        self.assertEqual((invoice.state, invoice.fapiao_state), ("posted", "pending"))

    def test_links_that_are_gone_make_no_difference(self):
        """A restored table or a statement in SQL takes the links away: the facts still bind."""
        invoice = self.issued()
        number = invoice.fapiao_ids.number
        self.cr.execute("DELETE FROM fapiao_move_rel WHERE move_id = %s", [invoice.id])
        self.cr.execute("DELETE FROM fapiao_request_move_rel WHERE move_id = %s", [invoice.id])
        self.env.invalidate_all()
        self.assertFalse(invoice.fapiao_ids or invoice.fapiao_request_ids)
        with self.assertRaisesRegex(UserError, number):
            invoice.button_draft()

    def test_answer_does_not_depend_on_who_asks(self):
        self.issued()
        invoice = self.issued()
        # may write invoices, and reads neither fapiao nor requests
        model = self.env.ref("account.model_account_move").id
        group = self.env["res.groups"].create({"name": "Cancels"})
        access = {"name": "x", "group_id": group.id, "perm_read": True, "perm_write": True}
        self.env["ir.model.access"].create({**access, "model_id": model})
        line_model = self.env.ref("account.model_account_move_line").id
        self.env["ir.model.access"].create({**access, "model_id": line_model})
        user = self._create_user("cancels", self.env.ref("base.group_user") + group)
        self.assertFalse(invoice.fapiao_ids.with_user(user).has_access("read"))
        with self.assertRaisesRegex(UserError, invoice.fapiao_ids.number):
            invoice.with_user(user).write({"state": "cancel"})

    def test_line_that_is_gone_blocks_instead_of_being_open(self):
        invoice = self.issued()
        number = invoice.fapiao_ids.number
        self.env.flush_all()
        self.cr.execute("UPDATE fapiao_request_line SET move_line_id = NULL WHERE move_id = %s", [invoice.id])
        self.env.invalidate_all()
        (built,) = Builder(self.env)._build(invoice)
        self.assertFalse(built.is_ready)
        self.assertEqual([problem.code for problem in built.problems], ["cover_without_line"])
        said = invoice._fapiao_describe(built.problems[0])
        self.assertIn(number, said)
        self.assertIn("Reverse that fapiao", said)

    def test_ended_requests_let_go(self):
        self.world.faults.add("blueTicket", "refused")
        invoice = self.create_invoice()
        self.issue(invoice)
        rejected = invoice.fapiao_request_ids
        self.assertEqual(rejected.state, "rejected")
        row = rejected.line_ids
        kept = (row.amount_untaxed, row.amount_tax, row.quantity)
        self.assertIsNone(self.rpc(invoice, "button_draft"))
        invoice.invoice_line_ids.unlink()
        self.env.invalidate_all()
        self.assertFalse(row.move_line_id)
        self.assertEqual((row.move_id, row.amount_untaxed, row.amount_tax, row.quantity), (invoice, *kept))
        invoice.write({"invoice_line_ids": [Command.create({"product_id": self.product_a.id, "price_unit": 1000})]})
        invoice.action_post()
        self.issue(invoice)
        self.assert_one_fapiao(invoice)

    def test_reversed_fapiao_lets_go(self):
        invoice = self.issued()
        invoice.fapiao_ids.sudo().status = "red"
        invoice.button_draft()
        invoice.invoice_line_ids.unlink()
        self.assertEqual(sum(invoice.fapiao_request_line_ids.mapped("amount_total")), 1130)


@tagged("post_install", "-at_install")
class TestAccountInputs(AccessCase):
    """What a cloud said of an account is no setting, and its form saves nothing but settings."""

    SAID = {
        "session_state": "ok",
        "face_state": "ok",
        "credit_left": 1e9,
        "credit_left_told": 1e9,
        "credit_since": "2099-01-01",
        "credit_total": 1e9,
        "token_lease_until": "2099-01-01",
        "left_alone_until": "2099-01-01",
        "away_count": 0,
        "restored_at": False,
        "pull_day": "2099-01-01",
        "recheck_told_on": "2099-01-01",
        "token": "mine",
        "callback_token": "mine",
        "database_identity": "mine",
    }

    def new(self, **values):
        return {
            "name": "Second",
            "base_url": self.account.base_url,
            "tax_no": self.account.tax_no,
            "tax_username": "second",
            **values,
        }

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.orm.models", "odoo.models")
    def test_nobody_writes_what_was_said(self):
        self.account.sudo().write({"credit_left_told": 5, "callback_token": "secret"})
        for user in (self.users["manager"], self.users["administrator"]):
            theirs = self.account.with_user(user)
            for name, value in self.SAID.items():
                for method, args in (
                    ("write", [theirs.ids, {name: value}]),
                    ("web_save", [theirs.ids, {name: value}, {}]),
                    ("create", [self.new(**{name: value})]),
                ):
                    with (
                        self.subTest(user=user.name, field=name, method=method),
                        self.assertRaises(AccessError),
                        self.env.cr.savepoint(),
                    ):
                        call_kw(theirs.browse(), method, args, {})
        self.assertEqual((self.account.credit_left, self.account.sudo().callback_token), (5, "secret"))

    def test_defaults_of_the_client_are_not_taken(self):
        defaults = {f"default_{name}": value for name, value in self.SAID.items()}
        admin = self.env["fapiao.account"].with_user(self.users["administrator"])
        account = admin.with_context(**defaults).create(self.new()).sudo()
        for name in ("session_state", "face_state"):
            self.assertEqual(account[name], "unknown")
        for name in ("credit_left", "token_lease_until", "left_alone_until", "token", "database_identity"):
            self.assertFalse(account[name], name)
        self.assertTrue(account.callback_token and account.callback_token != "mine")

    def test_form_saves(self):
        self.account.sudo().write({"session_state": "sms", "credit_left_told": 7, "credit_at": "2026-01-01"})
        with Form(self.account.with_user(self.users["manager"])) as form:
            form.name = "Renamed"
            form.pace_per_minute = 9
            form.small_scale = True
            form.small_scale_reason = "2"
            form.small_scale = False
        self.assertRecordValues(
            self.account,
            [{"name": "Renamed", "pace_per_minute": 9, "small_scale_reason": False, "session_state": "sms"}],
        )
        with Form(self.env["fapiao.account"].with_user(self.users["administrator"])) as form:
            form.name, form.base_url, form.tax_no = "New", self.account.base_url, self.account.tax_no
            form.tax_username, form.password, form.phone = "new", "pass", "13900000001"
        self.assertEqual((form.record.session_state, form.record.password), ("unknown", "pass"))

    def test_own_actions_still_write(self):
        token = self.account.sudo().callback_token
        self.account.with_user(self.users["administrator"]).action_rotate_callback_token()
        self.assertNotEqual(self.account.sudo().callback_token, token)
        with self.engine():
            self.account.with_user(self.users["issuer"]).action_refresh_credit()
        self.assertTrue(self.account.credit_at)
