"""Each public method and each field of the addon against each kind of user; ``gates_table`` says who may what.

RPC reaches every method without a leading underscore and every field, whatever the views show. A denied call raises
AccessError, and nothing of it reaches a cloud.
"""

import inspect
from contextlib import contextmanager, suppress

from odoo import Command, fields
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.models import LOG_ACCESS_COLUMNS
from odoo.service.model import call_kw, get_public_method
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..clouds import base
from ..models.cloud.fapiao_guard_mixin import ADDON
from . import gates_table as table
from .common_match import MatchCommon
from .common_order import OrderCommon
from .test_security_access import AccessCase
from .test_security_rights import portal_user

MODULE = f"odoo.addons.{ADDON}."
RECEIVED = ("action_match", "action_match_documents", "action_create_bill", "action_deduct")
LOG = {"id", *LOG_ACCESS_COLUMNS}
QUIET = ("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model", "odoo.models.unlink")


class Undone(Exception):
    """Ends a savepoint that is rolled back."""


def own_methods(model):
    """Return the names of the methods of ``model`` that RPC reaches and this addon alone defines: an override of
    one of Odoo's keeps the check of what it overrides."""
    ours, theirs = set(), set()
    for cls in type(model).mro():
        names = {name for name, value in vars(cls).items() if not name.startswith("_") and is_method(value)}
        (ours if cls.__module__.startswith(MODULE) else theirs).update(names)
    return {name for name in ours - theirs if is_public(model, name)}


def is_method(value):
    return inspect.isfunction(value) or isinstance(value, (classmethod, staticmethod))


def is_public(model, name):
    try:
        return callable(get_public_method(model, name))
    except AccessError:
        return False


def kept_fields(model):
    """Return the fields of this addon on ``model`` that keep what is written to them, here or elsewhere."""
    return {
        name
        for name, field in model._fields.items()
        if field._modules[:1] == (ADDON,)
        and not field.inherited
        and name not in LOG
        and (field.store or field.inverse)
        and not (model._abstract or not model._auto)
    }


class GatesCase(OrderCommon, MatchCommon, AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = cls.env["res.company"].create({"name": "另一公司"})
        cls.kinds = {
            "public": cls.env.ref("base.public_user"),
            "portal": portal_user(cls.env, cls.buyer),
            "employee": cls.users["employee"],
            "stranger": cls._create_user("stranger", cls.manager_group, other),
            "auditor": cls.users["auditor"],
            "invoicer": cls.users["invoicer"],
            "issuer": cls.users["issuer"],
            "manager": cls.users["manager"],
            "administrator": cls.users["administrator"],
        }

    def models(self):
        return [self.env[name] for name in sorted(self.env.registry) if not self.env[name]._abstract]


@tagged("post_install", "-at_install")
class TestTable(GatesCase):
    def test_every_method_has_a_row(self):
        found = {model._name: own_methods(model) for model in self.models()}
        found = {name: methods for name, methods in found.items() if methods}
        rows = {}
        for rows_of in table.METHODS.values():
            for model, names in rows_of.items():
                for name in names.split():
                    self.assertNotIn(name, rows.setdefault(model, set()), f"{model} has two rows")
                    rows[model].add(name)
        for model in sorted(found.keys() | rows.keys()):
            with self.subTest(model):
                self.assertEqual(found.get(model, set()), rows.get(model, set()))

    def test_every_field_has_a_row(self):
        for model in self.models():
            rows = table.FIELDS.get(model._name, {})
            listed = [name for names in rows.values() for name in names.split()]
            with self.subTest(model._name):
                self.assertEqual(len(listed), len(set(listed)))
                self.assertEqual(set(listed), kept_fields(model))

    def test_who_writes_which_field(self):
        for model in self.models():
            for rule, names in table.FIELDS.get(model._name, {}).items():
                for name in names.split():
                    with self.subTest(model=model._name, field=name):
                        self.assertEqual(self.writers(model, name), table.USERS[rule] - {"stranger"})

    def writers(self, model, name):
        guarded = getattr(model, "_fapiao_guarded", frozenset)()
        return {
            kind
            for kind, user in self.kinds.items()
            if kind != "stranger"  # a manager; which records they are, record rules say
            and name not in guarded
            and (theirs := model.with_user(user)).has_access("write")
            and theirs._has_field_access(model._fields[name], "write")
        }


@tagged("post_install", "-at_install")
class TestCalls(GatesCase):
    # ------------------------------------------------------------------ a record of each model

    def setUp(self):
        super().setUp()
        self.invoice = self.issued()
        self.order = self.create_order()
        self.received, self.vendor_bill = self.receive(), self.bill()
        self.match = self.confirm(self.received, self.vendor_bill)
        employee = (
            self.env["hr.employee"]
            .sudo()
            .create({"name": "小票", "user_id": self.users["employee"].id, "company_id": self.company.id})
        )
        self.travel = (
            self.env["hr.expense"]
            .sudo()
            .create(
                {
                    "name": "Trip",
                    "employee_id": employee.id,
                    "company_id": self.company.id,
                    "total_amount_currency": 1,
                }
            )
        )
        self.known = {
            "account.move": self.invoice,
            "account.move.line": self.vendor_bill.invoice_line_ids[:1],
            "sale.order": self.order,
            "hr.expense": self.travel,
            "fapiao": self.invoice.fapiao_ids,
            "fapiao.account": self.account,
            "fapiao.request": self.invoice.fapiao_request_ids,
            "fapiao.call": self.invoice.fapiao_request_ids.call_ids[:1],
            "fapiao.match": self.match,
            "fapiao.purchase": self.env["fapiao.purchase"].browse(self.received.id),
            "product.template": self.product_a.product_tmpl_id,
            "res.company": self.company,
            "res.users": self.users["employee"],
            "res.currency": self.company.currency_id,
            "res.partner": self.buyer,
        }
        self.env.flush_all()

    def record(self, model, name, user):
        """Return the record on which ``user`` calls ``name``; of a dialog, one of their own."""
        if model._name == "account.move" and name.startswith(("action_fapiao_in", "action_fapiao_pick")):
            return self.vendor_bill
        if model._name == "fapiao" and name in RECEIVED:
            return self.received
        if model._name in self.known:
            return self.known[model._name]
        if model._transient:
            return self.made(model.with_user(user).sudo())
        self.known[model._name] = self.made(model.sudo())
        return self.known[model._name]

    def made(self, model):
        """Return a new record with whatever is required."""
        values = {}
        for name, field in model._fields.items():
            if field.required and field.store and not (field.default or field.compute or field.related):
                values[name] = self.filled(model, field)
        values.update(self.details(model))
        return model.create(values)

    def needed(self, comodel, model):
        """Return a record of ``comodel`` for one of ``model``, of the same user's."""
        return self.record(self.env[comodel], "", model.env.user)

    def filled(self, model, field):
        if field.type == "many2one":
            return self.needed(field.comodel_name, model).id
        if field.type == "many2many":
            return [Command.set(self.needed(field.comodel_name, model).ids)]
        if field.type == "selection":
            return field.get_values(self.env)[0]
        if field.type in ("date", "datetime"):
            return fields.Date.today()
        return 1 if field.type in ("integer", "float", "monetary") else "x"

    def details(self, model):
        return {
            "fapiao.callback": {"account_id": self.account.id, "company_id": self.company.id},
            "fapiao.deduction": {"fapiao_ids": [Command.set(self.received.ids)]},
            "fapiao.marking": {"operation": base.SELECT},
            "fapiao.match.bill": {"fapiao_ids": [Command.set(self.received.ids)]},
            "fapiao.match.wizard": {"fapiao_id": self.received.id},
            "fapiao.match.wizard.line": {"move_id": self.vendor_bill.id},
            "fapiao.pick": {"user_id": self.users["employee"].id, "expense_ids": [Command.set(self.travel.ids)]},
            "fapiao.red.flush": {"fapiao_id": self.invoice.fapiao_ids.id, "number": self.invoice.fapiao_numbers},
            "fapiao.red.form": {"fapiao_id": self.invoice.fapiao_ids.id},
            "fapiao.assistant.update": {"move_id": self.vendor_bill.id},
            "fapiao.pull.wizard": {"account_id": self.account.id},
            "fapiao.find": {"account_id": self.account.id, "number": "26442000000000000001"},
            "fapiao.request.move": {
                "request_ids": [Command.set(self.invoice.fapiao_request_ids.ids)],
                "target_id": self.account.id,
            },
            "fapiao.take.in": {"account_id": self.account.id},
            "fapiao.issue.problem": {"mend_model": "account.move", "mend_id": self.invoice.id},
            "fapiao.order.request.problem": {"mend_model": "sale.order", "mend_id": self.order.id},
        }.get(model._name, {})

    # ------------------------------------------------------------------ calls

    def args(self, model, name, record):
        if (model._name, name) in (("fapiao.request", "follow"), ("fapiao.red.form", "follow")):
            return [record.ids]
        more = {"move_ticket": [1, 1], "check_vat_cn": ["91310000MA1SELLER8"]}.get(name, [])
        return [record.ids, *more]

    @contextmanager
    def undone(self):
        """Take back whatever is done, and let nothing of it run after the commit."""
        hooks = (self.env.cr.precommit, self.env.cr.postcommit)
        try:
            with suppress(Undone), self.env.cr.savepoint(flush=False):
                yield
                raise Undone
        finally:
            for hook in hooks:
                hook.clear()
            self.env.invalidate_all(flush=False)

    def call(self, model, name, user):
        """Call as RPC does; return what was refused, or ''."""
        with self.env.cr.savepoint():
            record = self.record(model, name, user)
            self.env.flush_all()
        theirs = model.with_user(user).with_context(allowed_company_ids=user.sudo().company_ids.ids)
        try:
            with self.undone(), self.engine():
                call_kw(theirs, name, self.args(model, name, record), {})
                self.env.flush_all()
        except AccessError as error:
            return str(error) or "refused"
        except (UserError, RedirectWarning):
            return ""
        return ""

    def assert_gates(self, rule):
        for model_name, names in table.METHODS[rule].items():
            model = self.env[model_name]
            for name in names.split():
                for kind, user in self.kinds.items():
                    with self.subTest(model=model_name, method=name, user=kind):
                        before = len(self.world.calls.of())
                        refused = self.call(model, name, user)
                        if kind in table.USERS[rule]:
                            self.assertFalse(refused)
                        else:
                            self.assertTrue(refused, "must raise AccessError")
                            self.assertEqual(len(self.world.calls.of()), before, "a call reached a cloud")


def _gate(rule):
    @mute_logger(*QUIET)
    def test(self):
        self.assert_gates(rule)

    return test


for _rule in table.METHODS:
    setattr(TestCalls, f"test_{_rule}", _gate(_rule))
