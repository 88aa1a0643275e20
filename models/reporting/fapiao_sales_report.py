"""Model ``fapiao.sales.report``: sales of a period as the VAT return wants them: by rate, with and without fapiao,
beside what the ledger says.
"""

from odoo import fields, models
from odoo.tools import SQL

from ...rules.document import ORDINARY, SPECIAL
from ..cloud import gate
from ..values import KIND_OF, ZERO_KINDS

KINDS = [
    ("special", "Special fapiao (专票)"),
    ("ordinary", "Ordinary fapiao (普票)"),
    ("unissued", "Without fapiao (未开票)"),
    ("ledger", "Ledger"),
]
# Sources of rows; each keeps its ids apart
_OF_FAPIAO, _OF_LINE, _WITHOUT, _BASE, _TAX = range(5)
_SOURCES = 8

# Fapiao whose lines come to its amounts; of the others only the head is counted.
_WITH_LINES = SQL(
    """
    SELECT l.fapiao_id
      FROM fapiao_line l JOIN fapiao f ON f.id = l.fapiao_id
     WHERE f.direction = 'out' AND f.status <> 'void'
     GROUP BY l.fapiao_id, f.amount_untaxed, f.amount_tax
    HAVING SUM(l.amount_untaxed) = f.amount_untaxed AND SUM(l.amount_tax) = f.amount_tax"""
)

# The VAT of a line: no fapiao is issued for a line with several.
_VAT = SQL(
    """
    LEFT JOIN LATERAL (
        SELECT t.amount / 100 AS rate, t.fapiao_zero_kind AS zero_kind
          FROM account_move_line_account_tax_rel r JOIN account_tax t ON t.id = r.account_tax_id
         WHERE r.account_move_line_id = a.id AND t.type_tax_use = 'sale' AND t.amount_type = 'percent'
         ORDER BY t.sequence, t.id LIMIT 1) v ON TRUE"""
)


class FapiaoSalesReport(models.Model):
    """Rows of fapiao lines, of what posted invoices have left without fapiao, and of the ledger's sales taxes.

    ``difference`` counts the ledger negatively: its sum tells whether both sides agree.
    """

    _name = "fapiao.sales.report"
    _description = "Sales by Rate"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "number"
    _depends = {
        "account.move": ["state", "invoice_date", "date", "fapiao_amount_open", "reversed_entry_id", "name"],
        "account.move.line": ["balance", "price_subtotal", "price_total", "tax_ids", "tax_line_id", "date"],
        "account.tax": ["amount", "fapiao_zero_kind"],
        "fapiao": ["status", "issue_date", "type_code", "amount_untaxed", "amount_tax", "move_ids"],
        "fapiao.line": ["rate", "zero_kind", "amount_untaxed", "amount_tax"],
        "fapiao.request.line": ["live", "state", "amount_untaxed", "amount_tax"],
        "res.company": ["fapiao_account_id"],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    account_id = fields.Many2one("fapiao.account", readonly=True)
    kind = fields.Selection(KINDS, readonly=True)
    date = fields.Date(readonly=True, help="Of the fapiao; without one, of the invoice or journal entry.")
    rate = fields.Char("VAT Rate", readonly=True)
    zero_kind = fields.Selection(
        ZERO_KINDS,
        "Reason for 0 %",
        readonly=True,
    )
    color = fields.Selection([("blue", "Blue"), ("red", "Red")], readonly=True)
    number = fields.Char("Fapiao or Entry", readonly=True)
    buyer_name = fields.Char("Buyer", readonly=True)
    is_invoiced = fields.Boolean(
        "Invoiced in Odoo",
        readonly=True,
        help="Not set: the fapiao was issued before an invoice, such as from an order.",
    )
    fapiao_id = fields.Many2one("fapiao", readonly=True)
    move_id = fields.Many2one("account.move", "Journal Entry", readonly=True)
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)
    amount_total = fields.Monetary(readonly=True)
    difference = fields.Monetary("Untaxed, Less Ledger", readonly=True)
    tax_difference = fields.Monetary("Tax, Less Ledger", readonly=True)

    @property
    def _table_query(self):
        rows = SQL(" UNION ALL ").join([self._select_fapiao(), self._select_without(), self._select_ledger()])
        return SQL(
            """
            SELECT s.id, s.company_id, s.account_id, s.kind, s.date, s.zero_kind, s.color, s.number, s.buyer_name,
                   s.is_invoiced, s.fapiao_id, s.move_id, s.amount_untaxed, s.amount_tax,
                   CASE WHEN s.rate IS NOT NULL THEN TRIM_SCALE(s.rate * 100)::text || '%%' END AS rate,
                   s.amount_untaxed + s.amount_tax AS amount_total,
                   CASE WHEN s.kind = 'ledger' THEN -1 ELSE 1 END * s.amount_untaxed AS difference,
                   CASE WHEN s.kind = 'ledger' THEN -1 ELSE 1 END * s.amount_tax AS tax_difference
              FROM (%s) s""",
            rows,
        )

    def _select_fapiao(self):
        """Return the rows of issued fapiao, red ones negative: each line, or the head where lines are missing."""
        special = [code for code, kind in KIND_OF.items() if kind == SPECIAL]
        return SQL(
            """
            SELECT CASE WHEN l.id IS NULL THEN f.id::bigint * %(step)s + %(head)s
                        ELSE l.id::bigint * %(step)s + %(line)s END AS id,
                   f.company_id, f.account_id,
                   CASE WHEN f.type_code = ANY(%(special)s) THEN %(kind_special)s ELSE %(kind_ordinary)s END AS kind,
                   f.issue_date AS date, l.rate::numeric AS rate, l.zero_kind, f.color, f.number, f.buyer_name,
                   EXISTS (SELECT FROM fapiao_move_rel r WHERE r.fapiao_id = f.id) AS is_invoiced,
                   f.id AS fapiao_id, NULL::integer AS move_id,
                   COALESCE(l.amount_untaxed, f.amount_untaxed) AS amount_untaxed,
                   COALESCE(l.amount_tax, f.amount_tax) AS amount_tax
              FROM fapiao f
              LEFT JOIN (%(with_lines)s) w ON w.fapiao_id = f.id
              LEFT JOIN fapiao_line l ON l.fapiao_id = w.fapiao_id
             WHERE f.direction = 'out' AND f.status <> 'void'""",
            step=_SOURCES,
            head=_OF_FAPIAO,
            line=_OF_LINE,
            special=special,
            kind_special=SPECIAL,
            kind_ordinary=ORDINARY,
            with_lines=_WITH_LINES,
        )

    def _select_without(self):
        """Return the rows of invoice lines, less what valid fapiao cover; credit notes are negative."""
        return SQL(
            """
            SELECT a.id::bigint * %(step)s + %(source)s AS id, m.company_id, NULL::integer AS account_id,
                   'unissued' AS kind, COALESCE(m.invoice_date, m.date) AS date, v.rate, v.zero_kind,
                   CASE WHEN m.move_type = 'out_refund' THEN 'red' ELSE 'blue' END AS color,
                   m.name AS number, m.invoice_partner_display_name AS buyer_name, TRUE AS is_invoiced,
                   NULL::integer AS fapiao_id, m.id AS move_id,
                   -a.balance - COALESCE(c.amount, 0) AS amount_untaxed,
                   ROUND(CASE WHEN a.price_subtotal = 0 THEN 0
                              ELSE (a.price_total - a.price_subtotal) / a.price_subtotal * -a.balance END, 2)
                   - COALESCE(c.tax, 0) AS amount_tax
              FROM account_move m
              JOIN res_company o ON o.id = m.company_id AND o.fapiao_account_id IS NOT NULL
              JOIN account_move_line a ON a.move_id = m.id AND a.display_type = 'product'
              LEFT JOIN account_move b ON b.id = m.reversed_entry_id
              LEFT JOIN (SELECT move_line_id, SUM(amount_untaxed) AS amount, SUM(amount_tax) AS tax
                           FROM fapiao_request_line
                          WHERE live AND state = 'issued' AND move_line_id IS NOT NULL
                          GROUP BY move_line_id) c ON c.move_line_id = a.id
              %(vat)s
             WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_refund')
               AND (COALESCE(m.fapiao_amount_open, 0) <> 0 OR COALESCE(b.fapiao_amount_open, 0) <> 0)
               AND -a.balance <> COALESCE(c.amount, 0)""",
            step=_SOURCES,
            source=_WITHOUT,
            vat=_VAT,
        )

    def _select_ledger(self):
        """Return the rows that Odoo's tax report adds up: base and tax of every posted entry with a sales tax."""
        columns = SQL(
            """
            m.company_id, NULL::integer AS account_id, 'ledger' AS kind, a.date, v.rate, v.zero_kind,
            CASE WHEN a.balance > 0 THEN 'red' ELSE 'blue' END AS color, m.name AS number,
            m.invoice_partner_display_name AS buyer_name, TRUE AS is_invoiced, NULL::integer AS fapiao_id,
            m.id AS move_id"""
        )
        lines = SQL(
            """
            account_move_line a
            JOIN account_move m ON m.id = a.move_id AND m.state = 'posted'
            JOIN res_company o ON o.id = m.company_id AND o.fapiao_account_id IS NOT NULL"""
        )
        return SQL(
            """
            SELECT a.id::bigint * %(step)s + %(base)s AS id, %(columns)s,
                   -a.balance AS amount_untaxed, 0 AS amount_tax
              FROM %(lines)s %(vat)s
             WHERE v.rate IS NOT NULL
            UNION ALL
            SELECT a.id::bigint * %(step)s + %(tax)s AS id, %(columns)s,
                   0 AS amount_untaxed, -a.balance AS amount_tax
              FROM %(lines)s
              JOIN (SELECT id, amount / 100 AS rate, fapiao_zero_kind AS zero_kind FROM account_tax
                     WHERE type_tax_use = 'sale' AND amount_type = 'percent') v ON v.id = a.tax_line_id""",
            step=_SOURCES,
            base=_BASE,
            tax=_TAX,
            columns=columns,
            lines=lines,
            vat=_VAT,
        )

    def action_open_document(self):
        """Open the fapiao of this row, or its journal entry."""
        gate.check(self, gate.READER)
        self.ensure_one()
        return (self.fapiao_id or self.move_id)._get_records_action()
