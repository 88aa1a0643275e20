"""What a line of an invoice becomes on its fapiao: amount and tax as the ledger has them, one rate, words."""

# A problem's words are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from dataclasses import dataclass, replace

from odoo import api, models

from ..rules.amounts import ZERO, net_of_gross, round2
from ..rules.document import Item
from ..rules.problems import Problem, _
from .fapiao_decimal import exact, shortest

DOCUMENT_LANGUAGE = "zh_CN"


@dataclass(frozen=True)
class Catalogue:
    """What is looked up once for many invoices."""

    codes: dict  # product → fapiao.tax.code
    names: dict  # product → name on the fapiao, or ""
    quantity_digits: int
    language: str | None


class FapiaoBuilder(models.AbstractModel):
    _inherit = "fapiao.builder"

    @api.model
    def _catalogue(self, moves):
        lines = moves.invoice_line_ids
        products = lines.product_id | self._advanced_for(lines)
        installed = self.env["res.lang"]._get_data(code=DOCUMENT_LANGUAGE)
        return Catalogue(
            products._fapiao_code(),
            products._fapiao_item_name(),
            self.env["decimal.precision"].precision_get("Product Unit"),
            DOCUMENT_LANGUAGE if installed else None,
        )

    def _net_items(self, moves, credits_, catalogue):
        """Return ``([(document, item)], problems)`` of invoices and of the credit notes against them."""
        items, problems = [], []
        for document in moves | credits_:
            found, faults = self._items(document, catalogue)
            problems += faults
            items += [(document, item) for item in found or []]
        return (None if problems else items), self._once(problems)

    def _items(self, move, catalogue):
        """Return ``(items, problems)``: the document's lines as the ledger booked them, in CNY, those of a
        credit note with their signs turned. ``None`` instead of items if one of them can't be made.

        Amounts are the journal items' own: a posted entry stands, whatever rounding method or price of a
        tax was changed since. Core only has to say which part of the booked tax belongs to which line.
        """
        base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
        base_lines.sort(key=lambda base_line: (base_line["record"].sequence, base_line["record"].id))
        items, problems = [], []
        for base_line in base_lines:
            if base_line["record"].display_type != "product":
                problems += self._special_line_problems(base_line["record"])
                continue
            item, found = self._item(base_line, catalogue)
            items.append(item)
            problems += found
        if problems:
            return None, self._once(problems)
        return self._with_booked_tax(items, exact(move.amount_tax_signed)), []

    def _item(self, base_line, catalogue):
        line = base_line["record"]
        amount = exact(-line.balance)
        tax_data, problems = self._tax_of(base_line) if amount else (None, [])
        product = line.product_id or self._advanced_for(line)
        code = catalogue.codes.get(product)
        if amount > 0 and not product:
            problems = [*problems, self._no_product(line)]
        tax = tax_data["tax"] if tax_data else self.env["account.tax"]
        sign = -1 if line.move_id.move_type == "out_refund" else 1
        return Item(
            key=str(line.id),
            name=self._name_of(line, catalogue),
            code=code.code if code else "",
            short_name=code.short_name or "" if code else "",
            amount=amount,
            tax=sign * exact(tax_data["tax_amount"]) if tax_data else ZERO,
            rate=exact(tax.amount, 4) / 100,
            quantity=sign * exact(line.quantity, catalogue.quantity_digits),
            discount=self._discount(base_line, tax_data, amount),
            spec=line.product_id.default_code or "",
            unit=line.product_uom_id.with_context(lang=catalogue.language or self.env.lang).name or "",
            zero_kind=tax.fapiao_zero_kind or "",
            policy=tax.fapiao_policy or product.fapiao_policy or "",
        ), problems

    # ------------------------------------------------------------------ tax

    def _tax_of(self, base_line):
        """Return ``(tax_data, problems)`` of the one VAT of the line: a fapiao line has exactly one rate.

        ``taxes_data`` is core's: groups are unfolded in it, and what is withheld on payment is not there.
        """
        taxes_data, line = base_line["tax_details"]["taxes_data"], base_line["record"]
        values = {"line": self._words_of(line)}
        if not taxes_data:
            problem = Problem(
                "no_tax",
                _("Line “%(line)s” has no tax."),
                _("Choose a VAT; a zero rate needs the one that says why it is zero."),
                values,
                line=str(line.id),
            )
            return None, [problem]
        tax = taxes_data[0]["tax"]
        if len(taxes_data) != 1 or tax.amount_type != "percent" or tax.amount < 0:
            problem = Problem(
                "several_taxes",
                _("Line “%(line)s” has more than one tax, or one that is no percentage."),
                _("A fapiao line carries exactly one VAT rate: leave just that on the line."),
                values,
                line=str(line.id),
            )
            return None, [problem]
        return taxes_data[0], []

    def _with_booked_tax(self, items, tax_total):
        """Return ``items`` whose taxes sum to the booked ``tax_total``, so that what a request covers is
        the whole invoice. Core leaves a rest where the taxes of a rate cancel out; the largest takes it.
        """
        rest = tax_total - sum((item.tax for item in items), ZERO)
        if not rest or not items:
            return items
        largest = max(items, key=lambda item: (bool(item.rate), item.amount))
        return [replace(item, tax=item.tax + rest) if item is largest else item for item in items]

    def _discount(self, base_line, tax_data, amount):
        """Return the tax-exclusive reduction already taken off ``amount``: list price less what is booked.

        At 100 % nothing is left to issue, so none is named; a negative one has raised the price.
        """
        line = base_line["record"]
        if amount <= 0 or not tax_data or exact(line.discount, 6) <= 0:
            return ZERO
        listed = shortest(line.price_unit) * shortest(line.quantity) / shortest(base_line["rate"])
        if tax_data["price_include"]:
            listed = net_of_gross(listed, exact(tax_data["tax"].amount, 4) / 100)
        return max(round2(listed) - amount, ZERO)

    # ------------------------------------------------------------------ words

    def _name_of(self, line, catalogue):
        """Return the item name: the product's own for fapiao, else the line's first words."""
        product = line.product_id
        return catalogue.names.get(product) or self._words_of(line) or product.name or ""

    def _words_of(self, line):
        """Return the line's first words without the product's reference, which has a column of its own."""
        words = (line.name or "").strip().split("\n", 1)[0]
        if reference := line.product_id.default_code:
            words = words.removeprefix(f"[{reference}]").strip()
        return words

    def _advanced_for(self, lines):
        """Return the goods that down payments are for: the dearest of the order taxed alike.

        Sales books an advance on a line without a product, but its fapiao needs their classification.
        """
        products = self.env["product.product"]
        for line in lines.filtered(lambda line: line.is_downpayment and not line.product_id):
            # sudo: whoever invoices an order needn't be allowed to read it
            sold = line.sudo().sale_line_ids.order_id.order_line.filtered("product_id")
            alike = sold.grouped("tax_ids").get(line.tax_ids, sold[:0])
            products |= alike.sorted("price_subtotal", reverse=True)[:1].product_id.sudo(False)
        return products

    # ------------------------------------------------------------------ lines that no fapiao knows

    def _special_line_problems(self, line):
        """Return why a line without goods and rate can't be issued: cash rounding or early payment."""
        if not exact(line.balance):
            return []
        if line.display_type == "epd":
            return [
                Problem(
                    "early_payment",
                    _("The payment terms take off tax in advance for early payment; no fapiao can show it."),
                    _("Choose payment terms that reduce the tax only on early payment, or never."),
                )
            ]
        return [
            Problem(
                "cash_rounding",
                _("The invoice has a line for cash rounding, which has no tax and can't stand on a fapiao."),
                _("Remove the cash rounding; to waive odd amounts, give a discount instead."),
            )
        ]

    def _no_product(self, line):
        return Problem(
            "product_missing",
            _("Line “%(line)s” has no product, and so no tax classification code."),
            _("Choose a product on the line; a general one with a code will do."),
            {"line": self._words_of(line)},
            line=str(line.id),
        )

    def _once(self, problems):
        """Return ``problems`` without repetitions."""
        return [problem for number, problem in enumerate(problems) if problem not in problems[:number]]
