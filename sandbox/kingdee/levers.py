"""What a person or a test can turn in 金蝶发票云: tenants, the queue, callbacks."""

from .. import defaults
from ..bureau.inbound import Wish
from ..levers import locked
from . import callbacks, inbound, queue
from .records import Document, KingdeeTenant


@locked
class KingdeeLevers:
    def add_kingdee_tenant(self, number=1, tax_nos=(defaults.TAX_NO,)):
        """The demo company's tenant, or another beside it. Its base address is /kingdee/<prefix>."""
        ids = (getattr(defaults, f"KINGDEE_{key}") for key in ("ACCOUNT_ID", "PREFIX", "APP_ID", "TENANT_ID"))
        account, *others = (name if number == 1 else f"{name}-{number}" for name in ids)
        rest = (defaults.KINGDEE_APP_SECRET, list(defaults.KINGDEE_USERS), list(tax_nos), {defaults.KINGDEE_SYSTEM: ""})
        self.kingdee_tenants[account] = KingdeeTenant(account, *others, *rest)
        return self.kingdee_tenants[account]

    def set_interface(self, interface, allowed, account_id=defaults.KINGDEE_ACCOUNT_ID):
        """Open or close an interface (BILL.PUSH, …) in the portal."""
        tenant = self.kingdee_tenants[account_id]
        tenant.denied = [each for each in tenant.denied if each != interface]
        if not allowed:
            tenant.denied.append(interface)

    def collect_inbound(self, tax_no=defaults.TAX_NO, first="", last=""):
        """The portal's own task (定时任务), or the direct channel (乐企): what was issued from one day to another, or
        ever, lies in the cloud's pool from now on."""
        inbound.collect(self, tax_no, Wish(str(first or ""), str(last or "")))

    def file_document(self, kind, key, numbers, covers=(), attachments=(), tax_no=defaults.TAX_NO):
        """A system saves a document with these fapiao and files, which look as queryCover shows them."""
        document = Document(kind, key, tax_no, list(numbers), list(covers), list(attachments))
        self.inbound_documents[f"{kind}/{key}"] = document
        return document

    def set_callback_url(self, url, system=defaults.KINGDEE_SYSTEM, account_id=defaults.KINGDEE_ACCOUNT_ID):
        """Where this business system is called back; empty: nowhere. A new system comes to be."""
        self.kingdee_tenants[account_id].systems[system] = url

    def bill(self, number, tax_no=defaults.TAX_NO):
        """The newest bill of this number."""
        bill = queue.newest(self, tax_no, number)
        if bill is None:
            raise KeyError(number)
        return bill

    def fapiao_of_bill(self, number, tax_no=defaults.TAX_NO):
        """The fapiao really issued for this number, in any of its attempts: the "exactly one" of tests."""
        return [
            self.fapiao[order.fapiao]
            for bill in queue.attempts(self, tax_no, number)
            for order in bill.orders
            if order.fapiao
        ]

    def issue_bill(self, number, tax_no=defaults.TAX_NO):
        """A person presses *issue now*; after a partial failure it goes on with the rest."""
        bill = self.bill(number, tax_no)
        if bill.state not in (*queue.UNISSUED, "partial"):
            raise queue.refused(bill)
        callbacks.issued(self, *queue.issue(self, bill))
        return bill

    def return_bill(self, number, text="资料有误,退回修改", tax_no=defaults.TAX_NO):
        """退回: the bill goes back to its sender."""
        bill = queue.end(self, self.bill(number, tax_no), "returned", text)
        callbacks.returned(self, bill)
        return bill

    def fail_bill(self, number, text="税局开具失败", tax_no=defaults.TAX_NO):
        """The cloud, or the bureau behind it, can't issue it."""
        bill = queue.end(self, self.bill(number, tax_no), "failed", text)
        callbacks.issued(self, bill, [])
        return bill

    def forge_callback(self, number, tax_no=defaults.TAX_NO, **changes):
        """Somebody else calls back about this bill, known or not; `changes` are keys of data[]."""
        return callbacks.forge(self, number, queue.newest(self, tax_no, number), changes)
