"""Fapiao that somebody issued to us, made up: any number of them, each from (seed, index) alone.

Nothing is kept: row 999,999 of a million is computed when it is asked for, and is always the same.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property

from ..protocol import renamed, words

# How often of 1,000 made-up ones each type code comes.
SHARES = {
    int(kind): int(share)
    for kind, share in renamed("""
    27=300 26=280 2=40 1=40 4=40 3=30 5=10 7=10 8=20 9=20 10=10 11=5 12=5 13=5 14=10 15=20 16=10 17=10 19=5 20=5
    21=10 23=10 24=5 25=10 28=20 29=30 72=20 83=10 84=10""").items()
}
KINDS = tuple(sorted(SHARES))
DIGITAL = frozenset((26, 27, 28, 29, 72, 83, 84))  # 20 digits, no code
BY_DAY = frozenset((9, 10, 24))  # rail and air on paper: the day of travel in place of a code
SPECIAL = frozenset((2, 4, 27, 12, 83, 15, 72, 21, 29, 28))  # whose tax may be deducted
ORDINARY = frozenset((1, 3, 5, 26))
VAT = frozenset((1, 2, 3, 4, 5, 26, 27))  # goods and services of any rate
FIXED_RATES = {28: 9, 29: 9, 72: 9, 15: 3, 12: 13, 83: 13, 21: 13, 10: 9, 9: 9, 16: 3, 20: 3}
RATES = (13, 13, 13, 13, 13, 13, 9, 9, 6, 6, 6, 6, 3, 1, 1, 0)
# 发票状态 of a received fapiao; not the outbound enumeration.
NORMAL, LOST, VOID, RED, ABNORMAL, PARTLY, REVERSED = "0", "1", "2", "3", "4", "7", "8"
STATUSES = renamed("0=正常 1=失控 2=已作废 3=红字发票 4=异常 7=部分红冲 8=已全额红冲")
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
    element: str = ""  # 特定要素
    goods: str = ""  # classification code of its lines

    @property
    def key(self):
        return f"{self.buyer_no}/{self.code}/{self.number}"

    @property
    def special(self):
        return self.kind in SPECIAL

    @property
    def farm(self):
        """Farm products: sold by who grew them, or bought from a farmer, both free of tax."""
        return self.kind in ORDINARY and self.element in ("12", "16")

    @property
    def toll(self):
        return self.kind in (1, 26) and self.element == "08"


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
        chance, day = _mix(self.salt, blue), self._dates[index * self.days // self.count]
        row = self._blue(blue, day, chance)
        if blue != index:
            row.original, row.status = row.number, RED
            row.number = self._number(row.kind, index, day, chance)[1]
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

    def _blue(self, index, day, chance):
        kind = self._kind(chance)
        seller_name, seller_no = seller((chance >> 10) % COUNT)
        draw = chance >> 22 & 0xFFFFF
        net = 500 + (draw * draw >> 17)
        rate = RATES[chance >> 42 & 15] if kind in VAT else FIXED_RATES.get(kind, 0)
        tax = (net * rate + 50) // 100
        code, number = self._number(kind, index, day, chance)
        parties = (seller_no, seller_name, self.buyer_no, self.buyer_name)
        row = Received(number, kind, day, *parties, _yuan(net), _yuan(tax), _yuan(net + tax), code, rate)
        row.status, row.check_code = self._status(index, kind), f"{chance:020d}" if code else ""
        return row

    def _number(self, kind, index, day, chance):
        """Code and number; the last seven digits are the index."""
        region, year = CITIES[(chance >> 10) % COUNT & 15][1][:2], day[2:4]
        if kind in BY_DAY:
            return day.replace("-", ""), f"{MARKER}9{index:08d}"
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
def seller(position):
    """Name and tax number of one of COUNT sellers; SANDBOX shows in the name, FK in the number."""
    city, region = CITIES[position & 15]
    organisation = f"0MFK{position:04d}"
    # The check digits of GB 11714, and of the whole: 91, region, organisation.
    check = 11 - sum(int(letter, 36) * weight for letter, weight in zip(organisation, ORGANISATION, strict=True)) % 11
    body = f"91{region}{organisation}{'X0'[check - 10] if check > 9 else check}"
    total = sum(LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    name = f"{city}沙箱{WORDS[position >> 4 & 15]}{TRADES[position >> 8 & 15]}有限公司"
    return name, body + LETTERS[-total % 31]
