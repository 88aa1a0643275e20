"""blueTicket: what it answers, that an id issues once, and what it leaves behind."""
import json
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from .sandbox_case import SandboxCase, defaults, line


class TestIssue(SandboxCase):
    def test_answer_as_in_the_seed(self):
        order = self.order()
        answer = self.call('blueTicket', order)
        self.assertEqual(list(answer), ['code', 'msg', 'data', 'total'])
        self.assertEqual((answer['code'], answer['msg'], answer['total']), (200, '成功', 0))
        self.assertEqual(list(answer['data']), ['Fphm', 'Kprq', 'Gmfyx', 'GmfSsjswjgdm'])
        number, moment = answer['data']['Fphm'], answer['data']['Kprq']
        self.assertRegex(number, r'^\d{20}$')
        self.assertEqual(number[:4], f'{self.world.clock.now():%y}31')
        self.assertEqual(number[4:8], '9999', 'sandbox numbers are told from real ones')
        self.assertRegex(moment, r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$')
        self.assertEqual(self.world.issued_count(order['fpqqlsh']), 1)

    def test_numbers_run_and_survive_reset(self):
        first, second = self.issue().number, self.issue().number
        self.assertEqual(int(second), int(first) + 1)
        self.world.reset()
        self.token = None
        self.assertGreater(self.issue().number, second)

    def test_everything_sent_is_kept(self):
        fapiao = self.issue(
            [line(hsbz='1', je='113.00', dj='56.5')], fplxdm='81', bz='注', kpr='甲', skr='乙',
            fhr='丙', gfkhdh='13600000000', gfkhyx='a@example.com', ghdwdzdh='地址 电话',
            ghdwyhzh='银行 账号', sfzsgmfyhzh='y', sfzsxsfyhzh='Y')
        self.assertTrue(fapiao.special and fapiao.show_buyer_bank and fapiao.show_seller_bank)
        self.assertEqual((fapiao.drawer, fapiao.payee, fapiao.reviewer), ('甲', '乙', '丙'))
        self.assertEqual((fapiao.net, fapiao.tax, fapiao.gross),
                         (Decimal('100.00'), Decimal('13.00'), Decimal('113.00')))
        self.assertEqual((fapiao.buyer_mail, fapiao.remark), ('a@example.com', '注'))

    def test_time_is_the_sandbox_clock(self):
        self.world.set_clock('2031-02-03 04:05:06')
        self.token = None
        fapiao = self.issue()
        self.assertEqual(fapiao.number[:2], '31')
        self.assertEqual(f'{fapiao.issued_at:%Y-%m-%d %H}', '2031-02-03 04')


class TestRepeated(SandboxCase):
    def setUp(self):
        super().setUp()
        self.body = self.order()
        self.first = self.call('blueTicket', self.body)['data']['Fphm']

    def again(self):
        return self.call('blueTicket', self.body)

    def test_refused_with_the_text(self):
        answer = self.again()
        self.assertEqual(answer['code'], 999)
        self.assertIn('已成功开具发票', answer['msg'])
        self.assertEqual(self.world.issued_count(self.body['fpqqlsh']), 1)

    def test_same_number(self):
        self.world.settings.duplicate = 'number'
        self.assertEqual(self.again()['data']['Fphm'], self.first)
        self.assertEqual(self.world.issued_count(self.body['fpqqlsh']), 1)

    def test_may_have_been_issued(self):
        self.world.settings.duplicate = 'code'
        self.assertEqual(self.again()['code'], 10400)
        self.assertEqual(self.world.issued_count(self.body['fpqqlsh']), 1)

    def test_a_bureau_that_does_not_deduplicate(self):
        self.world.settings.duplicate = 'issue'
        self.assertNotEqual(self.again()['data']['Fphm'], self.first)
        self.assertEqual(self.world.issued_count(self.body['fpqqlsh']), 2)

    def test_other_content_under_the_same_id(self):
        self.world.settings.duplicate = 'number'
        self.body['bz'] = '改过的备注'
        answer = self.again()
        self.assertEqual(answer['code'], 999)
        self.assertIn('内容不一致', answer['msg'])

    def test_a_refused_id_may_be_used_again(self):
        order = self.order(bz='备' * 256)
        self.refused(order, '备注')
        self.assertEqual(self.call('blueTicket', {**order, 'bz': ''})['code'], 200)

    def test_racing_calls_issue_once(self):
        body = self.order()
        with ThreadPoolExecutor(8) as pool:
            codes = [answer.json()['code'] for answer in pool.map(
                lambda _: self.post('blueTicket', body), range(8))]
        self.assertEqual(sorted(codes), [200] + [999] * 7)
        self.assertEqual(self.world.issued_count(body['fpqqlsh']), 1)


class TestFace(SandboxCase):
    def test_due_by_code(self):
        self.world.set_face(defaults.TAX_NO, True)
        self.refused(self.order(), '人脸', 430)
        self.world.scan(self.get('getFaceImg', self.who())['data']['rzid'])
        self.issue()

    def test_due_by_payload_with_200(self):
        self.world.piaodanyun.face_due_as = 'payload'
        self.world.set_face(defaults.TAX_NO, True)
        order = self.order()
        answer = self.call('blueTicket', order)
        self.assertEqual(answer['code'], 200)
        self.assertNotIn('Fphm', answer['data'])
        self.assertEqual(self.world.issued_count(order['fpqqlsh']), 0)
        self.world.scan(answer['data']['rzid'])
        self.assertRegex(self.call('blueTicket', order)['data']['Fphm'], r'^\d{20}$')

    def test_due_again_after_its_time(self):
        self.world.settings.face_seconds = 48 * 3600
        self.world.set_face(defaults.TAX_NO, False)
        self.issue()
        self.world.advance(hours=49)
        self.token = None
        self.refused(self.order(), '人脸', 430)


class TestQuirks(SandboxCase):
    def data(self, call='blueTicket', form=None):
        return self.call(call, form or self.order())['data']

    def test_lower_case_number(self):
        self.world.set('piaodanyun', number_key='fphm')
        self.assertEqual(list(self.data())[:2], ['fphm', 'kprq'])

    def test_code_as_text(self):
        self.world.set('piaodanyun', code_as='str')
        self.assertEqual(self.call('blueTicket', self.order())['code'], '200')

    def test_where_the_text_stands(self):
        for style, keys in (('msg', {'msg'}), ('message', {'message'}), ('both', {'msg', 'message'})):
            self.world.set('piaodanyun', text_key=style)
            answer = self.call('blueTicket', self.order())
            self.assertEqual({'msg', 'message'} & set(answer), keys)

    def test_dates(self):
        self.world.set('piaodanyun', dates='compact')
        self.assertRegex(self.data()['Kprq'], r'^\d{14}$')
        self.world.set('piaodanyun', dates='dashed')
        number = self.issue().number
        self.assertIn('-', self.data('invoiceQueryMx', self.who(fphm=number))['kprq'])

    def test_numbers(self):
        number = self.issue().number
        self.world.set('piaodanyun', numbers='number')
        detail = self.data('invoiceQueryMx', self.who(fphm=number))
        self.assertEqual((detail['jshj'], detail['kce'], detail['zbmx'][0]['je']), (113, 0, 100))
        self.world.set('piaodanyun', numbers='str')
        detail = self.data('invoiceQueryMx', self.who(fphm=number))
        self.assertEqual(detail['zbmx'][0]['spsl'], '2')

    def test_missing_keys(self):
        self.world.set('piaodanyun', drop_keys=['Kprq', 'Gmfyx'], total=False)
        answer = self.call('blueTicket', self.order())
        self.assertEqual(list(answer['data']), ['Fphm', 'GmfSsjswjgdm'])
        self.assertNotIn('total', answer)

    def test_no_such_switch(self):
        with self.assertRaises(ValueError):
            self.world.set('piaodanyun', nonsense=1)


class TestAmountsOnTheWire(SandboxCase):
    def test_no_float_noise(self):
        """Whatever is summed up, no answer shows 0.30000000000000004."""
        tenth = {'spsl': '3', 'dj': '0.1', 'je': '0.30', 'se': '0.04'}
        number = self.issue([line(**tenth) for _ in range(3)]).number
        for call, form in (('invoiceQueryMx', self.who(fphm=number)), ('getCreditLine', self.who()),
                           ('retInviceMsg', self.who(fphm=number))):
            text = json.dumps(self.call(call, form))
            self.assertIsNone(re.search(r'\d\.\d{13,17}[^0\d]', text), text)
