"""The faults 金蝶发票云 tells in its own words: an answer instead of, or after, the deed."""
import json

from ..errors import Refused
from . import auth, inbound, query, queue, told
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


def after(exchange, fault):
    """The answer this fault gives in place of the true one."""
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
    raise Refused(fault.params.get('text', TEXTS[kind]), fault.params.get('code', 999))


def _expire_token(exchange):
    if exchange.token is not None:
        exchange.token.expires_at = exchange.world.clock.now()
        exchange.world.keep(exchange.token)
    raise auth.bad_token(exchange.quirks, auth.EXPIRED)


def _without(exchange, keys):
    """A query's answer that lacks the number, or the files."""
    world, number, lines_key = exchange.world, exchange.text('serialNo'), exchange.quirks.query_lines_key
    bill = queue.find(world, exchange.text('sellerTaxpayerId'), number)
    if bill is None:
        raise Refused(query.UNKNOWN.format(number))
    items = query.invoices(world, bill, lines_key) or [
        told.unissued(world, bill.draft, number, number, '', '', lines_key)]
    bare = [{**item, **dict.fromkeys(keys, '')} for item in items]
    return Answer([{'billNo': number, 'invoiceList': bare}])
