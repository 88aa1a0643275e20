"""getInvoicePdfOfd: PDF, OFD and XML as base64, or the addresses that serve them."""
import base64
import hashlib
import re
from datetime import timedelta

from ..clock import compact
from ..errors import Refused
from ..render import ofd, pdf, xml
from .protocol import Answer
from .query import NOT_FOUND

KINDS = {'1': 'PDF', '2': 'OFD', '3': 'XML'}
TYPES = {'PDF': 'application/pdf', 'OFD': 'application/ofd', 'XML': 'application/xml'}
NOT_READY = '版式文件生成中,请稍后再试'


def invoice_file(exchange):
    flag = exchange.text('downflag')
    if flag not in (*KINDS, '4'):
        raise Refused(f'获取版式类型downflag"{flag}"不合法')
    fapiao = exchange.world.fapiao.get(exchange.text('fphm'))
    if fapiao is None or exchange.tax_no not in (fapiao.seller_no, fapiao.buyer_no):
        raise Refused(NOT_FOUND)
    if not exchange.world.is_shown(fapiao):
        raise Refused(NOT_FOUND)
    _check_time(exchange, fapiao)
    if flag == '4':
        return Answer(_addresses(exchange, fapiao), both=True)
    seal = exchange.text('addSeal') == '1'
    # Drawn after the lock is free again: a long PDF must not hold up the bureau.
    return Answer(lambda: base64.b64encode(draw(fapiao, KINDS[flag], seal)).decode())


def _check_time(exchange, fapiao):
    given = exchange.text('kprq')
    if given and not re.fullmatch(r'\d{14}', given):
        raise Refused('开票日期格式不正确,应为yyyyMMddHHmmss')
    if given and given != compact(fapiao.issued_at):
        raise Refused('开票日期与发票不一致')
    world = exchange.world
    if world.clock.now() < fapiao.issued_at + timedelta(seconds=world.settings.file_lag):
        raise Refused(NOT_READY)


def draw(fapiao, kind, seal=False):
    if kind == 'PDF':
        return pdf.draw(fapiao, seal)
    return {'OFD': ofd, 'XML': xml}[kind].draw(fapiao)


def _addresses(exchange, fapiao):
    base = exchange.request.host_url.rstrip('/') + '/piaodanyun/files/exportDzfpwjEwm'
    return {
        f'{kind.lower()}Url': f'{base}?Wjgs={kind}&Jym={_check_text(fapiao)}&Fphm={fapiao.number}'
                              f'&Kprq={compact(fapiao.issued_at)}'
                              f'&Czsj={int(fapiao.issued_at.timestamp() * 1000)}'
        for kind in KINDS.values()}


def _check_text(fapiao):
    return hashlib.sha256(f'SANDBOX{fapiao.number}'.encode()).hexdigest()[:4].upper()


def download(world, args):
    """The bytes and type of an address handed out; None for a wrong one."""
    with world.acting():
        fapiao = world.fapiao.get(args.get('Fphm'))
    kind = args.get('Wjgs')
    if fapiao is None or kind not in TYPES or args.get('Jym') != _check_text(fapiao):
        return None
    if args.get('Kprq') != compact(fapiao.issued_at):
        return None
    return draw(fapiao, kind), TYPES[kind]
