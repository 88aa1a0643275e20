"""Searching bills for received fapiao, over all that are open, without a query for each."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from . import fapiao_matching_open as open_documents
from . import fapiao_matching_sql as rules
from . import fapiao_matching_states as states
from .fapiao_match import SEARCHED

# Transactions that began before the last run may have been committed after it.
OVERLAP = timedelta(hours=1)
# Beyond this many, joins by hash are right however little the planner knows about the numbers.
MANY = 1000


class FapiaoMatch(models.Model):
    _inherit = "fapiao.match"

    @api.model
    def _match(self, company_ids, fapiao_ids=None, move_ids=None):
        """Match the received fapiao of these companies with their bills; return how many pairs were made.

        With ``fapiao_ids`` or ``move_ids``, those alone and whatever competes with them: all open documents
        of the same sellers. Proposals of an earlier search are replaced; what a person confirmed, undid or
        turned down stays. As many statements for one as for all.
        """
        if not company_ids:
            return 0
        self.env.flush_all()
        cr = self.env.cr
        # two searches at once would each match the same bill; the second is repeated or comes later
        cr.execute(SQL("SELECT pg_advisory_xact_lock(hashtext('fapiao.match'))"))
        scope = self._scope(company_ids, fapiao_ids, move_ids)
        if [] in scope:
            return 0
        is_large = scope[0] is None or max(map(len, scope)) > MANY
        if is_large:
            cr.execute(states.PLAN_FOR_MANY)
        touched = self._forget_proposals(company_ids, scope)
        made = []
        cr.execute(open_documents.build(company_ids, scope))
        for rule in rules.RULES:
            cr.execute(rules.insert(rule, self.env.uid))
            made += cr.fetchall()
        touched += made
        cr.execute(states.drop_overtaken(SEARCHED, [move_id for _fapiao_id, move_id in touched]))
        touched += cr.fetchall()
        self._write_states(touched)
        if is_large:
            cr.execute(states.PLAN_AS_USUAL)
        self.env.invalidate_all(flush=False)
        return len(made)

    @api.model
    def _match_soon(self):
        """Let the search run as soon as the present transaction is safe."""
        # sudo: everybody whose documents change may wake the search
        self.env.ref("l10n_cn_invoice_cloud.cron_match").sudo()._trigger()

    @api.model
    def _cron_match(self):
        """Match what has changed since the last run: fapiao that came in and bills that were entered. What is matched
        is marked as well, since the search writes by SQL, past :meth:`create`."""
        since = self.env.context.get("lastcall")
        if since:
            since = fields.Datetime.to_datetime(since) - OVERLAP
            for company_id, fapiao_ids, move_ids in self._changed(since):
                self._match([company_id], fapiao_ids or [], move_ids or [])
        else:
            companies = self.env["fapiao"]._read_group([("direction", "=", "in")], ["company_id"])
            self._match([company.id for (company,) in companies])
        self.env["fapiao"]._sweep_bookings()

    # ------------------------------------------------------------------ private steps

    @api.model
    def _changed(self, since):
        """Return ``[(company, fapiao ids, bill ids)]`` of open documents written after ``since``."""
        self.env.flush_all()
        self.env.cr.execute(states.changed(since))
        return self.env.cr.fetchall()

    @api.model
    def _scope(self, company_ids, fapiao_ids, move_ids):
        """Return ``(fapiao ids, bill ids)`` of all open documents of the sellers that these are about, or
        ``(None, None)`` for all there are."""
        if fapiao_ids is None and move_ids is None:
            return None, None
        cr = self.env.cr
        cr.execute(states.sellers(list(fapiao_ids or []), list(move_ids or [])))
        sought = states.Sought.of(cr.fetchall())
        cr.execute(states.fapiao_of(company_ids, sought))
        fapiao = [id_ for (id_,) in cr.fetchall()]
        cr.execute(states.bills_of(company_ids, sought))
        bills = [id_ for (id_,) in cr.fetchall()]
        return fapiao, bills

    @api.model
    def _forget_proposals(self, company_ids, scope):
        """Delete what earlier searches proposed for the fapiao in ``scope``; return the pairs."""
        fapiao_ids, _move_ids = scope
        self.env.cr.execute(
            SQL(
                "DELETE FROM fapiao_match WHERE state = 'proposed' AND active AND rule = ANY(%s)"
                " AND company_id = ANY(%s) AND move_id IS NOT NULL AND %s RETURNING fapiao_id, move_id",
                list(SEARCHED),
                list(company_ids),
                SQL("TRUE") if fapiao_ids is None else SQL("fapiao_id = ANY(%s)", fapiao_ids),
            )
        )
        return self.env.cr.fetchall()

    @api.model
    def _write_states(self, pairs):
        """Bring the stored states of the fapiao and bills in ``pairs`` up to date, the fapiao's rows first:
        whoever confirms by hand locks them in the same order."""
        if not pairs:
            return
        self.env.cr.execute(states.reversed_by([fapiao_id for fapiao_id, _move_id in pairs]))
        pairs = pairs + self.env.cr.fetchall()
        fapiao_ids = sorted({fapiao_id for fapiao_id, _move_id in pairs})
        move_ids = sorted({move_id for _fapiao_id, move_id in pairs})
        self.env.cr.execute(
            SQL("SELECT id FROM fapiao WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", fapiao_ids)
        )
        self.env.cr.execute(states.write_bills(move_ids))
        self.env.cr.execute(states.write_fapiao(fapiao_ids))
