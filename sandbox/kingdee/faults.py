"""The faults 金蝶发票云 tells in its own words: an answer instead of, or after, the deed."""
import json

from .. import misleading
from ..errors import Refused
from . import auth, inbound, push, query, queue, red, told
from .protocol import Answer

TEXTS = {
    'maybe_issued': '请求超时,请查询开票结果',
    'gateway_504': '请求税局超时:504 Gateway Time-out',
    'bureau_error': '系统异常,请联系管理员',
    'refused': '授信额度不足,无法开具',
    'issuing': '单据正在开票中',        # after the deed: issued, and not said
    'face_due': queue.FACE, 'face_payload': queue.FACE,
    'session_lost': queue.SESSION['lost'], 'sms_due': queue.SESSION['sms'],
}
SESSIONS = {'session_lost': 'lost', 'sms_due': 'sms'}
FACES = ('face_due', 'face_payload')
FILES = ('invoiceFileUrl', 'invoicePdfFileUrl', 'invoiceXmlFileUrl', 'invoiceImageUrl')
# What stands in place of an answer before the deed, and the answer to a caller in a hurry.
UNSENT = b'{"message":"SANDBOX","errorCode":"9999","status":false,"success":false}'
TOO_FAST = json.dumps({'message': '接口调用频率超过限制,请稍后再试', 'errorCode': '429', 'status': False,
                       'success': False}, ensure_ascii=False).encode()


def before(exchange, fault):
    """The answer this fault gives without acting; None lets the call go on."""
    kind = fault.kind
    if kind == 'issuing':
        exchange.defer = fault
        return None
    if kind == 'expired_token':
        return _expire_token(exchange)
    if kind == 'unauthorised':
        raise auth.unauthorised(exchange.call.name)
    if kind in SESSIONS:
        exchange.world.set_session(exchange.tax_no, SESSIONS[kind])
        return None         # the bill is taken in; issuing it fails
    if kind in FACES:
        exchange.world.set_face(exchange.tax_no, True)
        return None
    return after(exchange, fault)


def after(exchange, fault, answer=None):
    """The answer this fault gives in place of the true one; None keeps that."""
    kind = fault.kind
    if exchange.call.inbound and kind in ('not_found', 'not_ready'):
        raise inbound.running() if kind == 'not_ready' else inbound.unknown_task(exchange)
    if kind == 'not_found':
        return query.unknown(exchange, exchange.uid)
    if kind in ('no_number', 'not_ready'):
        return _without(exchange, (exchange.quirks.number_key,) if kind == 'no_number' else FILES)
    if kind == 'expired_token':
        return _expire_token(exchange)
    if kind == 'unauthorised':
        raise auth.unauthorised(exchange.call.name)
    if kind == 'repeat':
        return _repeated(exchange)
    if kind == 'wrong_number':
        return _misnumbered(exchange, answer)
    if kind == 'misleading':
        raise _misled(exchange, fault)
    raise Refused(fault.params.get('text', TEXTS[kind]), fault.params.get('code', 999))


def _misled(exchange, fault):
    """A lie about a push lists the bills as a true refusal does."""
    code, text = misleading.chosen('kingdee', fault)
    error = Refused(text, code)
    if exchange.call.name == 'BILL.PUSH' and exchange.quirks.push_list:
        error.data = [push.outcome(str(item.get('billNo', '')), error, exchange.quirks)
                      for item in exchange.items]
    return error


def _repeated(exchange):
    """Success, of an order that was sent before."""
    if exchange.call.name == 'BILL.PUSH' and push.is_repeated(exchange):
        return push.accepted(exchange)
    first = misleading.first(exchange.world, exchange.uid)
    return red.answer(exchange, first) if first and exchange.call.name == 'ALLE.INVOICE.RED' else None


def _misnumbered(exchange, answer):
    """The true answer, or without a deed that to another order, under another order's number."""
    number = exchange.uid and misleading.another(exchange.world, exchange.tax_no, exchange.uid)
    if not number:
        return None
    if answer is None:
        fapiao = exchange.world.fapiao[number]
        return red.answer(exchange, fapiao) if exchange.call.name == 'ALLE.INVOICE.RED' else None
    answer.data = _with_number(answer.data, exchange.quirks.number_key, number)
    return answer


def _with_number(data, key, number):
    if isinstance(data, list):
        return [_with_number(each, key, number) for each in data]
    if isinstance(data, dict):
        return {name: number if name == key and value else _with_number(value, key, number)
                for name, value in data.items()}
    return data


def _expire_token(exchange):
    if exchange.token is not None:
        exchange.token.expires_at = exchange.world.clock.now()
        exchange.world.keep(exchange.token)
    raise auth.bad_token(exchange.quirks, auth.EXPIRED)


def _without(exchange, keys):
    """A query's answer that lacks the number, or the files."""
    world, number, lines_key = exchange.world, exchange.text('serialNo'), exchange.quirks.query_lines_key
    bill = queue.find(world, exchange.text('sellerTaxpayerId'), number, exchange.tenant.account_id)
    if bill is None:
        raise Refused(query.UNKNOWN.format(number))
    items = query.invoices(world, bill, lines_key) or [
        told.unissued(world, bill.draft, number, number, '', '', lines_key)]
    bare = [{**item, **dict.fromkeys(keys, '')} for item in items]
    return Answer([{'billNo': number, 'invoiceList': bare}])
