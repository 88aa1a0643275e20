"""金蝶发票云 from outside: levers over HTTP, the page for people, and restarts."""
import tempfile

from ..sandbox.server import SandboxServer
from .sandbox_kingdee_case import KingdeeCase, bill, defaults, row


class TestControl(KingdeeCase):
    def look(self, name, **query):
        return self.http.get(f'{self.server.url}/control/{name}', params=query, timeout=10).json()

    def do(self, control, status=200, /, **body):
        response = self.http.post(f'{self.server.url}/control/{control}', json=body, timeout=10)
        self.assertEqual(response.status_code, status, response.text)
        return response.json()

    def test_the_queue(self):
        self.pushed(*(bill(number, autoInvoice='0', autoMerge='1') for number in 'ABCDE'))
        self.assertEqual(self.do('issue_bill', number='A')['result']['state'], 'issued')
        self.do('return_bill', number='B', text='改')
        self.do('fail_bill', number='C')
        self.do('merge_bills', numbers=['D', 'E'])
        self.assertEqual([each['state'] for each in self.look('bills')],
                         ['issued', 'returned', 'failed', 'issued', 'issued'])
        self.assertEqual(self.look('bills', number='B')[0]['error'], '改')
        self.assertIn('已开票', self.do('issue_bill', 400, number='A')['error'])
        self.assertIn('KeyError', self.do('issue_bill', 400, number='Z')['error'])

    def test_tenants_switches_and_callbacks(self):
        listener = self.listen()
        self.do('add_kingdee_tenant', account_id='x', app_id='y', secret='z', users=['u'], tax_nos=['1'],
                prefix='/deep/er/')
        self.do('set_interface', interface='BILL.WITHDRAW', allowed=False)
        self.do('set', group='kingdee', number_key='invoiceNo')
        self.do('set_callback_url', url=listener.url, system='OTHER')
        first, second = self.look('kingdee_tenants')
        self.assertEqual((first['denied'], first['systems']['OTHER'], second['prefix']),
                         (['BILL.WITHDRAW'], listener.url, 'deep/er'))
        self.assertEqual(self.look('state')['kingdee']['number_key'], 'invoiceNo')
        self.do('forge_callback', number='A', includeTaxAmount=1)
        listener.wait(1)
        self.assertEqual(self.look('callbacks', about='A')[0]['kind'], 'forged')
        self.assertEqual(self.do('repeat_callbacks', about='A')['result'], '1')
        self.do('reset')
        self.assertEqual(len(self.look('kingdee_tenants')), 1)


class TestPage(KingdeeCase):
    def press(self, button, status=200, /, **form):
        response = self.http.post(f'{self.server.url}/admin/{button}', data=form, timeout=10)
        self.assertEqual(response.status_code, status, response.text[:200])
        return response.text

    def test_shows_everything(self):
        listener = self.listen()
        self.pushed(bill('A', buyerName='<b>购方</b>'), bill('B', autoInvoice='0'))
        listener.wait(1)
        page = self.http.get(self.server.url, timeout=10).text
        for text in ('SANDBOX', f'{self.server.url}/kingdee/sandbox', '开票申请单', 'issue now', 'BILL.PUSH',
                     self.issued('A')[0].number, listener.url, 'INVOICE.OPEN', 'split_amount'):
            self.assertIn(text, page)
        self.assertNotIn('<b>购方</b>', page)
        self.assertNotIn(defaults.KINGDEE_APP_SECRET, page)
        self.assertEqual(page.count('issue now'), 1)

    def test_buttons(self):
        listener = self.listen()
        self.pushed(*(bill(number, autoInvoice='0', autoMerge='1') for number in 'ABCDE'))
        who = {'tax_no': defaults.TAX_NO}
        self.press('issue_bill', number='A', **who)
        self.press('return_bill', number='B', text='改', **who)
        self.press('fail_bill', number='C', text='不', **who)
        self.press('merge_bills', numbers='D, E')
        self.assertEqual([self.world.bill(number).state for number in 'ABCDE'],
                         ['issued', 'returned', 'failed', 'issued', 'issued'])
        self.assertIn('不能开票', self.press('issue_bill', 400, number='A', **who))
        account = {'account_id': defaults.KINGDEE_ACCOUNT_ID}
        self.press('interface', interface='BILL.PUSH', allowed='0', **account)
        self.assertEqual(self.push(bill('F'))['errorCode'], '403')
        self.press('interface', interface='BILL.PUSH', allowed='1', **account)
        self.press('expire_tokens')
        self.assertEqual(self.push(bill('F'))['errorCode'], '401')
        listener.wait(5)
        self.press('repeat_callbacks', about='A')
        self.press('forge_callback', number='Z', system=defaults.KINGDEE_SYSTEM, **account)
        listener.wait(7)
        self.press('switch', group='kingdee', key='hold_callbacks', value='true')
        self.press('repeat_callbacks', about='A')
        self.press('release_callbacks', order='reversed')
        listener.wait(9)
        self.press('callback_url', url='', system=defaults.KINGDEE_SYSTEM, **account)
        self.press('switch', group='kingdee', key='callback_intervals', value='0, 1')
        self.assertEqual(self.world.kingdee.callback_intervals, ('0', '1'))


class TestState(KingdeeCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.serve(SandboxServer(state_dir=self.folder))

    def restart(self):
        port = self.server.port
        self.server.close()
        self.serve(SandboxServer(port, self.folder))

    def test_facts_survive(self):
        self.world.set('kingdee', split_amount='100.00', number_key='invoiceNo')
        self.pushed(bill('A', [row(), row(detailId='2')]), bill('B', autoInvoice='0'))
        numbers = [fapiao.number for fapiao in self.issued('A')]
        self.restart()
        told = [item['invoiceNo'] for item in self.invoices('A')]
        self.assertEqual(told, numbers, 'the token is still good')
        self.assertIn('已存在', self.push(bill('A', [row(), row(detailId='2')]))['message'])
        self.assertTrue(self.withdraw('B')['success'])
        self.restart()
        self.assertEqual(self.world.bill('B').state, 'withdrawn')

    def test_used_request_ids_survive(self):
        used = '1714981252080746'
        self.ask('BILL.PUSH', [bill('A')], requestId=used)
        self.restart()
        self.assertIn('requestId重复', self.ask('BILL.PUSH', [bill('B')], requestId=used)['message'])

    def test_what_waits_is_issued_after_all(self):
        self.world.set('kingdee', issue_delay=3600)
        self.pushed(bill('A'))
        self.restart()
        self.assertEqual(self.issued('A'), [])
        self.world.advance(hours=1)
        self.assertEqual(len(self.issued('A')), 1)

    def test_partly_reversed(self):
        self.pushed(bill('A'))
        self.ask('ALLE.INVOICE.RED', {
            'serialNo': 'S1', 'invoiceNum': self.issued('A')[0].number, 'redReason': '04',
            'invoiceType': '02', 'sellerTaxpayerId': defaults.TAX_NO,
            'invoiceDetail': [{'originalSeq': 1, 'amount': -40, 'taxAmount': -5.2}]})
        self.restart()
        self.assertEqual(self.invoices('A')[0]['canRedAmount'], 60)

    def test_callbacks_go_out_after_all(self):
        listener = self.listen()
        self.world.set('kingdee', hold_callbacks=True)
        self.pushed(bill('A'))
        self.restart()
        self.assertEqual(self.world.release_callbacks(), 1)
        self.assertEqual(listener.wait(1)[0]['interfaceCode'], 'INVOICE.OPEN')
