"""Reads a form body with keys like fyxm[0][spmc], as strictly as the documents allow."""
import json
import re
from decimal import Decimal
from urllib.parse import parse_qsl

from ..errors import Refused

PLAIN = re.compile(r'-?\d+(\.\d+)?')
LINE_KEY = re.compile(r'fyxm\[(\d+)\]\[(\w+)\]')
ARRAY_KEY = re.compile(r'(\w+)(\[\d*\])')
LINE_FIELDS = ('fphxz', 'spmc', 'ggxh', 'dw', 'spsl', 'dj', 'je', 'sl', 'se', 'hsbz', 'spbm',
               'yhzcbs', 'lslbs', 'zzstsgl')
ARRAYS = ('sqyy',)


def read(request, call, quirks):
    """The flat form of this request; arrays are joined with a comma."""
    if call.method == 'GET':
        return request.args.to_dict()
    body = request.get_data()
    kind = request.mimetype
    if call.name == 'obtainToken' and kind == 'application/json' and quirks.token_body != 'form':
        return _json(body)
    if kind != 'application/x-www-form-urlencoded' or (
            call.name == 'obtainToken' and quirks.token_body == 'json'):
        raise Refused(f'请求格式不正确,Content-Type不支持{kind or "空"}')
    return _pairs(body, call, quirks.strict_keys)


def _json(body):
    try:
        data = json.loads(body)
    except ValueError:
        raise Refused('请求格式不正确') from None
    return {key: '' if value is None else str(value) for key, value in data.items()}


def _pairs(body, call, strict):
    try:
        pairs = parse_qsl(body.decode('ascii'), keep_blank_values=True, encoding='utf-8',
                          errors='strict')
    except UnicodeError:
        raise Refused('请求内容编码不正确,应为UTF-8') from None
    form = {}
    for key, value in pairs:
        array = ARRAY_KEY.fullmatch(key)
        name = array[1] if array and array[1] in ARRAYS else key
        if name in ARRAYS:
            form[name] = ','.join(filter(None, [form.get(name), value]))
        elif name in form:
            raise Refused(f'参数{name}重复')
        else:
            form[name] = value
        if strict:
            _check_known(name, call)
    return form


def _check_known(name, call):
    line = LINE_KEY.fullmatch(name)
    if name not in call.fields and not (call.lines and line and line[2] in LINE_FIELDS):
        raise Refused(f'未知参数{name}')


def lines(form):
    """The fyxm rows in order; their indices must run 0, 1, 2, …"""
    rows = {}
    for key, value in form.items():
        match = LINE_KEY.fullmatch(key)
        if match:
            rows.setdefault(int(match[1]), {})[match[2]] = value
    if sorted(rows) != list(range(len(rows))):
        raise Refused('发票明细fyxm下标必须从0开始连续')
    return [rows[index] for index in range(len(rows))]


def number(text, label, places=None, missing_ok=False):
    """A plain decimal; no exponent, no thousands separator, no percent sign."""
    if not text and missing_ok:
        return None
    if not text:
        raise Refused(f'{label}不能为空')
    if not PLAIN.fullmatch(text):
        raise Refused(f'{label}"{text[:30]}"不是合法的数字')
    value = Decimal(text)
    if places is not None and -value.as_tuple().exponent > places:
        raise Refused(f'{label}小数位数不能超过{places}位')
    return value


def money(text, label, missing_ok=False):
    return number(text, label, 2, missing_ok)


def choice(text, label, allowed, default=None):
    if not text and default is not None:
        return default
    if text not in allowed:
        raise Refused(f'{label}"{text[:30]}"不合法')
    return text
