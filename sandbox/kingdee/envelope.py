"""The envelope around every call: strict about what comes in, varied in what goes out."""
import base64
import binascii
import json
import re
from dataclasses import dataclass
from decimal import Decimal

from ..errors import Refused
from .records import UsedId

MAX_SYSTEM = 10
# 13 digits of milliseconds and three more.
REQUEST_ID = re.compile(r'\d{16}')
TEXTS = {'null': None, 'text': ''}


@dataclass
class Reading:
    body: dict
    data: object = None
    trouble: str = ''           # what is wrong with it, said once the caller is known


def read(request, quirks):
    """What the request says, and what is wrong with it: the first trouble only."""
    if request.mimetype != 'application/json':
        return Reading({}, trouble=f'Content-Type应为application/json,收到{request.mimetype or "空"}')
    try:
        body = _json(request.get_data())
    except ValueError:
        return Reading({}, trouble='请求报文不是合法的UTF-8编码JSON')
    if not isinstance(body, dict):
        return Reading({}, trouble='请求报文应为JSON对象')
    try:
        return Reading(body, _data(body.get('data'), quirks))
    except Refused as error:
        return Reading(body, trouble=error.text)


def _data(given, quirks):
    if given in (None, ''):
        return None
    if not isinstance(given, str):
        if quirks.request_data == 'any':
            return given
        raise Refused('data应为base64字符串')
    try:
        return _json(base64.b64decode(given.encode('ascii'), validate=True))
    except (UnicodeEncodeError, binascii.Error):
        raise Refused('data不是合法的base64字符串') from None
    except ValueError:
        raise Refused('data解码后不是合法的UTF-8编码JSON') from None


def _json(content):
    """Amounts stay exact, to show what a float does to them."""
    return json.loads(content.decode('utf-8'), parse_float=Decimal)


def check(exchange):
    """The four keys."""
    quirks, body = exchange.quirks, exchange.body
    if exchange.trouble:
        raise Refused(exchange.trouble)
    for key in ('requestId', 'businessSystemCode', 'interfaceCode', 'data'):
        if not body.get(key):
            raise Refused(f'参数{key}不能为空')
        if key != 'data' and not isinstance(body[key], str):
            raise Refused(f'参数{key}应为字符串')
    if quirks.request_id == 'digits16' and not REQUEST_ID.fullmatch(body['requestId']):
        raise Refused('requestId格式不正确,应为13位毫秒时间戳加3位随机数')
    if len(exchange.system) > MAX_SYSTEM:
        raise Refused(f'businessSystemCode长度不能超过{MAX_SYSTEM}')
    if quirks.known_systems and exchange.system not in exchange.tenant.systems:
        raise Refused(f'业务系统编码{exchange.system}不存在,请在发票云-系统管理-业务系统列表中配置')


def use_id(exchange):
    """A requestId counts as used once the call is let in, whatever comes of it."""
    used = UsedId(exchange.body['requestId'], exchange.tenant.account_id)
    unique = exchange.quirks.request_id_unique and exchange.world.settings.deduplicate
    if unique and used.key in exchange.world.used_ids:
        raise Refused(f'requestId重复:{used.text}')
    exchange.world.used_ids[used.key] = used
    exchange.world.keep(used)


def render(answer, quirks):
    """The body of the HTTP answer, as bytes."""
    if answer.bare:
        return dump(answer.data)
    good = answer.code is None
    body, packed_data = {}, b''
    if answer.data is not None and quirks.data_as == 'base64' and 'data' not in quirks.drop_keys:
        packed_data = base64.b64encode(dump(answer.data))
    elif answer.data is not None:
        body['data'] = packed(answer.data, quirks.data_as)
    elif quirks.empty_data != 'missing':
        body['data'] = TEXTS[quirks.empty_data]
    body.update({
        'message': answer.text, 'errorCode': (answer.good or quirks.success_code) if good else answer.code,
        'status': good, 'success': str(good).lower() if quirks.success_as == 'str' else good})
    body = {key: value for key, value in body.items() if key not in quirks.drop_keys}
    if not packed_data:
        return dump(body)
    # Set in by hand: nothing in base64 needs escaping, and a page of fapiao has 200 kB of it.
    return b'{"data": "' + packed_data + b'"' + (b', ' if body else b'') + dump(body)[1:]


def packed(data, style):
    return base64.b64encode(dump(data)).decode() if style == 'base64' else data


def dump(data):
    return json.dumps(data, ensure_ascii=False, default=_number).encode()


def _number(value):
    """Decimals as JSON numbers; two places survive a float."""
    return int(value) if value == value.to_integral_value() else float(value)
