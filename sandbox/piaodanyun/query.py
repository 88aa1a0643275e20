"""invoiceQueryMx and getCreditLine: what the cloud knows about a fapiao and the month."""
import uuid

from ..bureau import credit
from ..clock import compact, dashed
from ..errors import Refused
from .answers import as_number, as_text
from .protocol import Answer

NOT_FOUND = '未查询到发票信息'
PENDING = '发票正在开具中,请稍后查询'
# Chosen by us: the paper only shows 00 on a normal one.
NORMAL, REVERSED = '00', '02'

# Keys the paper's example carries without content.
NULLS = ('kdsbz', 'zlqqz', 'swjgmc', 'fpcbh', 'swjgdm', 'fwfsd', 'mxzb', 'ip', 'zfdqsj', 'dphgzbh',
         'fullAddress', 'zhsl', 'hczt', 'jzxmmc', 'tdzzsxmbh', 'hdjsjg', 'sfyytljdj',
         'ncpsgzjlx', 'wqhtbabh', 'bchcbz', 'hjzkje', 'rzzt', 'fdjhm', 'hjzkse', 'fjys',
         'sjcjhsje')
EMPTIES = ('gmfjbr', 'skm', 'yfpdm', 'dfgtgmbq', 'zfrdm', 'bbh', 'spbmjc', 'bmbbbh',
           'jbrzrrnsrsbh', 'qmbz', 'spsm', 'yqbz', 'hssign', 'kpjh', 'zfrq', 'ssyf', 'scbsbz',
           'jbrsfzjlx', 'kpddm', 'zkbz', 'zfyy', 'ceburl', 'tqm', 'zzfphm', 'scbz', 'qmcs', 'DZDH',
           'tzdh', 'zffs', 'zfr', 'sccgsj', 'qmz', 'jbrsfzjhm', 'fpdm', 'jbrgjlx', 'hsslbs', 'jqbh',
           'tspz')
LINE_EMPTIES = ('fpdm', 'xsdjbh', 'spsm', 'bb', 'zxbm', 'jqbh')
LINE_NULLS = ('djmxxh', 'cepzmx', 'cqzsh')

TYPE_CODES = {(True, False): '81', (False, False): '82', (True, True): '85', (False, True): '86'}
NATURE_CODES = {'normal': '0', 'discount': '1', 'discounted': '2'}
ZERO_CODES = {'': '', 'exempt': '1', 'untaxed': '2', 'zero': '3'}


def type_code(fapiao):
    return TYPE_CODES[fapiao.special, fapiao.paper]


def detail(exchange):
    """By number, or by the request id; with both given, both must agree."""
    number, uid = exchange.text('fphm'), exchange.text('fpqqlsh')
    if not (number or uid):
        raise Refused('发票号码和发票请求流水号不能同时为空')
    world = exchange.world
    if uid:
        _ask_pending(exchange)
    fapiao = _find(exchange, number)
    if fapiao is None or not _is_told(fapiao, exchange.tax_no, uid):
        raise Refused(NOT_FOUND)
    if not world.is_shown(fapiao, world.settings.query_lag):
        raise Refused(NOT_FOUND)
    return Answer(head(fapiao, _told_id(exchange, fapiao)), both=True)


def _is_told(fapiao, tax_no, uid):
    """To its seller; to its buyer as well, but not by the seller's own id."""
    return tax_no == fapiao.seller_no or (tax_no == fapiao.buyer_no and not uid)


def _told_id(exchange, fapiao):
    """The id is between seller and cloud: no other tenant is told it, and the bureau's portal knows none."""
    own = exchange.tax_no == fapiao.seller_no and exchange.tenant == fapiao.tenant
    return fapiao.request if fapiao.cloud and own else ''


def _ask_pending(exchange):
    request = exchange.order
    if request is None:
        return
    if request.state == 'pending':
        if request.queries_left is not None:
            request.queries_left -= 1
            exchange.world.keep(request)
        raise Refused(PENDING)
    if request.state == 'failed':
        raise Refused(f'发票开具失败:{request.failure}')


def _find(exchange, number):
    known = exchange.order.numbers if exchange.order else []
    if not number:
        return exchange.world.fapiao[known[0]] if known else None
    return None if exchange.uid and number not in known else exchange.world.fapiao.get(number)


def head(fapiao, request_id):
    """The paper's example, key for key."""
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, fapiao.number))
    return {
        **dict.fromkeys(NULLS), **dict.fromkeys(EMPTIES, ''),
        'id': identity, 'kce': as_text(fapiao.deduction or 0), 'skr': fapiao.payee,
        'kpr': fapiao.drawer, 'fhr': fapiao.reviewer, 'ghdwdm': fapiao.buyer_no,
        'ghdwmc': fapiao.buyer_name, 'ghdwyhzh': fapiao.buyer_bank or ' ',
        'ghdwdzdh': fapiao.buyer_address or ' ', 'GFKHDH': fapiao.buyer_phone,
        'GFKHYX': fapiao.buyer_mail, 'xhdwdm': fapiao.seller_no, 'xhdwmc': fapiao.seller_name,
        'xhdwdzdh': fapiao.seller_address, 'xhdwyhzh': fapiao.seller_bank,
        'kpdwdm': fapiao.seller_no, 'czydm': fapiao.username, 'slsm': fapiao.small_reason,
        'hjje': as_text(fapiao.net), 'se': as_text(fapiao.tax), 'jshj': as_text(fapiao.gross),
        'fpqqlsh': request_id, 'kprq': compact(fapiao.issued_at),
        'dqsj': dashed(fapiao.issued_at), 'bz': fapiao.remark, 'fphm': fapiao.number,
        'yfphm': fapiao.original, 'tzdbh': fapiao.red_form, 'hcFphm': fapiao.reversed_by or None,
        'fpzt': REVERSED if fapiao.reversed_by else NORMAL, 'fplxdm': type_code(fapiao),
        'zsfs': fapiao.levy, 'qdbz': '1' if fapiao.listed else '', 'tdyslxDm': '', 'tdys': [],
        'zyspmc': fapiao.lines[0].name, 'tscbz': '0', 'sfsdts': '0', 'dxtsbz': '0', 'sfwzzfp': '0',
        'zbmx': [_row(fapiao, line, number, identity)
                 for number, line in enumerate(fapiao.lines, 1)],
    }


def _row(fapiao, line, number, parent):
    """Amounts come back tax-exclusive (hsbz 0), whatever was sent; 18 decimals as text."""
    quantity = line.quantity
    return {
        **dict.fromkeys(LINE_EMPTIES, ''), **dict.fromkeys(LINE_NULLS),
        'id': str(uuid.uuid5(uuid.NAMESPACE_URL, f'{fapiao.number}/{number}')), 'mxid': parent,
        'fphm': fapiao.number, 'fpmxxh': str(number), 'fphxz': NATURE_CODES[line.nature],
        'je': as_text(line.net, f'{line.net:.18f}'), 'sl': as_text(line.rate),
        'se': as_text(line.tax), 'spmc': line.name, 'ggxh': line.spec, 'dw': line.unit,
        'spsl': None if quantity is None else as_number(quantity),
        'spdj': None if quantity is None else as_number(net_price(line)),
        'hsbz': '0', 'spbm': line.code, 'yhzcbs': '1' if line.preferential else '0',
        'lslbs': ZERO_CODES[line.zero_kind], 'zzstsgl': line.policy,
        'kprq': compact(fapiao.issued_at), 'xhdwdm': fapiao.seller_no,
        'hsje': as_number(line.gross),
        'hsdj': None if quantity is None else as_number(_gross_price(line)),
        'kpdwdm': fapiao.seller_no,
    }


def net_price(line):
    """The paper: a gross price of 1 at 1 % comes back as 0.990099009901."""
    return round(line.price / (1 + line.rate), 12) if line.inclusive else line.price


def _gross_price(line):
    return line.price if line.inclusive else round(line.price * (1 + line.rate), 12)


def credit_line(exchange):
    world = exchange.world
    taxpayer = world.taxpayer(exchange.tax_no)
    figures = credit.book(taxpayer, world.clock.now())
    return Answer({
        'zsxed': _cents(taxpayer.credit_total), 'kjlpzs': as_text(figures['count']),
        'sysxed': _cents(taxpayer.credit_total - figures['used']),
        'fpejse': _cents(figures['tax']), 'ysysxed': _cents(figures['used']),
        'fphjje': _cents(figures['net'])}, both=True)


def _cents(value):
    return as_text(value, f'{value:.2f}')
