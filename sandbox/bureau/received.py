"""Fapiao that somebody issued to us, made up: any number of them, each from (seed, index) alone.

Nothing is kept: row 999,999 of a million is computed when it is asked for, and is always the same:

    batch = Batch(seed=1, count=10**6, first_day='2025-01-01', days=365, buyer_no=…, buyer_name=…)
    batch.row(7), batch.between('2025-03-01', '2025-03-31'), batch.find(number, code)
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property

from ..protocol import renamed, words
from ..records import CENT, Line

# How often of 1,000 made-up ones each type code comes.
SHARES = {
    int(kind): int(share)
    for kind, share in renamed("""
    27=300 26=280 2=40 1=40 4=40 3=30 5=10 7=10 8=20 9=20 10=10 11=5 12=5 13=5 14=10 15=20 16=10 17=10 19=5 20=5
    21=10 23=10 24=5 25=10 28=20 29=30 72=20 83=10 84=10""").items()
}
KINDS = tuple(sorted(SHARES))
DIGITAL = frozenset((26, 27, 28, 29, 72, 83, 84))  # 20 digits, no code
SPECIAL = frozenset((2, 4, 27, 12, 83, 15, 72, 21, 29, 28))  # whose tax may be deducted
VAT = frozenset((1, 2, 3, 4, 5, 26, 27))  # goods and services of any rate
FIXED_RATES = {28: 9, 29: 9, 72: 9, 15: 3, 12: 13, 83: 13, 21: 13, 10: 9, 9: 9, 16: 3, 20: 3}
RATES = (13, 13, 13, 13, 13, 13, 9, 9, 6, 6, 6, 6, 3, 1, 1, 0)
# Percent → what is sold at it: name, classification code, unit. One, two or four of each.
ITEMS = {}
for _line in """
    13 *纸制品*复印纸 1060105020000000000 箱
    13 *计算机*笔记本电脑 1090511010000000000 台
    13 *金属制品*螺栓 1080408990000000000 千克
    13 *办公设备*打印机 1090418010000000000 台
    9 *运输服务*货物运输 3010102020200000000
    9 *建筑服务*装修 3050300000000000000
    6 *信息技术服务*软件维护 3040201020000000000 次
    6 *餐饮服务*餐费 3070401000000000000
    6 *住宿服务*住宿费 3070402000000000000 天
    6 *现代服务*咨询费 3040605990000000000
    3 *通行费*车辆通行费 3040502020200000000
    1 *印刷品*宣传册 1060201990000000000 册
    0 *农产品*蔬菜 1010115990000000000 千克""".strip().splitlines():
    _rate, _name, _code, _unit = (*_line.split(), "")[:4]
    ITEMS.setdefault(int(_rate), []).append((_name, _code, _unit))
# 发票状态 of a received fapiao; not the outbound enumeration.
NORMAL, LOST, VOID, RED, ABNORMAL, PARTLY, REVERSED = "0", "1", "2", "3", "4", "7", "8"
STATUSES = {
    NORMAL: "正常",
    LOST: "失控",
    VOID: "已作废",
    RED: "红字发票",
    ABNORMAL: "异常",
    PARTLY: "部分红冲",
    REVERSED: "已全额红冲",
}
# Sellers that don't exist, with tax numbers that pass the check of GB 32100-2015.
COUNT = 4096
CITIES = tuple(
    renamed("""
    北京=110105 上海=310104 广州=440106 深圳=440305 杭州=330106 苏州=320505 南京=320102 成都=510104 武汉=420106
    西安=610113 青岛=370202 天津=120101 重庆=500103 长沙=430102 厦门=350203 宁波=330203""").items()
)
WORDS = words("晨光 远航 云帆 恒泰 明德 华茂 锦程 启明 瑞丰 佳信 博远 鼎新 海纳 金桥 安和 凯旋")
TRADES = words("""
    机电 办公用品 物流 信息技术 餐饮管理 建筑工程 商贸 酒店管理 广告 五金 食品 汽车服务 电子 咨询 印务 物业""")
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION = (3, 7, 9, 10, 5, 8, 4, 2)
# Numbers of received fapiao carry 9998 where those issued here carry 9999.
MARKER = "9998"
MASK = (1 << 64) - 1
EACH_RED = 64  # one of so many reverses the one before it
STATUS_OF_EACH = (("1", 1000), ("4", 500), ("2", 200))  # one of so many has this status
# 1,024 places for the type codes.
KIND_TABLE = [kind for kind, share in sorted(SHARES.items()) for _ in range(share)]
KIND_TABLE += [27] * (1024 - len(KIND_TABLE))


@dataclass(slots=True)
class Received:
    """A fapiao in somebody's inbound pool. Amounts are Decimals in yuan, `day` is YYYY-MM-DD."""

    number: str
    kind: int  # inbound type code, 1…84
    day: str
    seller_no: str
    seller_name: str
    buyer_no: str
    buyer_name: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    code: str = ""  # 发票代码; none on a digital one
    rate: int = 0  # percent of its (first) line
    status: str = NORMAL
    original: str = ""  # on a red one: the blue number
    check_code: str = ""
    remark: str = ""
    item: tuple = ()  # (name, 19-digit code, unit) of the first line
    lines: list = field(default_factory=list)  # Line each; empty on a made-up one: lines_of()
    chance: int = 0  # what the rest of a made-up one is drawn from

    @property
    def key(self):
        return f"{self.buyer_no}/{self.code}/{self.number}"

    @property
    def special(self):
        return self.kind in SPECIAL


def lines_of(row):
    """The lines of a fapiao (records.Line, exclusive of tax); they add up to it exactly."""
    if row.lines:
        return row.lines
    rate = Decimal(row.rate) / 100
    parts = 1 if row.kind not in VAT else row.chance % 4 + 1
    share = (row.net / parts).quantize(CENT)
    net = [*[share] * (parts - 1), row.net - share * (parts - 1)]
    taxes = [(each * rate).quantize(CENT) for each in net[:-1]]
    taxes.append(row.tax - sum(taxes))
    items, lines = ITEMS.get(row.rate, ITEMS[6]), []
    for position, (amount, tax) in enumerate(zip(net, taxes, strict=True)):
        name, code, unit = row.item if not position else items[(row.chance >> 8) + position & len(items) - 1]
        sold = {"unit": unit, "quantity": Decimal(-1 if amount < 0 else 1), "price": abs(amount)} if unit else {}
        lines.append(Line(name, code, amount, rate, tax, **sold))
    return lines


@dataclass
class Batch:
    """`count` fapiao over `days` days from `first_day` on, in the order of their days; of one `only_kind` or of all."""

    seed: object
    count: int
    first_day: str
    days: int
    buyer_no: str = ""
    buyer_name: str = ""
    only_kind: int | None = None

    def __post_init__(self):
        if self.only_kind not in (None, *SHARES):
            raise ValueError(f"type codes are {', '.join(map(str, SHARES))}")
        if self.days < 1 or not 0 <= self.count < 10**7:
            raise ValueError("days must be at least 1, count below ten million")
        self.salt = zlib.crc32(f"{self.seed}/{self.buyer_no}".encode())

    @property
    def key(self):
        return f"{self.buyer_no}/{self.seed}"

    def row(self, index):
        if not 0 <= index < self.count:
            raise IndexError(index)
        blue = index - 1 if self._is_red(index) else index
        row = self._blue(blue, self._dates[index * self.days // self.count])
        if blue != index:
            row.original, row.status = row.number, RED
            row.number = self._number(row.kind, index, row.day, row.chance)[1]
            row.net, row.tax, row.gross = -row.net, -row.tax, -row.gross
        elif index + 1 < self.count and self._is_red(index + 1):
            row.status = REVERSED
        return row

    def between(self, first, last):
        """The range of indexes whose day lies between these, both included."""
        start = date.fromisoformat(self.first_day)
        low = (date.fromisoformat(first) - start).days
        high = (date.fromisoformat(last) - start).days + 1
        return range(self._first_of(low), self._first_of(high))

    def find(self, number, code=""):
        """The index of this fapiao, or None."""
        index = int(number[-7:]) if number[-7:].isdigit() else self.count
        if index >= self.count:
            return None
        row = self.row(index)
        return index if row.number == number and code in ("", row.code) else None

    def kind(self, index):
        """Only its type code: to filter a million without making them."""
        return self._kind(_mix(self.salt, index - 1 if self._is_red(index) else index))

    def _kind(self, chance):
        return self.only_kind or KIND_TABLE[chance & 1023]

    def _first_of(self, day):
        day = min(max(day, 0), self.days)
        return -(-day * self.count // self.days)

    def _is_red(self, index):
        # By counting, not by chance: asked twice for every row.
        if self.only_kind or index < 1 or (index + self.salt) % EACH_RED:
            return False
        return self._kind(_mix(self.salt, index - 1)) in VAT

    def _blue(self, index, day):
        chance = _mix(self.salt, index)
        kind = self._kind(chance)
        seller_name, seller_no = sellers()[(chance >> 10) % COUNT]
        draw = chance >> 22 & 0xFFFFF
        net = 500 + (draw * draw >> 17)
        rate = RATES[chance >> 42 & 15] if kind in VAT else FIXED_RATES.get(kind, 0)
        tax = (net * rate + 50) // 100
        items = ITEMS.get(rate, ITEMS[6])
        code, number = self._number(kind, index, day, chance)
        parties = (seller_no, seller_name, self.buyer_no, self.buyer_name)
        row = Received(number, kind, day, *parties, _yuan(net), _yuan(tax), _yuan(net + tax), code, rate)
        row.status, row.check_code = self._status(index, kind), f"{chance:020d}" if code else ""
        row.item, row.chance = items[chance >> 46 & len(items) - 1], chance
        return row

    def _number(self, kind, index, day, chance):
        """Code and number; the last seven digits are the index."""
        region, year = CITIES[(chance >> 10) % COUNT & 15][1][:2], day[2:4]
        if kind in DIGITAL:
            return "", f"{year}{region}{MARKER}{self.salt % 100000:05d}{index:07d}"
        return f"0{region}00{year}{self.salt % 100000:05d}", f"9{index:07d}"

    def _status(self, index, kind):
        place = index + self.salt // 7
        for status, each in () if self.only_kind else STATUS_OF_EACH:
            # A digital fapiao can't be voided.
            if place % each == 0 and not (status == VOID and kind in DIGITAL):
                return status
        return NORMAL

    @cached_property
    def _dates(self):
        start = date.fromisoformat(self.first_day)
        return [str(start + timedelta(days=each)) for each in range(self.days)]


def _mix(seed, index):
    """64 bits that look like chance (splitmix64)."""
    bits = seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03 + 0x2545F4914F6CDD1D & MASK
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & MASK
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & MASK
    return bits ^ bits >> 31


def _yuan(fen):
    return Decimal(fen).scaleb(-2)


@cache
def sellers():
    """COUNT pairs of name and tax number; SANDBOX shows in the name, FK in the number."""
    return [_seller(position) for position in range(COUNT)]


def _seller(position):
    city, region = CITIES[position & 15]
    word, trade = WORDS[position >> 4 & 15], TRADES[position >> 8 & 15]
    serial, text = position, ""
    for _ in range(4):
        serial, digit = divmod(serial, len(LETTERS))
        text = LETTERS[digit] + text
    return f"{city}沙箱{word}{trade}有限公司", _tax_number(region, f"0MFK{text}")


def _tax_number(region, organisation):
    """18 characters: 91, six digits of region, eight of the organisation, and both check digits."""
    total = 11 - sum(int(letter, 36) * weight for letter, weight in zip(organisation, ORGANISATION, strict=True)) % 11
    check = {10: "X", 11: "0"}.get(total, str(total))
    body = f"91{region}{organisation}{check}"
    total = sum(LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    return body + LETTERS[-total % 31]
