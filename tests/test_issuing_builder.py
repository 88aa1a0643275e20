"""Whatever the real Odoo posts, the fapiao has the ledger's very totals, or a named problem says why not.

The arithmetic is tested without Odoo by the hundred (test_rules_odoo_totals); here Odoo itself computes,
rounds and books, and the sandbox's own bureau, which shares no code with the rules, judges the result.
"""

import random
from decimal import Decimal
from types import SimpleNamespace

from odoo import Command, fields
from odoo.tests import tagged

from ..models.issuing.builder import Builder
from ..models.values import exact
from ..rules import amounts
from ..rules.checks import preflight
from ..rules.document import DISCOUNT, EXEMPT
from ..rules.problems import errors
from ..sandbox.bureau import issue as bureau
from ..sandbox.piaodanyun.issue import read_draft
from .common import FapiaoCommon

RATES = (13, 9, 6, 3, 1, 0)
DISCOUNTS = (0, 0, 0, 0, 5, 10, 33.33, 50, 99.9, 100)
METHODS = ("round_per_line", "round_globally")
SANE, WILD, EDITED = 24, 14, 8  # invoices of each kind for each of the two methods

# What may keep anything that Odoo posts from becoming a fapiao.
KNOWN = {"nothing_to_issue", "total_not_positive", "negative_exceeds", "amounts_differ", "tax_differs"}


class Generator:
    """Invoices at random, the same ones in every run."""

    def __init__(self, seed, case):
        self.draw = random.Random(seed)
        self.case = case

    def sane(self):
        """Lines as people write them, some with one global discount for each tax."""
        lines = [self._sane_line(self.draw.choice(DISCOUNTS)) for _number in range(self.draw.randint(0, 7))]
        lines.append(self._sane_line(0))  # something must be left to issue
        if self.draw.random() < 0.4:
            lines += self._deductions(lines, self.draw.randint(1, 99))
        return lines

    def wild(self):
        """Lines nobody would write, of either sign."""
        return [self._wild_line() for _number in range(self.draw.randint(1, 7))]

    def _sane_line(self, discount):
        cents = self.draw.choice((2, 2, 2, 4))
        return self._line(
            round(self.draw.uniform(0.5, 5000), cents),
            self.draw.choice((1, 1, 3, 12, round(self.draw.uniform(0.1, 400), 2))),
            discount,
        )

    def _wild_line(self):
        return self._line(
            self.draw.choice((round(self.draw.uniform(-50, 90), 4), round(self.draw.uniform(-300, 1000000), 2))),
            self.draw.choice((0, 1, 5, -2, round(self.draw.uniform(-3, 10), 2))),
            round(self.draw.uniform(0, 100), 2),
        )

    def _line(self, price, quantity, discount, tax=None):
        tax = tax or self.case.taxes[self.draw.choice(RATES), self.draw.random() < 0.5]
        return {"price_unit": price, "quantity": quantity, "discount": discount, "tax_ids": tax.ids}

    def _deductions(self, lines, percent):
        totals = {}
        for line in lines:
            gross = line["price_unit"] * line["quantity"] * (100 - line["discount"]) / 100
            totals[line["tax_ids"][0]] = totals.get(line["tax_ids"][0], 0) + gross
        return [
            {"price_unit": -round(total * percent / 100, 2), "quantity": 1, "discount": 0, "tax_ids": [tax]}
            for tax, total in totals.items()
            if total >= 1
        ]


class BuilderCase(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.taxes = {
            (rate, included): cls._create_tax(
                f"{rate}% {included}",
                rate,
                price_include_override="tax_included" if included else "tax_excluded",
                fapiao_zero_kind=False if rate else EXEMPT,
                fapiao_policy="简易征收" if rate == 3 else False,
            )
            for rate in RATES
            for included in (False, True)
        }

    @classmethod
    def create_all(cls, many):
        """Return draft invoices over lists of line values, created at one go."""
        return cls.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": cls.buyer.id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": [
                        Command.create(cls._line_values({"product_id": cls.product_a.id, **line})) for line in lines
                    ],
                }
                for lines in many
            ]
        )

    def build(self, moves):
        return Builder(self.env)._build(moves)

    def check_draft(self, built):
        """Assert what must hold for every draft."""
        move, draft = built.moves, built.draft
        totals = [exact(move[f"amount_{name}_signed"]) for name in ("untaxed", "tax", "total")]
        self.assertEqual([draft.amount, draft.tax, draft.total], totals)
        self.assertEqual(draft.amount + draft.tax, draft.total)
        for line in draft.lines:
            self.assertLessEqual(abs(line.amount * line.rate - line.tax), amounts.LINE_TAX_TOLERANCE)
            if line.kind != DISCOUNT and line.price:
                self.assertLessEqual(abs(line.price * line.quantity - line.amount), amounts.CENT)
        self.check_shares(built)
        self.assertEqual(errors(preflight(draft)), [])

    def check_shares(self, built):
        """What the request covers is the whole invoice, journal item by journal item."""
        lines = built.moves.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        booked = {line.id: exact(-line.balance) for line in lines}
        covered = {share["move_line_id"]: exact(share["amount_untaxed"]) for share in built.shares}
        self.assertEqual(covered, booked)
        tax = sum(exact(share["amount_tax"]) for share in built.shares)
        self.assertEqual(tax, exact(built.moves.amount_tax_signed))

    def check_at_bureau(self, draft):
        """Put the draft before the sandbox's bureau in the cloud's own words, short of the network."""
        form = self.account._words().freeze("issue", draft, f"{self.account.tax_no}_test")
        exchange = SimpleNamespace(form=form, text=lambda key: form.get(key, ""), username="")
        bureau.check(self.world, read_draft(exchange))


@tagged("post_install", "-at_install")
class TestBuilderTotals(BuilderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        generator = Generator(20250101, cls)
        kinds = {
            "sane": cls.env["account.move"],
            "wild": cls.env["account.move"],
            "edited": cls.env["account.move"],
        }
        for method in METHODS:
            cls.company.tax_calculation_rounding_method = method
            kinds["sane"] |= cls.create_all([generator.sane() for _number in range(SANE)])
            kinds["wild"] |= cls.create_all([generator.wild() for _number in range(WILD)])
            edited = cls.create_all([generator.sane() for _number in range(EDITED)])
            cls.edit_tax(edited, generator.draw)
            kinds["edited"] |= edited
        # Odoo itself refuses to post a negative total
        cls.kinds = {kind: moves.filtered(lambda move: move.amount_total >= 0) for kind, moves in kinds.items()}
        cls.env["account.move"].union(*cls.kinds.values()).action_post()

    @classmethod
    def edit_tax(cls, moves, draw):
        """Change a tax amount by hand, as one does on the journal items of a draft."""
        for number, move in enumerate(moves):
            taxes = move.line_ids.filtered(lambda line: line.display_type == "tax" and line.balance)
            change = draw.choice((0.01, -0.02, 0.03)) if number % 2 else draw.choice((3, 50))
            if taxes:
                move.write({"line_ids": [Command.update(taxes[:1].id, {"balance": taxes[:1].balance + change})]})

    def setUp(self):
        super().setUp()
        self.world.taxpayer(self.account.tax_no).credit_total = Decimal(10**12)

    def test_sane_invoices_become_fapiao(self):
        for built in self.build(self.kinds["sane"]):
            with self.subTest(built.moves.name):
                self.assertEqual([str(problem) for problem in errors(built.problems)], [])
                self.check_draft(built)
                self.check_at_bureau(built.draft)

    def test_wild_invoices_become_fapiao_or_have_a_named_problem(self):
        for built in self.build(self.kinds["wild"]):
            with self.subTest(built.moves.name):
                self.check_or_named(built)

    def test_edited_taxes_are_kept_or_refused(self):
        found = self.build(self.kinds["edited"])
        for built in found:
            with self.subTest(built.moves.name):
                self.check_or_named(built, {"tax_differs", "total_not_positive"})
        self.assertEqual({built.is_ready for built in found}, {True, False}, "both must have come about")

    def check_or_named(self, built, known=KNOWN):
        self.assertLessEqual({problem.code for problem in errors(built.problems)}, known)
        if built.is_ready:
            self.check_draft(built)
            self.check_at_bureau(built.draft)

    def test_posted_entry_stands_when_the_rounding_method_changes(self):
        """Core would compute other amounts today; what is booked counts."""
        moves = self.kinds["sane"]
        before = [built.draft for built in self.build(moves)]
        for method in METHODS:
            self.company.tax_calculation_rounding_method = method
            for built, draft in zip(self.build(moves), before, strict=True):
                self.check_draft(built)
                self.assertEqual(built.draft.total, draft.total)
