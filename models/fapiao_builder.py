"""From an Odoo invoice to a neutral fapiao: exact decimals in CNY, in the rules' own types."""

from dataclasses import dataclass, field
from decimal import Decimal

from odoo import api, models

from ..rules import checks, draft as drafting
from ..rules.document import Draft, Item
from ..rules.problems import Problem, _, errors
from .fapiao_decimal import exact


@dataclass(frozen=True)
class Built:
    """What became of the invoices of one fapiao: a draft or the reasons why not.

    ``shares`` are create values for ``fapiao.request.line``: what of which line is covered.
    """

    moves: object
    draft: Draft | None
    problems: list = field(default_factory=list)
    shares: list = field(default_factory=list)

    @property
    def is_ready(self):
        return self.draft is not None and not errors(self.problems)


class FapiaoBuilder(models.AbstractModel):
    _name = "fapiao.builder"
    _description = "Fapiao: from invoices to drafts"

    @api.model
    def _build(self, moves):
        """Return a :class:`Built` for each of ``moves``; reads only, sends nothing."""
        products = moves.invoice_line_ids.product_id
        codes, names = products._fapiao_code(), products._fapiao_item_name()
        summaries = self.env["fapiao.tax.code"]._summary_codes()
        return [self._build_one(move, codes, names, summaries) for move in moves]

    def _build_one(self, move, codes, names, summaries):
        if problems := self._obstacles(move):
            return Built(move, None, problems)
        items, problems = self._items(move, codes, names)
        if problems:
            return Built(move, None, problems)
        company = move.company_id
        limits = company.fapiao_account_id._limits(summaries)
        draft, problems = drafting.build(
            items,
            company._fapiao_seller(),
            move.commercial_partner_id._fapiao_party(),
            move._fapiao_type_or_default(),
            exact(abs(move.amount_untaxed_signed)),
            exact(abs(move.amount_total_signed)) - exact(abs(move.amount_untaxed_signed)),
            limits=limits,
            remark=move.fapiao_remark or "",
            drawer=company.fapiao_drawer or move.env.user.name,
            payee=company.fapiao_payee or "",
            reviewer=company.fapiao_reviewer or "",
            show_seller_bank=company.fapiao_show_seller_bank,
            show_buyer_bank=company.fapiao_show_buyer_bank,
        )
        if draft:
            problems = [*problems, *checks.preflight(draft, limits)]
        return Built(move, draft, problems, self._shares(move, items))

    # ------------------------------------------------------------------ what the ledger itself must give

    def _obstacles(self, move):
        """Return what keeps ``move`` from becoming a fapiao at all, whatever its lines are."""
        company = move.company_id
        values = {"invoice": move.display_name, "company": company.display_name}
        if move.move_type != "out_invoice":
            return [Problem("not_an_invoice", _("%(invoice)s is not a customer invoice."), "", values)]
        if move.state != "posted":
            return [
                Problem("not_posted", _("%(invoice)s is not posted."), _("Confirm the invoice first."), values)
            ]
        if not company.fapiao_account_id.active:
            return [
                Problem(
                    "no_account",
                    _("%(company)s has no fapiao account."),
                    _("Choose one in Settings > Accounting > Fapiao."),
                    values,
                )
            ]
        if company.currency_id.name != "CNY":
            return [
                Problem(
                    "company_currency",
                    _("The books of %(company)s are not kept in CNY, the only currency of a fapiao."),
                    _("Issue the fapiao from a company whose currency is CNY."),
                    values,
                )
            ]
        return []

    # ------------------------------------------------------------------ lines

    def _items(self, move, codes, names):
        """Return ``(items, problems)``: the invoice's lines as the ledger rounded them, in CNY."""
        base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
        items, problems = [], []
        for base_line in base_lines:
            line = base_line["record"]
            if not hasattr(line, "product_id") or line.display_type != "product":
                problems.append(self._special_line_problem(line, base_line))
                continue
            tax, problem = self._tax_of(line, base_line)
            if problem:
                problems.append(problem)
                continue
            items.append(self._item(line, base_line, tax, codes, names))
        return items, [problem for problem in problems if problem]

    def _item(self, line, base_line, tax, codes, names):
        details = base_line["tax_details"]
        amount = exact(details["total_excluded"] + details["delta_total_excluded"])
        product = line.product_id
        code = codes.get(product)
        return Item(
            key=str(line.id),
            name=names.get(product) or self._first_line(line.name) or product.name or "",
            code=code.code if code else "",
            short_name=code.short_name or "" if code else "",
            amount=amount,
            tax=exact(sum(data["tax_amount"] for data in details["taxes_data"])),
            rate=exact(tax.amount, 4) / 100,
            quantity=exact(line.quantity, self._quantity_digits()),
            discount=self._discount(line, amount),
            spec=product.default_code or "",
            unit=line.product_uom_id.name or "",
            zero_kind=tax.fapiao_zero_kind or "",
            policy=tax.fapiao_policy or product.fapiao_policy or "",
        )

    def _tax_of(self, line, base_line):
        """Return ``(tax, problem)``: the one VAT of the line. A fapiao line has exactly one rate."""
        taxes = base_line["tax_details"]["taxes_data"]
        values = {"line": self._first_line(line.name) or line.display_name}
        if not line.tax_ids:
            return None, Problem(
                "no_tax",
                _("Line “%(line)s” has no tax."),
                _("Choose a VAT; a zero rate needs the one that says why it is zero."),
                values,
                line=str(line.id),
            )
        if len(taxes) != 1 or taxes[0]["tax"].amount_type != "percent" or taxes[0]["tax"].amount < 0:
            return None, Problem(
                "several_taxes",
                _("Line “%(line)s” has more than one tax, or one that is no percentage."),
                _("A fapiao line carries exactly one VAT rate: leave just that on the line."),
                values,
                line=str(line.id),
            )
        return taxes[0]["tax"], None

    def _special_line_problem(self, line, base_line):
        """Cash rounding and early-payment lines have no goods and no rate: refuse those that weigh."""
        if not base_line["tax_details"]["total_excluded"]:
            return None
        return Problem(
            "special_line",
            _("The invoice has a line for cash rounding or early payment, which no fapiao can show."),
            _("Remove cash rounding or the early-payment tax reduction from the invoice."),
        )

    def _discount(self, line, amount):
        """Return the tax-exclusive reduction already taken off ``amount``. At 100 % nothing is left to
        issue, so none is named."""
        share = exact(line.discount, 6) / 100
        if not 0 < share < 1:
            return Decimal("0.00")
        return max(exact(float(amount / (1 - share)) - float(amount)), Decimal("0.00"))

    def _shares(self, move, items):
        return [
            {
                "sequence": sequence,
                "move_id": move.id,
                "move_line_id": int(item.key),
                "name": item.name,
                "quantity": float(item.quantity or 0),
                "amount_untaxed": float(item.amount),
                "amount_tax": float(item.tax),
            }
            for sequence, item in enumerate(items, start=1)
        ]

    def _quantity_digits(self):
        return self.env["decimal.precision"].precision_get("Product Unit")

    @staticmethod
    def _first_line(text):
        return (text or "").strip().split("\n", 1)[0]
