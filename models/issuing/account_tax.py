"""Model ``account.tax``: the tax of a price from which vouchers are deducted (差额征税)."""

from odoo import api, models

from ...rules.differential import tax_of_difference
from ..values import exact


class AccountTax(models.Model):
    _inherit = "account.tax"

    @api.model
    def _prepare_base_line_grouping_key(self, base_line):
        """Core recomputes taxes where a field of the key of an empty base line has changed on a journal item. The key
        of a real one is left alone: it is written on the tax lines.
        """
        key = super()._prepare_base_line_grouping_key(base_line)
        if base_line["record"] is None and not base_line["tax_ids"]:
            key["fapiao_deducted"] = 0.0
        return key

    @api.model
    def _fapiao_deduct(self, base_line, deducted, company):
        """Give ``base_line`` of one tax the amounts of a difference issue: the price with tax stays, the tax is that of
        what is left of it. ``deducted``: ``Decimal``, in the currency of ``company``; where it is more than the price,
        nothing changes.
        """
        whole = dict(base_line)
        self._add_tax_details_in_base_line(whole, company)
        self._round_base_lines_tax_details([whole], company)
        details = whole["tax_details"]
        gross = exact(details["total_included"])
        if len(details["taxes_data"]) != 1 or deducted > gross:
            return
        tax_record = details["taxes_data"][0]["tax"]
        tax = float(tax_of_difference(gross, deducted, exact(tax_record.amount, 4) / 100))
        currency = base_line["currency_id"]
        is_home = currency == company.currency_id
        taxes = {"": tax, "_currency": tax if is_home else currency.round(tax * base_line["rate"])}
        amounts = {}
        for suffix, money in (("_currency", currency), ("", company.currency_id)):
            untaxed = money.round(details[f"total_included{suffix}"] - taxes[suffix])
            amounts |= {f"tax_amount{suffix}": taxes[suffix], f"base_amount{suffix}": untaxed}
            base_line[f"manual_total_excluded{suffix}"] = untaxed
        base_line["manual_tax_amounts"] = {str(tax_record.id): amounts}
