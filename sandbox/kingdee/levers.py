"""What a person or a test can turn in 金蝶发票云: tenants, the queue, callbacks.

Every public method is reachable as POST /control/<name> too (control.py).
"""
from .. import defaults
from ..errors import Refused
from . import callbacks, queue
from .records import KingdeeTenant


class KingdeeLevers:
    def populate_kingdee(self):
        """The demo company's tenant."""
        self.add_kingdee_tenant(
            defaults.KINGDEE_ACCOUNT_ID, defaults.KINGDEE_APP_ID, defaults.KINGDEE_APP_SECRET,
            defaults.KINGDEE_USERS, [defaults.TAX_NO], defaults.KINGDEE_PREFIX, defaults.KINGDEE_TENANT_ID,
            [defaults.KINGDEE_SYSTEM])

    def add_kingdee_tenant(self, account_id, app_id, secret, users, tax_nos, prefix='', tenant_id='1',
                           systems=(defaults.KINGDEE_SYSTEM,)):
        """Its base address is /kingdee/<prefix>; `users` are user names and mobile numbers."""
        with self.acting():
            tenant = KingdeeTenant(account_id, prefix.strip('/'), app_id, secret, tenant_id, list(users),
                                   list(tax_nos), dict.fromkeys(systems, ''))
            self.kingdee_tenants[account_id] = tenant
            self.keep(tenant)
            return tenant

    def _second_at_kingdee(self, tax_no, name):
        number = len(self.kingdee_tenants) + 1
        self._share(tax_no, name, None)
        return self.add_kingdee_tenant(
            f'{defaults.KINGDEE_ACCOUNT_ID}-{number}', f'{defaults.KINGDEE_APP_ID}-{number}',
            defaults.KINGDEE_APP_SECRET, defaults.KINGDEE_USERS, [tax_no],
            f'{defaults.KINGDEE_PREFIX}-{number}', f'{defaults.KINGDEE_TENANT_ID}-{number}')

    def set_interface(self, interface, allowed, account_id=defaults.KINGDEE_ACCOUNT_ID):
        """Open or close an interface (BILL.PUSH, …) in the portal."""
        with self.acting():
            tenant = self.kingdee_tenants[account_id]
            tenant.denied = [each for each in tenant.denied if each != interface]
            if not allowed:
                tenant.denied.append(interface)
            self.keep(tenant)

    def set_callback_url(self, url, system=defaults.KINGDEE_SYSTEM, account_id=defaults.KINGDEE_ACCOUNT_ID):
        """Where this business system is called back; empty: nowhere. A new system comes to be."""
        with self.acting():
            tenant = self.kingdee_tenants[account_id]
            tenant.systems[system] = url
            self.keep(tenant)

    # --- the queue ---

    def bill(self, number, tax_no=defaults.TAX_NO):
        """The newest bill of this number."""
        with self.acting():
            bill = queue.newest(self, tax_no, number)
            if bill is None:
                raise KeyError(number)
            return bill

    def fapiao_of_bill(self, number, tax_no=defaults.TAX_NO):
        """The fapiao really issued for this number, in any of its attempts: the "exactly one" of tests."""
        with self.acting():
            numbers = [fapiao.number for bill in self.bills.values()
                       if (bill.number, bill.tax_no) == (number, tax_no)
                       for fapiao in queue.fapiao_of(self, bill)]
            return [self.fapiao[each] for each in dict.fromkeys(numbers)]

    def issue_bill(self, number, tax_no=defaults.TAX_NO):
        """A person presses *issue now*; after a partial failure it goes on with the rest."""
        with self.acting():
            bill = self.bill(number, tax_no)
            if bill.state not in (*queue.UNISSUED, 'partial'):
                raise Refused(f'单据{number}状态为{queue.STATES[bill.state]},不能开票')
            queue.issue(self, [bill])
            return bill

    def issue_ended_bill(self, number, tax_no=defaults.TAX_NO):
        """A person issues a bill all the same that was returned or withdrawn."""
        with self.acting():
            bill = self.bill(number, tax_no)
            if bill.state not in ('returned', 'withdrawn'):
                raise Refused(f'单据{number}状态为{queue.STATES[bill.state]},不能进行该操作')
            queue.issue(self, [bill])
            return bill

    def merge_bills(self, numbers, tax_no=defaults.TAX_NO):
        """One fapiao of several bills, as long as the limits allow one. The first bill."""
        with self.acting():
            bills = [self.bill(number, tax_no) for number in dict.fromkeys(numbers)]
            for bill in bills:
                queue.demand_unissued(self, bill)
                if not bill.merge or not queue.mergeable(bills[0], bill):
                    raise Refused(f'单据{bill.number}不能合并开票')
            for bill in bills:
                bill.orders = []
            queue.issue(self, bills)
            return bills[0]

    def return_bill(self, number, text='资料有误,退回修改', tax_no=defaults.TAX_NO):
        """退回: the bill goes back to its sender."""
        with self.acting():
            bill = self.bill(number, tax_no)
            queue.send_back(self, bill, text)
            return bill

    def fail_bill(self, number, text='税局开具失败', tax_no=defaults.TAX_NO):
        with self.acting():
            bill = self.bill(number, tax_no)
            queue.fail(self, bill, text)
            return bill

    # --- callbacks ---

    def repeat_callbacks(self, about=None, times=1):
        """Send again what was sent about this bill or red fapiao, or everything."""
        with self.acting():
            return len(callbacks.repeat(self, about, times))

    def release_callbacks(self, order='sent'):
        """Let those held by the switch hold_callbacks go: sent | reversed | a list of their numbers."""
        with self.acting():
            return len(callbacks.release(self, order))

    def forge_callback(self, number, system=defaults.KINGDEE_SYSTEM, account_id=defaults.KINGDEE_ACCOUNT_ID,
                       tax_no=defaults.TAX_NO, **changes):
        """Somebody else calls back about this bill, known or not; `changes` are keys of data[]."""
        with self.acting():
            url = callbacks.address(self, account_id, system)
            return callbacks.forge(self, number, url, queue.newest(self, tax_no, number), changes)

    def waiting_callbacks(self):
        """How many are still on their way."""
        with self.acting():
            return sum(each.state == 'waiting' for each in self.deliveries.values())
