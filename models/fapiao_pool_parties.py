"""Who and what a received fapiao belongs to: vendors by tax number, a red one to its original by number."""

from odoo import api, models
from odoo.tools import SQL


class Fapiao(models.Model):
    _inherit = "fapiao"

    @api.model
    def _parties(self, company_id, tax_numbers=None):
        """Return partner ids by tax number, of ``tax_numbers`` or all: active ones, the company's own before
        shared ones, those that stand for themselves before their contacts."""
        company = self.env["res.company"].browse(company_id)
        self.env["res.partner"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT ON (tax_no) tax_no, commercial_partner_id
                  FROM (SELECT *, upper(regexp_replace(vat, '[^[:alnum:]]', '', 'g')) AS tax_no
                          FROM res_partner
                         WHERE vat IS NOT NULL AND active
                           AND (company_id IS NULL OR company_id IN %s)) partner
                 WHERE tax_no <> '' AND %s
                 ORDER BY tax_no, company_id IS NULL, id <> commercial_partner_id, id
                """,
                tuple((company | company.parent_ids).ids),
                SQL("tax_no = ANY(%s)", list(tax_numbers)) if tax_numbers is not None else SQL("TRUE"),
            )
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _resolve(self, company_id):
        """Find vendors and originals of fapiao that came before them; writes only where there are any."""
        self._flush_pool()
        parties = self._parties(company_id)
        if parties:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE fapiao SET partner_id = party.id
                      FROM unnest(%s, %s) AS party(tax_no, id)
                     WHERE fapiao.company_id = %s AND fapiao.direction = 'in'
                       AND fapiao.partner_id IS NULL AND fapiao.seller_tax_no = party.tax_no
                    """,
                    list(parties),
                    list(parties.values()),
                    company_id,
                ),
                log_exceptions=False,
            )
        self._link_originals(company_id)
        self.invalidate_model()

    def _link_originals(self, company_id, which=None):
        """Point red fapiao at the blue ones they name, as soon as both are there: those of a page, or all."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE fapiao red SET original_id = blue.id
                  FROM fapiao blue
                 WHERE red.company_id = %(company)s AND red.direction = 'in'
                   AND red.original_id IS NULL AND red.original_number IS NOT NULL
                   AND blue.company_id = %(company)s AND blue.direction = 'in'
                   AND blue.number = red.original_number AND blue.id <> red.id AND %(which)s
                """,
                company=company_id,
                which=which or SQL("TRUE"),
            ),
            log_exceptions=False,
        )
