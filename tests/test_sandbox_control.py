"""The sandbox as a program: controls over HTTP, the page for people, restarts, pacing."""
import signal
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from ..sandbox import defaults
from ..sandbox.server import SandboxServer
from .sandbox_case import LOGIN, SandboxCase

ADDON = Path(__file__).resolve().parent.parent


class TestControl(SandboxCase):
    def look(self, name, **query):
        response = self.http.get(f'{self.server.url}/control/{name}', params=query, timeout=10)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()

    def do(self, control, status=200, /, **body):
        response = self.http.post(f'{self.server.url}/control/{control}', json=body, timeout=10)
        self.assertEqual(response.status_code, status, response.text)
        return response.json()

    def test_fapiao_and_counters(self):
        fapiao = self.issue()
        found, = self.look('fapiao', fpqqlsh=fapiao.request)
        self.assertEqual((found['number'], found['gross'], found['red']), (fapiao.number, '113.00', False))
        self.assertEqual(self.look('requests')[fapiao.request],
                         {'count': 1, 'numbers': [fapiao.number], 'state': 'issued'})

    def test_faults(self):
        fault = self.do('faults', call='blueTicket', kind='refused', times=-1)
        self.refused(self.order(), '授信额度不足')
        self.assertEqual(self.look('faults')[0]['fired'], 1)
        self.do('faults/clear', id=fault['id'])
        self.issue()
        self.assertIn('unknown fault kind', self.do('faults', 400, call='*', kind='x')['error'])

    def test_calls(self):
        self.issue()
        token, call = self.look('calls')
        self.assertEqual((token['form']['pass'], token['outcome']), ('***', '200 成功'))
        self.assertEqual((call['call'], call['fpqqlsh'][-2:], call['status']), ('blueTicket', '_1', 200))
        self.assertEqual(len(self.look('calls', call='blueTicket')), 1)
        self.do('calls/clear')
        self.assertEqual(self.look('calls'), [])

    def test_clock_credit_session_face(self):
        self.do('set_clock', moment='2030-01-01 00:00:00')
        self.do('advance', hours=25)
        self.assertTrue(self.look('clock')['now'].startswith('2030-01-02T01:00'))
        self.do('set_credit', tax_no=defaults.TAX_NO, total='99.00')
        self.refused(self.order(), '授信额度不足')
        self.do('set_session', tax_no=defaults.TAX_NO, state='lost')
        self.refused(self.order(), '登录', 302)
        self.do('set_face', tax_no=defaults.TAX_NO, due=True)
        self.call('loginDppt', self.who(password=defaults.TAX_PASSWORD))
        code = self.look('sms', tax_no=defaults.TAX_NO)['code']
        self.call('loginDppt', self.who(password=defaults.TAX_PASSWORD, sms=code))
        self.get('getFaceImg', self.who())
        self.assertEqual(self.look('tickets')[0]['state'], 'waiting')
        self.do('scan')
        self.do('set_credit', tax_no=defaults.TAX_NO, total='100.00')
        self.issue()

    def test_people_and_reset(self):
        self.do('add_tenant', phone='1', password='p', tenant_id=9)
        self.do('add_taxpayer', tax_no='91110000MA0FAKE175', name='新公司', username='u', password='p',
                credit_total='10.00', tenant_id=9)
        self.do('set', group='piaodanyun', token_code=2005)
        state = self.look('state')
        self.assertEqual((len(state['taxpayers']), state['piaodanyun']['token_code']), (3, 2005))
        self.do('reset')
        state = self.look('state')
        self.assertEqual((len(state['taxpayers']), state['piaodanyun']['token_code']), (2, 401))

    def test_red_forms(self):
        fapiao = self.issue()
        self.do('set_use', number=fapiao.number, vat='01')
        number = self.call('hzxxbsq', {
            'username': defaults.USERNAME, 'xhdwsbh': defaults.TAX_NO, 'yfphm': fapiao.number,
            'chyydm': '01', 'sqyy': '2'})['data']['xxbbh']
        self.do('act_red_form', number=number, action='confirm')
        self.assertEqual(self.look('red_forms')[0]['state'], '04')
        self.do('set_red_form', number=number, state='10')
        self.assertEqual(self.look('red_forms')[0]['state'], '10')

    def test_done_in_the_portal(self):
        fapiao = self.issue()
        form = self.do('apply_elsewhere', number=fapiao.number, reason='02', side='3')['result']
        self.assertEqual((form['state'], form['reason']), ('03', '02'))
        red = self.do('reverse_elsewhere', number=fapiao.number)['result']
        self.assertEqual((red['original'], red['red_form']), (fapiao.number, form['number']))
        self.assertIn('已全额红冲', self.do('reverse_elsewhere', 400, number=fapiao.number)['error'])

    def test_mistakes(self):
        self.do('nothing', 404)
        self.do('set_credit', 400, tax_no='x', total='1')
        self.do('set_credit', 400, wrong='x')
        self.do('_forget', 404)

    def test_other_sites_are_kept_out(self):
        for headers in ({'Origin': 'http://evil.example'}, {'Host': 'evil.example'}):
            response = self.http.post(self.server.url + '/control/reset', headers=headers, timeout=10)
            self.assertEqual(response.status_code, 403)


class TestPage(SandboxCase):
    def page(self):
        return self.http.get(self.server.url, timeout=10).text

    def press(self, button, status=200, /, **form):
        response = self.http.post(f'{self.server.url}/admin/{button}', data=form, timeout=10)
        self.assertEqual(response.status_code, status, response.text[:200])
        return response.text

    def test_shows_everything(self):
        fapiao = self.issue(ghdwmc='<b>购方</b>')
        self.world.faults.add('blueTicket', 'issuing')
        self.call('blueTicket', self.order())
        self.world.set_face(defaults.TAX_NO, True)
        ticket = self.get('getFaceImg', self.who())['data']['rzid']
        page = self.page()
        for text in ('SANDBOX', fapiao.number, defaults.NAME, f'/admin/qr/{ticket}', '2999900.00',
                     '正在开具中'):
            self.assertIn(text, page)
        self.assertNotIn('<b>购方</b>', page)
        picture = self.http.get(f'{self.server.url}/admin/qr/{ticket}', timeout=10)
        self.assertEqual(picture.content[1:4], b'PNG')
        for kind, start in (('pdf', b'%PDF'), ('ofd', b'PK'), ('xml', b'<?xml')):
            url = f'{self.server.url}/admin/file/{fapiao.number}.{kind}'
            self.assertTrue(self.http.get(url, timeout=10).content.startswith(start))

    def test_buttons(self):
        fapiao = self.issue()
        self.press('use', number=fapiao.number, use='deducted')
        self.call('hzxxbsq', {
            'username': defaults.USERNAME, 'xhdwsbh': defaults.TAX_NO, 'yfphm': fapiao.number,
            'chyydm': '01', 'sqyy': '2'})
        form, = self.world.red_forms.values()
        self.assertEqual(form.state, '02')
        self.press('red', number=form.number, action='confirm')
        self.assertEqual(form.state, '04')
        self.press('red_state', number=form.number, state='07')
        self.assertEqual(form.state, '07')
        self.assertIn('不能进行该操作', self.press('red', 400, number=form.number, action='confirm'))

    def test_buttons_of_the_portal(self):
        applied, reversed_ = self.issue(), self.issue()
        self.press('apply_elsewhere', number=applied.number, reason='04', side='3')
        form, = self.world.red_forms.values()
        self.assertEqual((form.blue, form.state), (applied.number, '03'))
        page = self.page()
        for action in ('confirm', 'refuse', 'withdraw', 'spoil'):
            self.assertIn(f'name="action" value="{action}"', page)
        self.assertEqual(page.count('buyer applies'), 2)
        self.press('reverse_elsewhere', number=reversed_.number, reason='01')
        self.assertTrue(reversed_.reversed_by)
        self.assertEqual(self.page().count('buyer applies'), 1, 'nothing is offered on one reversed')

    def test_buttons_of_use(self):
        fapiao = self.issue()
        for use, flags in (('consumption tax', ('01', '03', '00')), ('booked', ('00', '03', '02')),
                           ('deducted', ('00', '01', '00')), ('none', ('00', '03', '00'))):
            self.press('use', number=fapiao.number, use=use)
            self.assertEqual((fapiao.consumption_use, fapiao.vat_use, fapiao.booked), flags)

    def test_buttons_of_taxpayers(self):
        who = {'tax_no': defaults.TAX_NO, 'username': defaults.USERNAME}
        user = self.world.user(defaults.TAX_NO)
        self.press('session', **who, state='sms')
        self.press('face', **who, due='1')
        self.press('credit', tax_no=defaults.TAX_NO, total='5.00', used='')
        self.assertEqual((user.session, user.face_due), ('sms', True))
        self.assertEqual(self.world.credit_left(defaults.TAX_NO), 5)
        ticket = self.world.open_ticket('face', '1', *who.values(), 'text')
        self.press('scan', uid=ticket.uid)
        self.assertFalse(user.face_due)

    def test_faults_switches_clock_pending(self):
        self.press('fault', call='blueTicket', kind='issuing', when='', times='2', rate='', seconds='5')
        first, second = self.order(), self.order()
        for order in (first, second):
            self.call('blueTicket', order)
        self.press('finish', uid=first['fpqqlsh'])
        self.press('fail', uid=second['fpqqlsh'])
        self.assertEqual([self.world.issued_count(each['fpqqlsh']) for each in (first, second)], [1, 0])
        self.press('clear_fault', id=self.world.faults.planned[0].id)
        self.assertEqual(self.world.faults.planned, [])
        for group, key, text, value in (
                ('settings', 'red_lag', '60', 60), ('settings', 'session_seconds', '', None),
                ('settings', 'need_buyer_tax_no', 'true', True), ('settings', 'latency', '0', 0.0),
                ('piaodanyun', 'drop_keys', 'a, b', ('a', 'b')),
                ('piaodanyun', 'dates', 'compact', 'compact')):
            self.press('switch', group=group, key=key, value=text)
            self.assertEqual(getattr(getattr(self.world, group), key), value)
        before = self.world.clock.now()
        self.press('advance', hours='2')
        self.assertGreater((self.world.clock.now() - before).total_seconds(), 7199)
        self.press('reset')
        self.assertEqual(self.world.fapiao, {})
        self.press('nothing', 404)


class TestPacing(SandboxCase):
    def test_parallel_calls_are_counted(self):
        self.log_in()
        self.world.faults.add('blueTicket', 'delay_before', times=-1, seconds=0.5)
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(lambda order: self.post('blueTicket', order), [self.order() for _ in range(5)]))
        self.assertEqual(self.world.max_parallel, 5)
        self.world.reset_parallel()
        self.issue()
        self.assertEqual(self.world.max_parallel, 1)
        entries = self.world.calls.of('blueTicket')
        self.assertTrue(all(entry.ended - entry.started >= 0.5 for entry in entries))

    def test_the_bureaus_pace(self):
        self.world.settings.pace_per_minute = 2
        self.issue()
        self.issue()
        self.assertEqual(self.post('blueTicket', self.order()).status_code, 429)
        self.assertEqual(self.call('getCreditLine', self.who())['code'], 200)
        self.world.advance(seconds=61)
        self.issue()

    def test_connections_are_kept_and_hung_up(self):
        self.issue()
        self.assertEqual(len(self.server.server.connections), 1)
        self.server.stop()
        with self.assertRaises(requests.ConnectionError):
            self.post('blueTicket', self.order())
        self.server.start()
        self.issue()


class TestState(SandboxCase):
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
        fapiao = self.issue()
        self.world.set_use(fapiao.number, vat='01')
        form = self.call('hzxxbsq', {
            'username': defaults.USERNAME, 'xhdwsbh': defaults.TAX_NO, 'yfphm': fapiao.number,
            'chyydm': '01', 'sqyy': '2'})['data']['xxbbh']
        self.world.set_credit(defaults.TAX_NO, total='1000.00')
        self.restart()
        self.assertEqual(self.world.fapiao[fapiao.number], fapiao)
        self.assertEqual(self.world.red_forms[form].state, '02')
        self.assertEqual(str(self.world.credit_left(defaults.TAX_NO)), '900.00')
        self.assertEqual(self.call('getCreditLine', self.who())['code'], 200, 'the token is still good')
        again = self.order(fpqqlsh=fapiao.request)
        self.assertIn('已成功开具发票', self.call('blueTicket', again)['msg'])

    def test_what_was_accepted_is_issued_after_all(self):
        self.world.faults.add('blueTicket', 'issuing', seconds=3600)
        order = self.order()
        self.call('blueTicket', order)
        self.restart()
        self.assertEqual(self.world.issued_count(order['fpqqlsh']), 0)
        self.world.advance(hours=1, seconds=1)
        self.assertEqual(self.world.issued_count(order['fpqqlsh']), 1)

    def test_switches_buyers_and_clock_survive(self):
        self.world.set('piaodanyun', number_key='fphm', drop_keys=['a'])
        self.world.set(red_lag=60)
        self.world.add_buyer('91110000MA0FAKE175', '熟人')
        now = self.world.advance(minutes=30)
        self.restart()
        quirks = self.world.piaodanyun
        self.assertEqual((quirks.number_key, quirks.drop_keys), ('fphm', ('a',)))
        self.assertEqual(self.world.settings.red_lag, 60)
        self.assertEqual(self.world.buyers['91110000MA0FAKE175'], '熟人')
        self.assertLess(abs((self.world.clock.now() - now).total_seconds()), 10)

    def test_reset_is_kept_too(self):
        self.issue()
        self.world.reset()
        self.restart()
        self.assertEqual((self.world.fapiao, len(self.world.taxpayers)), ({}, 2))


class TestProgram(unittest.TestCase):
    def run_program(self, *arguments):
        process = subprocess.Popen([sys.executable, '-m', 'sandbox', *arguments], cwd=ADDON,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        line = process.stdout.readline()
        self.assertRegex(line, r'^SANDBOX http://127\.0\.0\.1:\d+\n$')
        return process, line.split()[1]

    def test_serves_until_told_to_stop(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process, url = self.run_program('--port', '0')
            answer = requests.post(url + '/piaodanyun/obtainToken', data=LOGIN, timeout=10).json()
            self.assertEqual(answer['code'], 200)
            process.send_signal(number)
            self.assertEqual(process.wait(10), 0)
            self.assertEqual((process.stdout.read(), process.stderr.read()), ('', ''))

    def test_survives_being_killed(self):
        with tempfile.TemporaryDirectory() as folder:
            process, url = self.run_program('--state-dir', folder)
            requests.post(url + '/control/set_credit', timeout=10,
                          json={'tax_no': defaults.TAX_NO, 'total': '77.00'})
            process.kill()
            process.wait()
            process, url = self.run_program('--state-dir', folder)
            state = requests.get(url + '/control/state', timeout=10).json()
            self.assertEqual(state['taxpayers'][0]['credit_total'], '77.00')
            process.terminate()
