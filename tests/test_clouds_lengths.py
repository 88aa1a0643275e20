"""The longest texts of each cloud and channel: before sending, and, written apart, at the sandbox's bureau."""

import unittest
from dataclasses import replace
from decimal import Decimal

from ..clouds.kingdee.client import Kingdee
from ..clouds.piaodanyun.client import Piaodanyun
from ..rules.checks import preflight
from ..rules.document import NORMAL, ORDINARY, Draft, Line, Party
from ..rules.limits import BYTES, DIRECT, LOGIN, Limits
from ..sandbox.bureau.checks import check_head, check_lines
from ..sandbox.protocol import Refused
from ..sandbox.records import Fapiao, Taxpayer
from ..sandbox.records import Line as Row

D = Decimal
NUMBERS = ("91310000MA1FAKE002", "91440300MA5BUYER26")
# By the field: where it stands, what it begins with, and the problem's code
TEXTS = {
    "item": ("name", "*软件*", "item_name_too_long"),
    "spec": ("spec", "", "spec_too_long"),
    "unit": ("unit", "", "unit_too_long"),
    "party": ("buyer_name", "", "name_too_long"),
    "contact": ("buyer_address", "", "contact_too_long"),
    "bank": ("buyer_bank", "行 ", "bank_too_long"),
    "remark": ("remark", "", "remark_too_long"),
}


def text_of(size, start, length):
    """Return a text that begins with ``start`` and has ``size`` by the measure of ``length``."""
    room = size - length.of(start)
    return start + ("长" * (room // 2) + "x" * (room % 2) if length.measure is BYTES else "长" * room)


def documents(cloud, place="", text=""):
    """Return a draft and the sandbox's record of the same fapiao, with ``text`` at ``place``."""
    line = Line(name="*软件*甲", code="1060301020100000000", amount=D(100), tax=D(13), rate=D("0.13"), kind=NORMAL)
    row = Row(line.name, line.code, line.amount, line.rate, line.tax)
    seller, buyer = (
        Party("销方公司", NUMBERS[0], address="路", bank="行", bank_account="1"),
        Party("购方公司", NUMBERS[1]),
    )
    if place in ("name", "spec", "unit"):
        line, row = replace(line, **{place: text}), replace(row, **{place: text})
    elif place.startswith("buyer"):
        names = ("bank", "bank_account") if place == "buyer_bank" else (place.removeprefix("buyer_"),)
        buyer = replace(buyer, **dict(zip(names, text.split(" "), strict=True)))
    remark = text if place == "remark" else ""
    draft = Draft(ORDINARY, seller, buyer, (line,), D(100), D(13), D(113), remark, "开票员")
    record = Fapiao(NUMBERS[0], seller.name, NUMBERS[1], buyer.name, D(100), D(13), D(113), [row], cloud=cloud)
    return draft, replace(record, **({} if place in ("", "name", "spec", "unit") else {place: text}))


class TestLengths(unittest.TestCase):
    def found(self, cloud, channel, draft):
        lengths = cloud.lengths[channel]
        return [problem for problem in preflight(draft, Limits(lengths=lengths)) if problem.severity == "error"]

    def is_refused(self, channel, record):
        seller = replace(Taxpayer(NUMBERS[0], "销方公司", 1, D(1000)), channel=channel)
        try:
            check_head(record, seller, {})
            check_lines(record, seller)
        except Refused as error:
            self.assertIn("不能超过", error.text)
            return True
        return False

    def boundaries(self):
        """Yield each cloud, channel and field with its limit; 金蝶发票云 counts an item's short name by log-in."""
        for cloud in (Piaodanyun, Kingdee):
            for channel, lengths in cloud.lengths.items():
                for field in TEXTS:
                    length = getattr(lengths, field)
                    if field == "item":
                        length = min(lengths.name, replace(length, most=length.most + 4), key=lambda one: one.most)
                    yield cloud, channel, field, length

    def test_both_sides_of_each_boundary(self):
        for cloud, channel, field, length in self.boundaries():
            place, start, code = TEXTS[field]
            for size, expected in ((length.most, []), (length.most + 1, [code])):
                with self.subTest(cloud.provider, channel=channel, field=field, size=size):
                    draft, record = documents(cloud.provider, place, text_of(size, start, length))
                    problems = self.found(cloud, channel, draft)
                    self.assertEqual(expected, [problem.code for problem in problems])
                    self.assertTrue(all(problem.fix for problem in problems))
                    # the bureau itself takes longer addresses and banks than 金蝶发票云 does directly
                    if (cloud, channel, field) not in ((Kingdee, DIRECT, "contact"), (Kingdee, DIRECT, "bank")):
                        self.assertEqual(bool(expected), self.is_refused(channel, record))

    def test_the_log_in_channel(self):
        """The case of practice: specification 60, unit 25, remark 250."""
        for cloud in (Piaodanyun, Kingdee):
            for place, text in (("spec", "x" * 60), ("unit", "x" * 25), ("remark", "x" * 250)):
                draft, record = documents(cloud.provider, place, text)
                with self.subTest(cloud.provider, place=place):
                    self.assertEqual(1, len(self.found(cloud, LOGIN, draft)))
                    self.assertTrue(self.is_refused(LOGIN, record))

    def test_shown_banks_count(self):
        draft, _record = documents("piaodanyun", "remark", "备" * 230)
        draft = replace(draft, show_seller_bank=True)
        lengths = Piaodanyun.lengths[LOGIN]
        self.assertEqual([], self.found(Piaodanyun, LOGIN, draft))
        codes = [problem.code for problem in preflight(draft, Limits(lengths=lengths, shows_bank=True))]
        self.assertIn("remark_too_long", codes)

    def test_rare_characters_have_a_size(self):
        """GBK lacks them; they are counted, not a failure."""
        length = Kingdee.lengths[LOGIN].spec
        self.assertEqual((4, 4), (length.of("𠮷"), length.of("规格")))
