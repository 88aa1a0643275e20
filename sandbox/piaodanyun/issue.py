"""blueTicket: reads ~60 fields into a draft, and asks the bureau (docs/protocols/piaodanyun.md#issuing)."""
import re

from ..bureau import issue as bureau
from ..clock import dashed
from ..errors import Refused
from ..records import Fapiao, Line
from . import auth, form, login
from .protocol import Answer

FIELDS = (
    'username', 'fpqqlsh', 'fplxdm', 'tdyslxDm', 'kplx', 'qdbz', 'xhdwsbh', 'xhdwmc', 'xhdwdzdh',
    'xhdwyhzh', 'ghdwsbh', 'ghdwmc', 'ghdwdzdh', 'ghdwyhzh', 'zsfs', 'hjje', 'hjse', 'jshj',
    'kce', 'kpr', 'skr', 'fhr', 'gfkhdh', 'gfkhyx', 'slsm', 'bz', 'gfzrrbs', 'xfzrrbs',
    'gfxxConfirm', 'spflxConfirm', 'sfzsgmfyhzh', 'sfzsxsfyhzh')
REQUIRED = (
    'username', 'fpqqlsh', 'fplxdm', 'kplx', 'xhdwsbh', 'xhdwmc', 'xhdwdzdh', 'xhdwyhzh',
    'ghdwmc', 'hjje', 'hjse', 'jshj')
LINE_REQUIRED = ('fphxz', 'spmc', 'je', 'sl', 'se', 'hsbz', 'spbm')

TYPES = {'81': (True, False), '82': (False, False), '85': (True, True), '86': (False, True)}
NATURES = {'0': 'normal', '1': 'discount', '2': 'discounted'}
ZERO_KINDS = {'': '', '0': '', '1': 'exempt', '2': 'untaxed', '3': 'zero'}
MAX_UID = 40
ISSUING = '发票正在开具中,请稍后查询开票结果'
PAPER_LINES = 8


def blue_ticket(exchange):
    check_uid(exchange)
    repeated = answer_repeated(exchange, blue_answer)
    if repeated is not None:
        return repeated
    draft = read_draft(exchange)
    bureau.check(exchange.world, draft, ask_buyer=exchange.text('gfxxConfirm') == '1',
                 ask_person=exchange.text('spflxConfirm') == '1')
    blocked = face_blocks(exchange)
    if blocked is not None:
        return blocked
    request = open_request(exchange)
    if exchange.defer is not None:
        bureau.later(exchange.world, request, draft, exchange.defer.params.get('seconds', 60),
                     exchange.defer.params.get('queries'))
        raise Refused(ISSUING)
    return blue_answer(bureau.blue(exchange.world, request, draft))


def blue_answer(fapiao):
    return Answer({'Fphm': fapiao.number, 'Kprq': dashed(fapiao.issued_at), 'Gmfyx': None,
                   'GmfSsjswjgdm': None})


# --- the request id, shared with the red fapiao ---

def check_uid(exchange):
    """税号_自定义编号, at most 40 characters in all."""
    uid = exchange.text('fpqqlsh')
    if len(uid) > MAX_UID:
        raise Refused(f'发票请求流水号不能超过{MAX_UID}个字符')
    if not re.fullmatch(re.escape(exchange.tax_no) + '_[0-9A-Za-z_-]+', uid):
        raise Refused('发票请求流水号格式不正确,应为"税号_自定义编号"')


def open_request(exchange):
    return bureau.request_for(exchange.world, exchange.text('fpqqlsh'), 'piaodanyun',
                              exchange.tax_no, exchange.digest(), exchange.tenant)


def answer_repeated(exchange, tell):
    """The answer to an id that is known already, or None when it may go on."""
    world = exchange.world
    request = exchange.order
    if request is None or request.state == 'failed' or not world.settings.deduplicate:
        return None
    if request.state == 'pending':
        raise Refused('发票正在开具中,请勿重复提交')
    style = world.settings.duplicate
    if style == 'issue':
        return None
    fapiao = world.fapiao[request.numbers[0]]
    if world.settings.repeat_answers == 'success':
        return tell(fapiao)
    if request.digest != exchange.digest():
        raise Refused('发票请求流水号已存在且内容不一致,请更换流水号')
    if style == 'code':
        raise Refused('发票可能已开具,请查询开票结果', 10400)
    if style == 'number':
        return tell(fapiao)
    raise Refused(f'该流水号已成功开具发票,发票号码:{fapiao.number},请勿重复开具')


def face_blocks(exchange):
    """None, or the answer of success without a number: 200 with a face payload."""
    world = exchange.world
    taxpayer = world.taxpayer(exchange.tax_no)
    if not auth.face_due(world, taxpayer, auth.bureau_user(exchange)):
        return None
    if exchange.quirks.face_due_as == 'payload':
        return Answer(login.face_payload(exchange))
    raise Refused('需要进行人脸识别认证', auth.FACE_DUE)


# --- reading the form ---

def read_draft(exchange):
    text = exchange.text
    special, paper = _read_kind(exchange)
    rows = form.lines(exchange.form)
    if paper and len(rows) > PAPER_LINES and text('qdbz') != '1':
        raise Refused('纸质数电发票商品超过8行时清单标志qdbz应为1')
    deduction = form.money(text('kce'), '扣除额', missing_ok=True)
    levy = form.choice(text('zsfs'), '征收方式', ('0', '1', '2', '3'), '0')
    return Fapiao(
        seller_no=text('xhdwsbh'), seller_name=text('xhdwmc'), seller_address=text('xhdwdzdh'),
        seller_bank=text('xhdwyhzh'), buyer_no=text('ghdwsbh'), buyer_name=text('ghdwmc'),
        buyer_address=text('ghdwdzdh'), buyer_bank=text('ghdwyhzh'), buyer_phone=text('gfkhdh'),
        buyer_mail=text('gfkhyx'), net=form.money(text('hjje'), '合计金额'),
        tax=form.money(text('hjse'), '合计税额'), gross=form.money(text('jshj'), '价税合计'),
        lines=[_read_line(row, number) for number, row in enumerate(rows, 1)],
        special=special, paper=paper, levy=levy, deduction=deduction,
        natural_person=form.choice(text('gfzrrbs'), '购方自然人标识', ('N', 'Y'), 'N') == 'Y',
        show_buyer_bank=text('sfzsgmfyhzh') in ('y', 'Y'),
        show_seller_bank=text('sfzsxsfyhzh') in ('y', 'Y'), remark=text('bz'), drawer=text('kpr'),
        payee=text('skr'), reviewer=text('fhr'), small_reason=text('slsm'),
        listed=text('qdbz') == '1', username=exchange.username, cloud='piaodanyun')


def _read_kind(exchange):
    text = exchange.text
    if text('fplxdm') not in TYPES:
        raise Refused(f'发票类型代码{text("fplxdm")}不支持')
    if text('kplx') != '0':
        raise Refused('开具红字发票请先申请红字信息表,蓝字发票开票类型应为0')
    if text('tdyslxDm'):
        raise Refused(f'特定要素类型{text("tdyslxDm")}未开通')
    form.choice(text('xfzrrbs'), '销方自然人标识', ('N', 'Y'), 'N')
    return TYPES[text('fplxdm')]


def _read_line(row, position):
    try:
        return _line(row)
    except Refused as error:
        raise Refused(f'第{position}行:{error.text}') from None


def _line(row):
    def text(key):
        return row.get(key, '')
    for key in LINE_REQUIRED:
        if not text(key):
            raise Refused(f'参数{key}不能为空')
    return Line(
        name=text('spmc'), code=text('spbm'), spec=text('ggxh'), unit=text('dw'),
        nature=NATURES[form.choice(text('fphxz'), '发票行性质', NATURES)],
        quantity=form.number(text('spsl'), '数量', 13, missing_ok=True),
        price=form.number(text('dj'), '单价', 13, missing_ok=True),
        amount=form.money(text('je'), '金额'), rate=form.number(text('sl'), '税率', 3),
        tax=form.money(text('se'), '税额'),
        inclusive=form.choice(text('hsbz'), '含税标志', ('0', '1')) == '1',
        preferential=form.choice(text('yhzcbs'), '优惠政策标识', ('0', '1'), '0') == '1',
        zero_kind=ZERO_KINDS[form.choice(text('lslbs'), '零税率标识', ZERO_KINDS)],
        policy=text('zzstsgl'))
