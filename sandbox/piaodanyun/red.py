"""Reversing: may it be, the form, the red fapiao (docs/protocols/piaodanyun.md#red-letter)."""
from dataclasses import replace

from ..bureau import issue as bureau
from ..bureau import red
from ..clock import dashed
from ..errors import Refused
from . import issue
from .answers import as_number, as_text
from .protocol import Answer
from .query import NOT_FOUND, ZERO_CODES, net_price, type_code


def blue_for_red(exchange):
    """retInviceMsg: the blue fapiao with its sign turned, and what the buyer did with it."""
    sides = set(filter(None, exchange.text('sqyy', '2').split(',')))
    if not sides <= {'2', '3'}:
        raise Refused('申请类型sqyy只能为2或3')
    if '3' in sides:
        exchange.demand('xhdwsbh', 'kprq')
    fapiao = _original(exchange, exchange.text('fphm'))
    _check_applicant(exchange, fapiao, sides)
    red.reversible(exchange.world, fapiao)
    return Answer(_mirror(fapiao), both=True)


def _check_applicant(exchange, fapiao, sides):
    if '3' in sides:
        right = (exchange.tax_no in (fapiao.buyer_no, fapiao.seller_no)
                 and exchange.text('xhdwsbh') == fapiao.seller_no)
        if right and exchange.text('kprq') != dashed(fapiao.issued_at):
            raise Refused('原发票开票日期不正确,格式应为yyyy-MM-dd HH:mm:ss')
    else:
        right = exchange.tax_no == fapiao.seller_no
    if not right:
        raise Refused(NOT_FOUND)


def _original(exchange, number):
    """The fapiao to be reversed, once the bureau shows it."""
    world = exchange.world
    fapiao = world.fapiao.get(number)
    if fapiao is None or not world.is_shown(fapiao, world.settings.red_lag):
        raise Refused(NOT_FOUND)
    return fapiao


def _mirror(fapiao):
    return {
        'fphm': fapiao.number, 'message': '成功,本张发票可以开负数!',
        'xhdwsbh': fapiao.seller_no, 'xhdwmc': fapiao.seller_name,
        'ghdwsbh': fapiao.buyer_no or None, 'ghdwmc': fapiao.buyer_name,
        'kprq': dashed(fapiao.issued_at), 'hjje': as_number(-fapiao.net),
        'hjse': as_number(-fapiao.tax), 'fplxdm': type_code(fapiao), 'tdyslxdm': None,
        'zsfs': fapiao.levy, 'jbr': None, 'XfsytDm': fapiao.consumption_use,
        'ZzsytDm': fapiao.vat_use, 'FprzztDm': fapiao.booked,
        'mxzb': [_mirror_line(line, number)
                 for number, line in enumerate(bureau.folded(fapiao.lines), 1)],
    }


def _mirror_line(line, number):
    quantity = line.quantity
    return {
        'xh': number, 'sl': as_number(line.rate), 'dw': line.unit, 'spmc': line.name,
        'se': as_number(-line.tax), 'je': as_number(-line.net),
        'spdj': None if quantity is None else as_text(net_price(line)), 'ggxh': line.spec,
        'spsl': None if quantity is None else as_text(-quantity), 'spbm': line.code, 'zxbm': '',
        'hsbz': '', 'yhzcbs': '1' if line.preferential else '0', 'bb': '',
        'zzstsgl': line.policy or None, 'sqdh': '', 'lslbs': ZERO_CODES[line.zero_kind],
    }


def apply_form(exchange):
    """hzxxbsq: a new form, or without hzxxbcheck=1 the one applied for before."""
    if exchange.text('sqyy') not in ('2', '3'):
        raise Refused('申请类型sqyy只能为2或3')
    fapiao = _original(exchange, exchange.text('yfphm'))
    if fapiao.seller_no != exchange.tax_no:
        raise Refused(NOT_FOUND)
    if fapiao.paper and exchange.text('sdfpbz') != '1':
        raise Refused('蓝票为数电纸票时数电发票标志sdfpbz应为1')
    earlier = red.latest(exchange.world, fapiao.number, _clouds_asked(exchange))
    if earlier is not None and exchange.text('hzxxbcheck') != '1':
        return _form_answer(earlier)
    return _form_answer(red.apply(exchange.world, fapiao, exchange.text('chyydm'),
                                  exchange.text('sqyy'), 'piaodanyun'))


def _clouds_asked(exchange):
    """Whose forms the cloud knows of; None: whoever applied."""
    return None if exchange.quirks.portal_forms else ('piaodanyun',)


def _form_answer(form):
    return Answer({'sqsj': dashed(form.applied_at), 'xxbztDm': form.state, 'xxbbh': form.number,
                   'uuid': form.uid, 'xxbzt': red.STATES[form.state]}, both=True)


def issue_red(exchange):
    """hzfpkj: only on a form nobody has to confirm, or both have."""
    issue.check_uid(exchange)
    form = exchange.world.red_forms.get(exchange.text('tzdbh'))
    there = _answer_existing(exchange, form) or issue.answer_repeated(exchange, red_answer)
    if there is not None:
        return there
    if form is None or form.blue != exchange.text('yfphm'):
        raise Refused('红字信息表编号不存在或与原发票号码不匹配')
    settings = exchange.world.settings
    if form.red_number and settings.deduplicate and settings.duplicate != 'issue':
        raise Refused(f'该红字确认单已开具红字发票{form.red_number}')
    if form.state not in red.ISSUABLE:
        raise Refused(f'红字确认单状态为{red.STATES[form.state]},不能开具红字发票')
    original = exchange.world.fapiao[form.blue]
    if original.seller_no != exchange.tax_no:
        raise Refused('销方税号与原发票不一致')
    blocked = issue.face_blocks(exchange)
    if blocked is not None:
        return blocked
    request = issue.open_request(exchange)
    return red_answer(bureau.red(exchange.world, request, form))


def _answer_existing(exchange, form):
    """310 with the red fapiao the form has already, where the cloud answers so."""
    world = exchange.world
    if exchange.quirks.red_exists != 'data' or not world.settings.deduplicate:
        return None
    if form is None or not form.red_number or form.blue != exchange.text('yfphm'):
        return None
    return replace(red_answer(world.fapiao[form.red_number]), code=310, text='该发票已开具过负数发票')


def red_answer(fapiao):
    return Answer({
        'fphm': fapiao.number, 'kprq': dashed(fapiao.issued_at), 'xhdwsbh': fapiao.seller_no,
        'ghdwsbh': fapiao.buyer_no, 'xhdwmc': fapiao.seller_name, 'ghdwmc': fapiao.buyer_name,
        'jshj': as_number(fapiao.gross), 'xxbbh': fapiao.red_form,
    }, '负数发票开具成功', both=True)

