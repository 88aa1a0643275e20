"""The VAT taxes of a Chinese company, and which of them it lacks.

A new tax is a copy of one that the chart of accounts brought, so it posts to the same accounts and tax grids.
Source: docs/protocols/tax-rules.md#rates, #zero-rate.
"""

from dataclasses import dataclass

from odoo import Command
from odoo.exceptions import UserError

from ...rules.document import EXEMPT, NOT_TAXABLE, PLAIN_ZERO
from ..values import DOCUMENT_LANGUAGE, in_document_language

SALE, PURCHASE = "sale", "purchase"
SIMPLIFIED = "简易征收"  # without its rate: fits both rates


@dataclass(frozen=True)
class Kind:
    """A tax: rate in percent, names in English and Chinese, flags for the fapiao, and where it is used."""

    rate: float
    name: str
    chinese: str
    zero_kind: str = ""
    policy: str = ""
    uses: tuple = (SALE, PURCHASE)

    @property
    def policies(self):
        """Privileges by which a tax of this kind is known."""
        return {self.policy, SIMPLIFIED} if SIMPLIFIED in self.policy else {self.policy}


KINDS = (
    *(Kind(rate, f"{rate}%", f"{rate}%") for rate in (13, 9, 6, 5, 3, 1)),
    Kind(0, "Exempt", "免税", EXEMPT),
    Kind(0, "Not Taxable", "不征税", NOT_TAXABLE),
    Kind(0, "0%", "零税率", PLAIN_ZERO, uses=(SALE,)),
    Kind(5, "5% Simplified", "5% 简易征收", policy="按5%简易征收", uses=(SALE,)),
    Kind(3, "3% Simplified", "3% 简易征收", policy="按3%简易征收", uses=(SALE,)),
    Kind(1.5, "1.5% Lease of Housing", "1.5% 住房租赁", policy="按5%简易征收减按1.5%计征", uses=(SALE,)),
)


def create_missing(company):
    """Create the taxes of :data:`KINDS` that ``company`` lacks and return them; archived ones count as present.

    Raise UserError where the company has no tax in percent to copy.
    """
    company = company.root_id
    Tax = company.env["account.tax"].with_company(company)
    domain = [*Tax._check_company_domain(company), ("amount_type", "=", "percent")]
    present = Tax.with_context(active_test=False).search(domain)
    created = Tax
    for use in (SALE, PURCHASE):
        own = present.filtered(lambda tax, use=use: tax.type_tax_use == use and tax.country_id.code == "CN")
        missing = [kind for kind in KINDS if use in kind.uses and not own.filtered(lambda tax, k=kind: _is(tax, k))]
        if missing:
            created += _create(_pattern(company, use, own), missing, own)
    return created


def _is(tax, kind):
    if tax.fapiao_levy:
        return False
    flags = (tax.fapiao_zero_kind or "", tax.fapiao_policy or "")
    if tax.type_tax_use == PURCHASE and not kind.zero_kind:
        return tax.amount == kind.rate and not flags[0]
    return tax.amount == kind.rate and flags[0] == kind.zero_kind and flags[1] in kind.policies


def _pattern(company, use, own):
    """Return the tax to copy: the company's default, or one of the chart."""
    default = company.account_sale_tax_id if use == SALE else company.account_purchase_tax_id
    pattern = (default & own) or own.filtered("active")[:1]
    if not pattern:
        raise UserError(
            company.env._(
                "%(company)s has no VAT tax of which the others could be made. Load a Chinese chart of accounts under"
                " Settings > Accounting > Fiscal Localization first.",
                company=company.display_name,
            )
        )
    return pattern


def _create(pattern, kinds, own):
    """Return the taxes of ``kinds``, made from ``pattern``; ``own`` have the names that are taken."""
    taken = {name for names in (own, in_document_language(own)) for name in names.mapped("name")}
    groups = _groups(pattern, kinds)
    created = pattern.browse()
    for kind in kinds:
        is_taken = not taken.isdisjoint({kind.name, kind.chinese})
        suffix = " (VAT)" if is_taken else "", "（增值税）" if is_taken else ""
        english = {"name": kind.name + suffix[0], "description": f"VAT {kind.name}", "invoice_label": kind.name}
        chinese = {
            "name": kind.chinese + suffix[1],
            "description": f"增值税{kind.chinese}",
            "invoice_label": kind.chinese,
        }
        tax = pattern.with_context(lang="en_US").copy(
            {
                **english,
                "amount": kind.rate,
                "active": True,
                "tax_group_id": groups[kind.rate].id,
                "price_include_override": "tax_excluded",
                "fiscal_position_ids": [Command.clear()],
                "original_tax_ids": [Command.clear()],
                "fapiao_levy": False,
                "fapiao_zero_kind": kind.zero_kind,
                "fapiao_policy": kind.policy,
            }
        )
        _translate(tax, chinese)
        created += tax
    return created.with_env(pattern.env)


def _groups(pattern, kinds):
    """Return ``{rate: account.tax.group}`` for ``kinds``: the company's own, else copies of the pattern's."""
    group = pattern.tax_group_id.with_context(lang="en_US")
    found = group.search([("company_id", "=", pattern.company_id.id), ("name", "like", "VAT")])
    groups = {}
    for rate in {kind.rate for kind in kinds}:
        name = f"VAT {rate:g}%"
        groups[rate] = found.filtered(lambda one, name=name: one.name == name)[:1] or group.copy({"name": name})
        if groups[rate] not in found:
            _translate(groups[rate], {"name": f"增值税{rate:g}%"})
    return groups


def _translate(record, names):
    """Write the Chinese ``names`` where Chinese is installed."""
    chinese = in_document_language(record)
    if chinese.env.lang == DOCUMENT_LANGUAGE:
        chinese.write(names)
