"""Turns an answer into 票单云's JSON, with the quirks that are switched on."""
import json
from datetime import datetime
from decimal import Decimal

from .protocol import Answer

DATE_KEYS = {'kprq', 'Kprq', 'dqsj', 'sqsj'}


def render(answer, quirks):
    """The body of the HTTP answer, as bytes."""
    return json.dumps(envelope(answer, quirks), ensure_ascii=False).encode()


def refusal(error, call, _quirks=None):
    """A refusal has the paper's 999 shape, except obtainToken, whose examples are shorter."""
    short = call is not None and call.name == 'obtainToken'
    return Answer(error.data, error.text, error.code, both=not short, total=None if short else 0)


def envelope(answer, quirks):
    body = {'code': str(answer.code) if quirks.code_as == 'str' else answer.code}
    both = answer.both if quirks.text_key == 'seed' else quirks.text_key == 'both'
    if quirks.text_key != 'message':
        body['msg'] = answer.text
    if both or quirks.text_key == 'message':
        body['message'] = answer.text
    body['data'] = _dress(answer.data, quirks)
    if answer.total is not None and quirks.total:
        body['total'] = answer.total
    return body


def _dress(data, quirks):
    if isinstance(data, list):
        return [_dress(each, quirks) for each in data]
    if not isinstance(data, dict):
        return data
    return {_rename(key, quirks): _value(key, value, quirks) for key, value in data.items()
            if key not in quirks.drop_keys}


def _rename(key, quirks):
    if key in ('Fphm', 'Kprq') and quirks.number_key == 'fphm':
        return key.lower()
    return quirks.face_source_key if key == 'emwly' else key


def _value(key, value, quirks):
    if isinstance(value, (dict, list)):
        return _dress(value, quirks)
    if key in DATE_KEYS and isinstance(value, str) and value and quirks.dates != 'seed':
        return _date(value, quirks.dates)
    if isinstance(value, Amount):
        return value.rendered(quirks.numbers)
    return value


def _date(value, style):
    form = '%Y%m%d%H%M%S' if value.isdigit() else '%Y-%m-%d %H:%M:%S'
    moment = datetime.strptime(value, form)
    return moment.strftime('%Y-%m-%d %H:%M:%S' if style == 'dashed' else '%Y%m%d%H%M%S')


class Amount:
    """A number the paper shows either as text or as a JSON number."""

    def __init__(self, value, as_text, text=None):
        self.value = value
        self.as_text = as_text
        self.text = text if text is not None else plain(value)

    def rendered(self, style):
        if style == 'str' or (style == 'seed' and self.as_text):
            return self.text
        return number(self.value)


def plain(value):
    """'1', '0.99': as short as the paper's examples."""
    value = Decimal(value)
    if value == value.to_integral_value():
        return str(value.quantize(Decimal(1)))
    return format(value.normalize(), 'f')


def number(value):
    value = Decimal(value)
    return int(value) if value == value.to_integral_value() else float(value)


def as_text(value, text=None):
    return Amount(value, True, text)


def as_number(value):
    return Amount(value, False)
