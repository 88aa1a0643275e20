"""A few thousand sellers that don't exist, with tax numbers that pass the check of GB 32100-2015."""

from functools import cache

COUNT = 4096
CITIES = (
    ('北京', '110105'),
    ('上海', '310104'),
    ('广州', '440106'),
    ('深圳', '440305'),
    ('杭州', '330106'),
    ('苏州', '320505'),
    ('南京', '320102'),
    ('成都', '510104'),
    ('武汉', '420106'),
    ('西安', '610113'),
    ('青岛', '370202'),
    ('天津', '120101'),
    ('重庆', '500103'),
    ('长沙', '430102'),
    ('厦门', '350203'),
    ('宁波', '330203'),
)
WORDS = (
    '晨光',
    '远航',
    '云帆',
    '恒泰',
    '明德',
    '华茂',
    '锦程',
    '启明',
    '瑞丰',
    '佳信',
    '博远',
    '鼎新',
    '海纳',
    '金桥',
    '安和',
    '凯旋',
)
TRADES = (
    '机电',
    '办公用品',
    '物流',
    '信息技术',
    '餐饮管理',
    '建筑工程',
    '商贸',
    '酒店管理',
    '广告',
    '五金',
    '食品',
    '汽车服务',
    '电子',
    '咨询',
    '印务',
    '物业',
)
LETTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY'
ORGANISATION = (3, 7, 9, 10, 5, 8, 4, 2)


@cache
def sellers():
    """COUNT pairs of name and tax number; SANDBOX shows in the name, FK in the number."""
    return [_seller(position) for position in range(COUNT)]


def seller(position):
    return sellers()[position % COUNT]


def _seller(position):
    city, region = CITIES[position & 15]
    word, trade = WORDS[position >> 4 & 15], TRADES[position >> 8 & 15]
    serial, text = position, ''
    for _ in range(4):
        serial, digit = divmod(serial, len(LETTERS))
        text = LETTERS[digit] + text
    return f'{city}沙箱{word}{trade}有限公司', tax_number(region, f'MFK{text}')


def tax_number(region, serial):
    """18 characters: 91, six digits of region, eight of the organisation, and both check digits."""
    organisation = serial.rjust(8, '0')
    body = f'91{region}{organisation}{_organisation_digit(organisation)}'
    total = sum(LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    return body + LETTERS[-total % 31]


def _organisation_digit(text):
    """GB 11714."""
    total = 11 - sum(int(letter, 36) * weight for letter, weight in zip(text, ORGANISATION, strict=True)) % 11
    return {10: 'X', 11: '0'}.get(total, str(total))
