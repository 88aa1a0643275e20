"""Lines of a bill from those of its fapiao, to the fen."""

from decimal import Decimal

from odoo import Command, models

from .fapiao_decimal import exact

CENT = Decimal("0.01")


class Fapiao(models.Model):
    _inherit = "fapiao"

    def _bill_lines(self):
        """Return create values of bill lines: the fapiao's own where it has lines that come to its total,
        else one over all of it. A refund's are positive, as its fapiao is below zero."""
        self.ensure_one()
        parts = self._bill_parts()
        taxes = self._purchase_taxes(parts)
        products = self._purchase_products()
        sign = -1 if exact(self.amount_total) < 0 else 1
        return [
            self._bill_line(line, sign * amount, sign * tax, taxes.get(rate), products)
            for line, amount, tax, rate in parts
        ]

    def _bill_parts(self):
        """Return ``[(fapiao line or none, amount, tax, rate in percent or None)]`` as ``Decimal``."""
        parts = [
            (line, exact(line.amount_untaxed), exact(line.amount_tax), exact(line.rate, 4) * 100)
            for line in self.line_ids
        ]
        amount, tax = exact(self.amount_untaxed), exact(self.amount_tax)
        is_whole = sum(part[1] for part in parts) == amount and sum(part[2] for part in parts) == tax
        if parts and is_whole and amount + tax == exact(self.amount_total):
            return parts
        return [(self.env["fapiao.line"], exact(self.amount_total) - tax, tax, self._only_rate())]

    def _only_rate(self):
        """Return the rate in percent at which the amount gives the tax, or ``None`` if there isn't one."""
        amount, tax = exact(self.amount_total) - exact(self.amount_tax), exact(self.amount_tax)
        if not tax:
            return Decimal(0)
        for known in (13, 9, 6, 5, 3, 1):
            # lines are rounded one by one: allow a fen for each of some ten lines
            if abs(amount * known / 100 - tax) <= 10 * CENT and abs(tax) > 20 * CENT:
                return Decimal(known)
            if (amount * known / 100).quantize(CENT) == tax:
                return Decimal(known)
        return None

    def _bill_line(self, line, amount, tax, account_tax, products):
        gross = account_tax is None or account_tax.price_include
        price = amount + tax if gross else amount
        product = products.get(line.code, self.env["product.product"])
        quantity, unit_price = self._quantity_and_price(line, price)
        return {
            "product_id": product.id,
            "name": " ".join(filter(None, [line.name, line.spec])) or self._bill_line_name(),
            "quantity": quantity,
            "price_unit": unit_price,
            "discount": 0,
            "tax_ids": [Command.set(account_tax.ids if account_tax is not None else [])],
        }

    def _bill_line_name(self):
        return self.env._("Fapiao %s", self.number)

    def _quantity_and_price(self, line, amount):
        """Return quantity and unit price that come to ``amount``; one unit where they would not."""
        quantity = abs(line.quantity)
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        if not quantity or round(quantity, digits) != quantity:
            return 1, float(amount)
        unit_price = float(amount) / quantity
        if exact(quantity * unit_price) != amount:
            return 1, float(amount)
        return quantity, unit_price

    # ------------------------------------------------------------------ taxes

    def _purchase_taxes(self, parts):
        """Return ``{rate: account.tax}`` for the rates of ``parts``: the company's domestic purchase taxes in
        percent, its default first, prices without tax before prices with it. A rate without tax, and lines
        that bear none, map to no tax; a rate for which there is no tax is missing."""
        rates = {rate for _line, _amount, _tax, rate in parts if rate is not None}
        Tax = self.env["account.tax"]
        found = Tax.search(
            [
                *Tax._check_company_domain(self.company_id),
                ("type_tax_use", "=", "purchase"),
                ("amount_type", "=", "percent"),
                ("amount", "in", [float(rate) for rate in rates]),
                ("is_domestic", "=", True),
            ]
        )
        default = self.company_id.account_purchase_tax_id
        found = found.sorted(lambda tax: (tax.price_include, tax != default, tax.sequence, tax.id))
        taxes = {rate: found.filtered(lambda tax, r=rate: exact(tax.amount, 4) == r)[:1] for rate in rates}
        return {rate: tax for rate, tax in taxes.items() if tax or not rate}

    def _tax_of_lines(self):
        """Return ``{account.tax: tax}`` that the fapiao charge, as positive ``Decimal``."""
        amounts = {}
        for fapiao in self:
            parts = fapiao._bill_parts()
            taxes = fapiao._purchase_taxes(parts)
            for _line, _amount, tax, rate in parts:
                if account_tax := taxes.get(rate):
                    sign = -1 if exact(fapiao.amount_total) < 0 else 1
                    amounts[account_tax] = amounts.get(account_tax, 0) + sign * tax
        return amounts

    def _note_missing_taxes(self, bill):
        """Say on the bill at which rates there is no purchase tax: those lines carry theirs inside."""
        missing = set()
        for fapiao in self:
            parts = fapiao._bill_parts()
            taxes = fapiao._purchase_taxes(parts)
            missing |= {rate for _line, _amount, tax, rate in parts if tax and rate not in taxes}
        if not missing:
            return
        rates = ", ".join("?" if rate is None else f"{rate.normalize():f} %" for rate in missing)
        bill._message_log(
            body=self.env._(
                "There is no purchase tax for %s: these lines have the fapiao's tax in their price. To deduct"
                " it, add the tax in the settings, delete this bill and make it again.",
                rates,
            )
        )

    # ------------------------------------------------------------------ products

    def _purchase_products(self):
        """Return ``{classification code: product}`` where exactly one that can be bought has that code."""
        codes = set(filter(None, self.line_ids.mapped("code")))
        if not codes:
            return {}
        Product = self.env["product.product"]
        found = Product.search(
            [
                *Product._check_company_domain(self.company_id),
                ("product_tmpl_id.fapiao_code_id.code", "in", list(codes)),
                ("purchase_ok", "=", True),
            ]
        ).grouped(lambda product: product.fapiao_code_id.code)
        return {code: products for code, products in found.items() if len(products) == 1}


class AccountMove(models.Model):
    _inherit = "account.move"

    def _fapiao_in_adjust_tax(self, amounts):
        """Bring the tax lines of a draft bill to ``{account.tax: Decimal}``, which is what was charged: a
        fapiao rounds line by line, the books may round the sum. Taxes included in prices stay."""
        self.ensure_one()
        sign = -1 if self.move_type == "in_refund" else 1
        commands = []
        for tax, amount in amounts.items():
            lines = self.line_ids.filtered(lambda line, t=tax: line.tax_line_id == t)
            wanted = sign * amount
            if tax.price_include or len(lines) != 1 or exact(lines.amount_currency) == wanted:
                continue
            commands.append(Command.update(lines.id, {"amount_currency": float(wanted)}))
        if commands:
            self.write({"line_ids": commands})
