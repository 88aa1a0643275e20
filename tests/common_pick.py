"""A company with the expense assistant, an employee with an expense, and a wallet of tickets."""

from datetime import date
from unittest.mock import patch

import requests

from odoo import Command

from ..models.expenses import fapiao_pick as fapiao_pick_listen
from ..models.expenses import pick_round as fapiao_pick_round
from ..sandbox import defaults
from .common import FapiaoCommon
from .common_kingdee import LOGIN


class PickCommon(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.env["fapiao.account"].create(
            {
                "name": "Kingdee sandbox",
                "company_id": cls.company.id,
                "provider": "kingdee",
                "base_url": cls.sandbox.kingdee_url,
                **LOGIN,
                "read_timeout": 5,
                "assistant_url": cls.sandbox.assistant_url,
                "client_key": defaults.ASSISTANT_CLIENT_ID,
                "client_secret": defaults.ASSISTANT_CLIENT_SECRET,
            }
        )
        cls.company.fapiao_account_id = cls.account
        cls.employee_user = cls._create_employee_user("picker")
        cls.eid = cls.account._assistant_key(cls.employee_user)
        cls.category = cls._create_category("Meals and other")
        cls.travel = cls._create_category("Travel")
        cls.env["fapiao.ticket.category"].create(
            {"company_id": cls.company.id, "type_code": "9", "product_id": cls.travel.id}
        )

    @classmethod
    def _create_employee_user(cls, name):
        user = cls.env["res.users"].create(
            {
                "name": name,
                "login": f"fapiao_{name}",
                "password": f"fapiao_{name}",
                "lang": "en_US",
                "group_ids": [Command.set(cls.env.ref("base.group_user").ids)],
                "company_id": cls.company.id,
                "company_ids": [Command.set(cls.company.ids)],
            }
        )
        cls.env["hr.employee"].sudo().create(
            {
                "name": name,
                "user_id": user.id,
                "company_id": cls.company.id,
                "work_contact_id": user.partner_id.id,
            }
        )
        return user

    @classmethod
    def _create_category(cls, name):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "can_be_expensed": True,
                "standard_price": 0,
                "supplier_taxes_id": [Command.clear()],
            }
        )

    def setUp(self):
        super().setUp()
        self.world.set("assistant", poll_seconds=0)
        # a scheduled run takes one round, and doesn't wait where the sandbox doesn't
        self.startPatcher(patch.object(fapiao_pick_listen, "RUN", 0))
        self.startPatcher(patch.object(fapiao_pick_round, "PAUSE", 0))

    # ------------------------------------------------------------------ documents

    def expense(self, user=None, **values):
        """Return a draft expense of the employee, as that employee."""
        user = user or self.employee_user
        return (
            self.env["hr.expense"]
            .with_user(user)
            .create(
                {
                    "name": "To be picked",
                    "employee_id": user.employee_id.id,
                    "product_id": self.category.id,
                    "date": date(2026, 1, 2),
                    **values,
                }
            )
        )

    def blank_bill(self, **values):
        return self.env["account.move"].create({"move_type": "in_invoice", "company_id": self.company.id, **values})

    # ------------------------------------------------------------------ tickets

    def ticket(self, kind="26", eid=None, **fields):
        """Put a ticket into a wallet and return its serial number."""
        slip = self.world.give_ticket(eid or self.eid, kind, defaults.TAX_NO, **{"title": self.company.name, **fields})
        return slip.serial

    # ------------------------------------------------------------------ a visit

    def visit(self, documents, **choice):
        """Click *Pick Fapiao* and open the page; return the visit as superuser."""
        with self.engine():
            action = documents.action_fapiao_pick()
            pick = documents.env["fapiao.pick"].browse(action["params"]["pick_id"])
            self.answer = pick.open_page(**choice)
        return pick.sudo()

    def press(self, pick, serials=(), button="import", url=None, **form):
        """Do in the page what a person does, over HTTP."""
        response = requests.post(
            url or self.answer["page_url"], data={"serial": list(serials), button: "", **form}, timeout=10
        )
        self.assertEqual(response.status_code, 200, response.text)
        return response.text

    def listen(self, pick):
        with self.engine():
            self.env["fapiao.pick"]._listen(pick.ids)

    def picked(self, documents, serials, **choice):
        """Pick tickets for documents from the click to the end; return the visit."""
        pick = self.visit(documents, **choice)
        self.press(pick, serials)
        self.listen(pick)
        return pick

    def calls(self, name):
        return [each for each in self.world.assistant_log() if each["call"] == name]

    def reasons(self, pick):
        return " ".join(filter(None, pick.ticket_ids.mapped("reason")))
