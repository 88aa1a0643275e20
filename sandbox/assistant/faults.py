"""The faults 金蝶发票助手 tells in its own words: an answer instead of, or after, the deed."""
import json

from ..errors import Refused
from . import auth
from .protocol import Answer

TEXTS = {
    'maybe_issued': '请求超时,请稍后查询', 'gateway_504': '504 Gateway Time-out', 'issuing': '处理中',
    'bureau_error': '系统异常,请联系管理员', 'refused': '操作失败', 'not_found': '数据不存在',
    'not_ready': '数据处理中,请稍后再试', 'no_number': '发票流水号不存在', 'unauthorised': '接口未授权',
    'session_lost': '登录已失效', 'sms_due': '需要短信验证', 'face_due': '需要人脸识别',
    'face_payload': '需要人脸识别', 'misleading': '系统处理中',
}
# What stands in place of an answer before the deed, and the answer to a caller in a hurry.
UNSENT = b'{"errcode":"3000","description":"SANDBOX","data":null}'
TOO_FAST = json.dumps({'errcode': '3429', 'description': '请求过于频繁,请稍后再试', 'data': None},
                      ensure_ascii=False).encode()


def before(exchange, fault):
    return after(exchange, fault)


def after(exchange, fault, answer=None):
    """The answer this fault gives in place of the true one; None keeps that."""
    if fault.kind in ('repeat', 'wrong_number'):
        return None         # of orders, which it has none of
    if fault.kind == 'expired_token':
        return _expire(exchange)
    if fault.kind == 'not_found' and exchange.call.name in ('detail/query', 'invoices/query'):
        return Answer([])
    raise Refused(fault.params.get('text', TEXTS[fault.kind]), fault.params.get('code', ''))


def _expire(exchange):
    """Token or userKey, whichever let the call in, is good for nothing any more."""
    for each in (exchange.token, exchange.user):
        if each is not None:
            each.expires_at = exchange.world.clock.now()
            exchange.world.keep(each)
    if exchange.call.auth == 'user_key':
        raise Refused(auth.BAD_USER_KEY, exchange.quirks.token_code)
    raise auth.bad_token(exchange)
