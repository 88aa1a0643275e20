"""Extends ``fapiao.tax.code``: what was issued and entered before suggests a code."""

from odoo import api, models
from odoo.tools import SQL


class FapiaoTaxCode(models.Model):
    _inherit = "fapiao.tax.code"

    @api.model
    def _used_before(self, names):
        """What was issued last under a name goes before the codes of products, and a code on a line before both."""
        found = super()._used_before(names)
        self.env["fapiao.line"].flush_model(["name", "code"])
        issued = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (item) item, code FROM (
                    SELECT regexp_replace(line.name, '^\\*[^*]+\\*', '') AS item, line.code, line.id
                      FROM fapiao_line AS line JOIN fapiao ON fapiao.id = line.fapiao_id
                     WHERE fapiao.direction = 'out' AND line.company_id = ANY(%(companies)s) AND line.code IS NOT NULL
                ) AS lines
                WHERE item = ANY(%(names)s::text[]) ORDER BY item, id DESC
                """,
                companies=self.env.companies.ids,
                names=list(names),
            )
        )
        known = {record.code: record for record in self.search([("code", "in", [code for _item, code in issued])])}
        found |= {item: known[code] for item, code in issued if code in known}
        # sudo: who sets up products may lack access to invoices, and only learns the code of an equal name
        lines = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("fapiao_tax_code_id", "!=", False),
                    ("name", "in", list(names)),
                    ("company_id", "in", self.env.companies.ids),
                ],
                order="id",
            )
        )
        return found | {line.name: line.fapiao_tax_code_id.sudo(False) for line in lines}
