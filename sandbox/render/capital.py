"""An amount in Chinese capitals: 1024.05 → 壹仟零贰拾肆圆零伍分."""
from decimal import Decimal

DIGITS = '零壹贰叁肆伍陆柒捌玖'
PLACES = ('', '拾', '佰', '仟')
GROUPS = ('', '万', '亿', '兆')


def capital(amount):
    amount = Decimal(amount)
    sign = '(负数)' if amount < 0 else ''
    whole, cents = divmod(int((abs(amount) * 100).to_integral_value()), 100)
    jiao, fen = divmod(cents, 10)
    text = _whole(whole) + '圆'
    if not cents:
        return f'{sign}{text}整'
    if jiao:
        text += DIGITS[jiao] + '角'
    elif whole:
        text += '零'
    return sign + text + (DIGITS[fen] + '分' if fen else '整')


def _whole(number):
    if not number:
        return '零'
    groups = []
    while number:
        number, group = divmod(number, 10000)
        groups.append(group)
    text = ''
    for index in reversed(range(len(groups))):
        group = groups[index]
        if group and text and (group < 1000 or text.endswith('零')):
            text = text.rstrip('零') + '零'
        text += _group(group) + GROUPS[index] if group else '零'
    return text.rstrip('零')


def _group(number):
    text, gap = '', False
    for index in (3, 2, 1, 0):
        digit = number // 10**index % 10
        if digit:
            text += ('零' if gap and text else '') + DIGITS[digit] + PLACES[index]
            gap = False
        else:
            gap = True
    return text
