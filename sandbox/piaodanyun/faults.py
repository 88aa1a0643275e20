"""The faults 票单云 tells in its own words: an answer instead of, or after, the deed."""
from .. import misleading
from ..errors import Refused
from . import auth, issue, login, red
from .files import NOT_READY
from .protocol import Answer
from .query import NOT_FOUND

TEXTS = {
    'maybe_issued': (10400, '发票可能已开具,请查询开票结果'),
    'gateway_504': (999, '请求局端超时:504 Gateway Time-out'),
    'bureau_error': (999, '局端内部异常,请稍后再试'),
    'not_found': (999, NOT_FOUND),
    'not_ready': (999, NOT_READY),
    'refused': (999, '授信额度不足,无法开具'),
    'unauthorised': (999, '接口未授权'),
    'issuing': (999, issue.ISSUING),    # after the deed: issued, and not said
}
ORDERS = {'blueTicket': issue.blue_answer, 'hzfpkj': red.red_answer}
NUMBERS = ('Fphm', 'fphm')


def before(exchange, fault):
    """The answer this fault gives without acting; None lets the call go on."""
    kind = fault.kind
    if kind == 'issuing':
        exchange.defer = fault
        return None
    if kind == 'expired_token':
        return _expire_token(exchange)
    if kind in ('session_lost', 'sms_due'):
        return _lose_session(exchange, 'lost' if kind == 'session_lost' else 'sms')
    if kind in ('face_due', 'face_payload'):
        return _demand_face(exchange, kind)
    return after(exchange, fault)


def after(exchange, fault, answer=None):
    """The answer this fault gives in place of the true one; None keeps that."""
    if fault.kind == 'no_number':
        return Answer({'Fphm': None, 'Kprq': None, 'Gmfyx': None, 'GmfSsjswjgdm': None})
    if fault.kind == 'misleading':
        code, text = misleading.chosen('piaodanyun', fault)
        raise Refused(text, code)
    if fault.kind == 'repeat':
        return _repeated(exchange)
    if fault.kind == 'wrong_number':
        return _misnumbered(exchange, answer)
    if fault.kind not in TEXTS:
        return before(exchange, fault)
    code, text = TEXTS[fault.kind]
    code = fault.params.get('code', code)
    raise Refused(fault.params.get('text', text), code)


def _repeated(exchange):
    """Success, and the first number, of an order that was sent before."""
    first = misleading.first(exchange.world, exchange.uid)
    tell = ORDERS.get(exchange.call.name)
    return tell(first) if tell and first else None


def _misnumbered(exchange, answer):
    """The true answer, or without a deed that to another order, under another order's number."""
    number = exchange.uid and misleading.another(exchange.world, exchange.tax_no, exchange.uid)
    if not number:
        return None
    if answer is None:
        tell = ORDERS.get(exchange.call.name)
        return tell and tell(exchange.world.fapiao[number])
    if isinstance(answer.data, dict):
        answer.data = {key: number if key in NUMBERS and value else value
                       for key, value in answer.data.items()}
    return answer


def _expire_token(exchange):
    token = getattr(exchange, 'token', None)
    if token is not None:
        token.expires_at = exchange.world.clock.now()
        exchange.world.keep(token)
    raise Refused('token已过期,请重新获取', exchange.quirks.token_code)


def _lose_session(exchange, state):
    user = auth.bureau_user(exchange)
    user.session = state
    exchange.world.keep(exchange.world.taxpayer(auth.acting_tax_no(exchange)))
    code, text = auth.SESSION_TEXTS[state]
    raise Refused(text, code)


def _demand_face(exchange, kind):
    exchange.world.set_face(auth.acting_tax_no(exchange), True, exchange.username)
    if kind == 'face_payload':
        return Answer(login.face_payload(exchange))
    raise Refused('需要进行人脸识别认证', auth.FACE_DUE)
