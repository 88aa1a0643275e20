"""Expenses and bills with picked tickets, and a sandbox assistant that is told of them."""

from datetime import date

from odoo import Command

from ..sandbox import defaults
from .common_kingdee import KingdeeCommon
from .common_match import MatchCommon

SHORT = {
    "entry/cache": "relate",
    "entry/save": "save",
    "status/update": "status",
    "del/entry": "drop line",
    "invoice/del": "drop",
    "collect": "voucher",
    "voucher/del": "drop voucher",
}


class ReportCommon(KingdeeCommon, MatchCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account.write(
            {
                "assistant_url": cls.sandbox.assistant_url,
                "client_key": defaults.ASSISTANT_CLIENT_ID,
                "client_secret": defaults.ASSISTANT_CLIENT_SECRET,
                "marks_booked": False,
            }
        )
        cls.env.user.group_ids += cls.env.ref("hr_expense.group_hr_expense_manager")
        shares = cls.purchase_13.invoice_repartition_line_ids | cls.purchase_13.refund_repartition_line_ids
        shares.filtered(lambda share: share.repartition_type == "tax").account_id = cls.company_data[
            "default_account_tax_purchase"
        ]
        cls.employee = (
            cls.env["hr.employee"]
            .sudo()
            .create({"name": "报销人", "company_id": cls.company.id, "user_id": cls.env.user.id})
        )
        cls.boss = (
            cls.env["res.users"]
            .sudo()
            .create(
                {
                    "name": "主管",
                    "login": "boss",
                    "company_id": cls.company.id,
                    "company_ids": [Command.set(cls.company.ids)],
                    "group_ids": [Command.set(cls.env.ref("hr_expense.group_hr_expense_manager").ids)],
                }
            )
        )
        cls.employee.expense_manager_id = cls.boss
        cls.category = (
            cls.env["product.product"]
            .sudo()
            .create({"name": "差旅费", "default_code": "TRAVEL", "can_be_expensed": True, "standard_price": 0})
        )

    # ------------------------------------------------------------------ documents

    def expense(self, total=113, **values):
        return self.env["hr.expense"].create(
            {
                "name": "出差",
                "employee_id": self.employee.id,
                "company_id": self.company.id,
                "product_id": self.category.id,
                "total_amount_currency": total,
                "tax_ids": [Command.set(self.purchase_13.ids)],
                "payment_mode": "own_account",
                "date": date(2026, 3, 11),
                **values,
            }
        )

    def ticket(self, total=113, tax=13, **values):
        """Return a received fapiao whose ticket lies in the user's wallet at the assistant."""
        slip = self.world.give_ticket("somebody", "26", total=str(total), tax=str(tax))
        return self.receive(total, tax, serial_no=slip.serial, account_id=self.account.id, **values)

    def pick(self, document, total=113, tax=13):
        """Put a picked ticket on an expense or a bill."""
        fapiao = self.ticket(total, tax)
        self.env["fapiao.match"]._confirm_pair(fapiao, document, total, rule="picked")
        return fapiao

    def picked_expense(self, **values):
        expense = self.expense(**values)
        return expense, self.pick(expense)

    def submitted(self):
        """Return an expense that was submitted, and told so, with its ticket."""
        expense, fapiao = self.picked_expense()
        expense.action_submit()
        self.tell()
        return expense, fapiao

    def picked_bill(self):
        bill = self.bill()
        return bill, self.pick(bill)

    def posted_bill(self):
        bill, fapiao = self.picked_bill()
        bill.action_post()
        self.tell()
        return bill, fapiao

    # ------------------------------------------------------------------ telling

    def safe(self):
        """Let the transaction be complete."""
        self.env.cr.flush()

    def tell(self):
        self.safe()
        self.run_cron("_cron_dispatch")

    def again(self, *reports):
        """Let the next try of all open reports have come, and make it."""
        self.make_due(self.reports().filtered(lambda report: report.next_try_at))
        self.run_cron("_cron_reconcile", "_cron_dispatch")

    def reports(self):
        return self.env["fapiao.assistant.update"].search([], order="id")

    def calls(self, document=None):
        """Return what took effect at the assistant, in order: the call, with the status it told."""
        key = document and self.env["fapiao.account"]._assistant_key(document)
        log = self.world.assistant_log(key)
        return [f"{SHORT[one['call']]} {one['status']}".strip() for one in log]

    def status_of(self, fapiao):
        return self.world.assistant_ticket(fapiao.serial_no).status

    def assert_told(self):
        """Nothing waits and nothing was refused."""
        left = self.reports().filtered(lambda report: report.state not in ("done", "withdrawn"))
        self.assertFalse(left, left.mapped(lambda one: (one.kind, one.state, one.error_message, one.cloud_text)))
