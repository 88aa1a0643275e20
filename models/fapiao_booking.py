"""Which received fapiao ought to be marked as booked at the bureau (入账), and which no longer.

A fapiao is booked when all of it is matched and every document it is matched with is posted. What somebody
has marked elsewhere is left alone: only a mark of ours is taken back.
"""

from odoo import api, fields, models
from odoo.tools import SQL

from ..clouds import base
from ..clouds.registry import providers_of
from .fapiao_types import LIVING

SWEEP = 2000


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    marks_booked = fields.Boolean(
        "Mark Booked Bills",
        default=True,
        tracking=True,
        help="Tell the tax bureau that a fapiao is booked (入账) when its bill is posted, and take it back"
        " when the bill is reset.",
    )


class Fapiao(models.Model):
    _inherit = "fapiao"

    _booking_due = models.Index(
        "(company_id) WHERE direction = 'in' AND match_state IN ('matched', 'differs')"
        " AND booking IS DISTINCT FROM 'booked'"
    )

    # ------------------------------------------------------------------ planning

    def _plan_booking(self):
        """Order the marks that are missing for these fapiao; nothing is called here."""
        if self:
            self.env.flush_all()
            self._order_marks(self._booking_due_ids(self.ids))

    @api.model
    def _sweep_bookings(self):
        """Order what is missing for any fapiao: those that a search in SQL has matched, or a pull renewed."""
        self._order_marks(self._booking_due_ids())

    @api.model
    def _order_marks(self, due):
        for kind, ids in due.items():
            fapiao = self.browse(ids)
            groups = fapiao.grouped(lambda one: one._booking_period()) if kind == "book" else {"": fapiao}
            for period, own in groups.items():
                self.env["fapiao.marking"]._create_for(own, kind, period)

    @api.model
    def _booking_due_ids(self, ids=None):
        """Return ``{"book": ids, "unbook": ids}`` of fapiao that stand otherwise than they ought to: of
        ``ids``, or of all. One statement, whatever their number."""
        self.env.cr.execute(
            SQL(
                """
                WITH standing AS (
                    SELECT f.id, f.booking,
                           f.match_state IN ('matched', 'differs') AND f.status IN %(living)s
                           AND EXISTS (%(documents)s) AND NOT EXISTS (%(documents)s AND %(unposted)s)
                           AS ought
                      FROM fapiao f
                     WHERE f.account_id = ANY(%(accounts)s) AND f.direction = 'in' AND %(own)s
                       AND (f.booking = 'booked' OR f.match_state IN ('matched', 'differs'))
                       AND NOT EXISTS (
                            SELECT FROM fapiao_marking_line l
                             WHERE l.fapiao_id = f.id AND l.family = 'booking' AND l.state = 'open')
                )
                SELECT s.id, s.ought
                  FROM standing s
                  LEFT JOIN LATERAL (
                       SELECT l.state, m.kind
                         FROM fapiao_marking_line l JOIN fapiao_marking m ON m.id = l.marking_id
                        WHERE l.fapiao_id = s.id AND l.family = 'booking' AND l.state IN ('done', 'refused')
                     ORDER BY l.id DESC LIMIT 1) last ON TRUE
                 WHERE (s.ought AND s.booking IS DISTINCT FROM 'booked'
                        AND NOT (last.state IS NOT DISTINCT FROM 'refused' AND last.kind = 'book'))
                    OR (NOT s.ought AND s.booking = 'booked' AND last.kind = 'book' AND last.state = 'done')
                 ORDER BY s.id LIMIT %(limit)s
                """,
                accounts=self._accounts_that_mark().ids,
                living=LIVING,
                own=SQL("TRUE") if ids is None else SQL("f.id = ANY(%s)", list(ids)),
                documents=SQL(
                    """SELECT FROM fapiao_match x
                         LEFT JOIN hr_expense e ON e.id = x.expense_id
                         LEFT JOIN account_move b ON b.id = COALESCE(x.move_id, e.account_move_id)
                        WHERE x.fapiao_id = f.id AND x.state = 'confirmed' AND x.active"""
                ),
                unposted=SQL("b.state IS DISTINCT FROM 'posted'"),
                limit=SWEEP,
            )
        )
        due = {"book": [], "unbook": []}
        for id_, ought in self.env.cr.fetchall():
            due["book" if ought else "unbook"].append(id_)
        return due

    @api.model
    def _accounts_that_mark(self):
        """Return the accounts, replaced ones among them, whose received fapiao are to be marked."""
        # sudo: whoever posts a bill needn't be allowed to read accounts
        accounts = self.env["fapiao.account"].sudo().with_context(active_test=False)
        providers = providers_of(base.BOOK)
        accounts = accounts.search([("provider", "in", providers)])
        return accounts.filtered(
            lambda account: (
                (acting := account._in_charge()).active
                and acting.marks_booked
                and acting.provider in providers
            )
        )

    def _booking_period(self):
        """Return the accounting period (yyyymm) under which a fapiao is booked."""
        self.ensure_one()
        # sudo: whoever posts needn't be allowed to read every match
        matches = self.sudo().match_ids.filtered(lambda match: match.state == "confirmed")
        days = [move.date for move in matches.move_id | matches.expense_id.account_move_id if move.date]
        return max(days).strftime("%Y%m") if days else ""


class AccountMove(models.Model):
    _inherit = "account.move"

    def _fapiao_in_received(self):
        """Return the received fapiao that these moves, or the expenses behind them, are matched with."""
        # sudo: the bureau is told whoever posts the bill
        return (self.sudo().fapiao_match_ids | self.sudo().expense_ids.fapiao_match_ids).fapiao_id

    def button_draft(self):
        res = super().button_draft()
        self._fapiao_in_received()._plan_booking()
        return res
