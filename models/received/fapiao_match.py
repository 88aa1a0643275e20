"""Model ``fapiao.match``: the amount of a received fapiao that belongs to a vendor bill or expense.

Sections: confirming, search, differences.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...rules import taxno
from ...rules.names import name_key
from ..cloud import gate
from ..values import exact
from . import matching_open as open_documents
from . import matching_rules as rules
from . import matching_states as states
from .fapiao_matched_mixin import names_for

RULES = [
    ("number", "Number on the document"),
    ("tax_no_total", "Tax number and total"),
    ("name_total_date", "Seller's name, total and date"),
    ("several_fapiao", "Several fapiao for one bill"),
    ("several_bills", "One fapiao for several bills"),
    ("manual", "By hand"),
    ("created", "Bill made from the fapiao"),
    ("picked", "Picked for the document"),
]
DOCUMENT_FIELDS = {"account.move": "move_id", "hr.expense": "expense_id"}
# Proposals of these were made by a search, and the next search may replace them.
SEARCHED = ("number", "tax_no_total", "name_total_date", "several_fapiao", "several_bills")
# Overlap with the last run: transactions that began before it may have been committed after it.
OVERLAP = timedelta(hours=1)
# Beyond this number hash joins are the right plan, whatever the planner's estimates.
MANY = 1000
SEARCH_LOCK = SQL("hashtext('fapiao.match')")


class FapiaoMatch(models.Model):
    _name = "fapiao.match"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Match of a Fapiao With a Document"
    _order = "state, id"

    fapiao_id = fields.Many2one("fapiao", "Fapiao (发票)", required=True, readonly=True, index=True, ondelete="cascade")
    move_id = fields.Many2one("account.move", "Bill", readonly=True, index="btree_not_null", ondelete="cascade")
    expense_id = fields.Many2one("hr.expense", readonly=True, index="btree_not_null", ondelete="cascade")
    company_id = fields.Many2one(related="fapiao_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount = fields.Monetary(required=True, help="What of the fapiao's total, tax included, stands for this document.")
    amount_tax = fields.Monetary("Tax in It", compute="_compute_amount_tax", store=True)
    state = fields.Selection([("confirmed", "Confirmed"), ("proposed", "Proposed")], required=True, default="proposed")
    rule = fields.Selection(RULES, required=True, default="manual")
    candidates = fields.Integer(readonly=True, help="How many pairs were as likely as this one.")
    active = fields.Boolean(
        default=True, help="A match that was undone or rejected is kept, so that it isn't proposed again."
    )
    user_id = fields.Many2one("res.users", "Confirmed By", readonly=True, help="Empty: automatically.")
    confirmed_at = fields.Datetime("Confirmed On", readonly=True)
    seller_differs = fields.Boolean(compute="_compute_seller_differs", store=True)
    document_name = fields.Char("Document", compute="_compute_document_name", compute_sudo=True)
    reason = fields.Char("Matched By", compute="_compute_reason")
    amount_difference = fields.Monetary(
        "Difference", compute="_compute_differences", help="Document less what its fapiao come to."
    )
    tax_difference = fields.Monetary(compute="_compute_differences")

    fapiao_number = fields.Char(related="fapiao_id.number", string="Number")
    fapiao_seller = fields.Char(related="fapiao_id.seller_name", string="Seller")
    fapiao_tax_no = fields.Char(related="fapiao_id.seller_tax_no", string="Seller Tax Number")
    fapiao_date = fields.Date(related="fapiao_id.issue_date", string="Issue Date")
    fapiao_untaxed = fields.Monetary(related="fapiao_id.amount_untaxed", string="Untaxed")

    _unique_move = models.UniqueIndex(
        "(fapiao_id, move_id) WHERE move_id IS NOT NULL", "This fapiao and this bill are matched already."
    )
    _unique_expense = models.UniqueIndex(
        "(fapiao_id, expense_id) WHERE expense_id IS NOT NULL",
        "This fapiao and this expense are matched already.",
    )
    _one_document = models.Constraint(
        "CHECK(num_nonnulls(move_id, expense_id) = 1)", "A match has one document: a bill or an expense."
    )

    # ------------------------------------------------------------------ computes

    @api.depends("amount", "fapiao_id.amount_total", "fapiao_id.amount_tax")
    def _compute_amount_tax(self):
        for match in self:
            fapiao, total = match.fapiao_id, exact(match.fapiao_id.amount_total)
            share = exact(match.amount) / total if total else 0
            match.amount_tax = float(round(exact(fapiao.amount_tax) * share, 2))

    @api.depends(
        "fapiao_id.seller_tax_no",
        "fapiao_id.seller_name",
        "move_id.commercial_partner_id.vat",
        "move_id.commercial_partner_id.name",
        "expense_id.vendor_id.commercial_partner_id.vat",
        "expense_id.vendor_id.commercial_partner_id.name",
    )
    def _compute_seller_differs(self):
        # sudo: the comparison is the same for every user
        for match in self.sudo():
            vendor = match._document()._fapiao_in_vendor()
            ours, theirs = vendor._written_tax_no(), taxno.normalise(match.fapiao_id.seller_tax_no)
            if ours and theirs:
                match.seller_differs = ours != theirs
            else:
                ours, theirs = name_key(vendor.name), name_key(match.fapiao_id.seller_name)
                match.seller_differs = bool(ours and theirs) and ours != theirs

    @api.depends("move_id", "expense_id")
    def _compute_display_name(self):
        for match in self:
            match.display_name = f"{match.fapiao_id.number} – {match.document_name}"

    @api.depends("move_id.name", "move_id.ref", "expense_id.name")
    def _compute_document_name(self):
        for match in self:
            match.document_name = match._document().display_name

    @api.depends("rule", "state", "candidates", "amount_difference", "seller_differs")
    def _compute_reason(self):
        for match in self:
            match.reason = " ".join(filter(None, [match._describe_rule(), match._describe_doubt()]))

    @api.depends(
        "amount",
        "amount_tax",
        "state",
        "rule",
        "move_id.fapiao_match_ids.state",
        "move_id.fapiao_match_ids.amount",
        "expense_id.fapiao_match_ids.state",
        "expense_id.fapiao_match_ids.amount",
        "move_id.amount_total_signed",
        "move_id.amount_tax_signed",
        "expense_id.total_amount",
        "expense_id.tax_amount",
    )
    def _compute_differences(self):
        for match in self:
            document = match._document().sudo()  # sudo: an employee's own expense, or a bill of the accountant's
            together = match | document.fapiao_match_ids.filtered(match._counts_with)
            match.amount_difference = document._fapiao_in_total() - sum(together.mapped("amount"))
            match.tax_difference = document._fapiao_in_tax() - sum(together.mapped("amount_tax"))

    # ------------------------------------------------------------------ constraints

    @api.constrains("fapiao_id", "move_id", "expense_id", "active")
    def _check_document(self):
        for match in self.sudo():  # sudo: compares companies that the user may not see
            document, fapiao = match._document(), match.fapiao_id
            if fapiao.direction != "in" or not document._fapiao_in_can_match():
                raise ValidationError(
                    self.env._("Only a received fapiao and a vendor bill or an expense can be matched.")
                )
            if document.company_id._fapiao_taxpayer() != fapiao.company_id._fapiao_taxpayer():
                raise ValidationError(
                    self.env._(
                        "Fapiao %(number)s was received by %(company)s, but %(document)s belongs to %(other)s.",
                        number=fapiao.number,
                        company=fapiao.company_id.name,
                        document=document.display_name,
                        other=document.company_id.name,
                    )
                )

    @api.constrains("fapiao_id", "amount", "state", "active")
    def _check_covered(self):
        """A fapiao counts once, in whatever company of this database it is booked."""
        fresh = self.filtered(lambda match: match.active and match.state == "confirmed")
        taken = fresh.fapiao_id._lock_taken()
        for fapiao, matches in taken.items():
            total, covered = exact(fapiao.amount_total), sum(exact(match.amount) for match in matches)
            wrong_way = any(exact(match.amount) * total <= 0 for match in matches)
            if wrong_way or abs(covered) > abs(total):
                fapiao._raise_taken(matches - fresh)

    # ------------------------------------------------------------------ create and write

    @api.model_create_multi
    def create(self, vals_list):
        matches = super().create([{**vals, **self._confirmation(vals)} for vals in vals_list])
        matches.filtered(lambda match: match.state == "confirmed").fapiao_id._plan_booking()
        return matches

    def write(self, vals):
        res = super().write({**vals, **self._confirmation(vals)})
        if {"state", "active", "amount"} & set(vals):
            self.fapiao_id._plan_booking()
        return res

    def unlink(self):
        fapiao = self.fapiao_id
        res = super().unlink()
        fapiao._plan_booking()
        return res

    @api.model
    def _confirmation(self, vals):
        """Return user and time of the confirmation if ``vals`` confirm a match."""
        if "state" not in vals:
            return {}
        if vals["state"] != "confirmed":
            return {"user_id": False, "confirmed_at": False}
        by_whom = vals.get("user_id", self.env.uid)
        return {"user_id": by_whom, "confirmed_at": fields.Datetime.now()}

    # ------------------------------------------------------------------ actions

    def action_confirm(self):
        """Confirm proposals, also rejected ones. Raises ``UserError`` naming the document if the fapiao is
        booked already.
        """
        gate.check(self, gate.INVOICER, "write")
        self._hold(self.fapiao_id, self.move_id, self.expense_id)
        todo = self.filtered(lambda match: match.state != "confirmed" or not match.active)
        for match in todo:
            if not match._document()._fapiao_in_is_open():
                raise UserError(self.env._("%s is cancelled: nothing can be matched with it.", match.document_name))
        # sudo: only these actions write matches
        todo.sudo().write({"state": "confirmed", "active": True})
        todo._drop_overtaken()
        return True

    def action_undo(self):
        """Undo confirmed matches, or reject proposals; the search doesn't propose these pairs again."""
        gate.check(self, gate.INVOICER, "write")
        self._hold(self.fapiao_id, self.move_id, self.expense_id)
        self._undo()
        return True

    def action_open_document(self):
        """Open the bill or the expense."""
        gate.check(self, gate.INTERNAL)
        self.ensure_one()
        return self._document()._get_records_action()

    def action_open_fapiao(self):
        """Open the fapiao."""
        gate.check(self, gate.INTERNAL)
        self.ensure_one()
        return self.fapiao_id._get_records_action()

    # ------------------------------------------------------------------ helpers

    @api.model
    def _hold(self, fapiao, *documents):
        """Lock these fapiao and documents, and what changes along with them, for a person who waits for it; raise
        UserError, without waiting, where the scheduled search or somebody else is about to change one of them."""
        # sudo: the same fapiao may be known to companies that the user may not see
        every = self.sudo().with_context(active_test=False)
        matches = every.search(
            Domain.OR(
                [
                    Domain("fapiao_id", "in", fapiao.ids),
                    *(Domain(DOCUMENT_FIELDS[some._name], "in", some.ids) for some in documents),
                ]
            )
        )
        papers = matches.fapiao_id | fapiao.sudo()
        papers |= papers.search([("direction", "=", "in"), ("number", "in", fapiao.mapped("number"))])
        for records in (papers, matches, *documents):
            if len(records.try_lock_for_update(allow_referencing=records._name != "fapiao")) < len(records):
                raise UserError(
                    self.env._(
                        "Fapiao %s can't be matched right now: the search for matches or somebody else is working on"
                        " it or on its bills. Try again in a minute.",
                        ", ".join(fapiao.mapped("number")),
                    )
                )

    def _undo(self):
        # sudo: as in action_confirm
        self.sudo().write({"state": "proposed", "active": False})

    @api.model
    def _confirm_pair(self, fapiao, document, amount, rule="manual"):
        """Return the confirmed match of a fapiao and a document over ``amount`` (company currency, tax
        included), whether or not there was one, proposed, confirmed or undone."""
        field = DOCUMENT_FIELDS[document._name]
        known = self.with_context(active_test=False).search([("fapiao_id", "=", fapiao.id), (field, "=", document.id)])
        values = {"amount": amount, "rule": rule, "state": "confirmed", "active": True}
        # sudo: as in action_confirm; rights are checked before and after
        if known:
            known.check_access("write")
            known.sudo().write(values)
        else:
            known = self.sudo().create({"fapiao_id": fapiao.id, field: document.id, **values})
            known = known.sudo(self.env.su)
            known.check_access("create")
        known._drop_overtaken()
        return known

    def _names_for(self, user, company):
        return names_for([match._document() for match in self], user, company)

    def _document(self):
        """Return the bill or the expense of one match."""
        self.ensure_one()
        return self.move_id or self.expense_id

    def _counts_with(self, other):
        """Return whether ``other`` match of the same document is added to this one."""
        if other.state == "confirmed":
            return True
        return self.state == other.state == "proposed" and self.rule == other.rule == "several_fapiao"

    def _drop_overtaken(self):
        """Delete proposals of the search whose fapiao or document is covered in full."""
        done_fapiao = self.fapiao_id.filtered(lambda fapiao: fapiao.match_state in ("matched", "differs"))
        done_moves = self.move_id.filtered(lambda move: move.fapiao_in_state in ("matched", "differs"))
        domain = Domain("fapiao_id", "in", done_fapiao.ids) | Domain("move_id", "in", done_moves.ids)
        # sudo: users can't delete matches
        overtaken = self.sudo().search(domain & Domain("state", "=", "proposed") & Domain("rule", "in", SEARCHED))
        overtaken.unlink()

    def _describe_rule(self):
        return {
            "number": self.env._("The fapiao's number stands on the document."),
            "tax_no_total": self.env._("Same seller by tax number, same total."),
            "name_total_date": self.env._("Same seller by name, same total, about the same date."),
            "several_fapiao": self.env._("Several fapiao of the seller come to the bill's total."),
            "several_bills": self.env._("Several bills of the seller come to the fapiao's total."),
            "manual": self.env._("Matched by hand."),
            "created": self.env._("The bill was made from the fapiao."),
            "picked": self.env._("Picked for this document."),
        }.get(self.rule)

    def _describe_doubt(self):
        if self.state == "confirmed" and not self.user_id:
            return ""
        parts = []
        if self.state == "proposed" and self.candidates > 1:
            parts.append(self.env._("There are %s pairs like this.", self.candidates))
        if not self.currency_id.is_zero(self.amount_difference):
            parts.append(self.env._("They differ by %s.", self.currency_id.format(self.amount_difference)))
        if self.seller_differs:
            parts.append(self.env._("The sellers are not the same."))
        return " ".join(parts)

    # ------------------------------------------------------------------ search: set-based over all open documents

    @api.model
    def _match(self, company_ids, fapiao_ids=None, move_ids=None):
        """Match the received fapiao of these companies with their bills; return the number of pairs.

        With ``fapiao_ids`` or ``move_ids``, only those and their competitors: all open documents of the same
        sellers. Proposals of an earlier search are replaced; matches confirmed, undone or rejected by users
        stay. The number of statements is constant. Companies of one taxpayer are searched together.
        """
        if not company_ids:
            return 0
        self.env.flush_all()
        execute = self.env.execute_query
        taxpayers = {}
        if execute(SQL("SELECT 1 FROM res_company WHERE parent_id IS NOT NULL LIMIT 1")):
            companies = self.env["res.company"].browse(company_ids)._fapiao_same_taxpayer()
            company_ids = companies.ids
            taxpayers = {company.id: company._fapiao_taxpayer().id for company in companies}
        # two searches at once would each match the same bill; the second is repeated or comes later
        execute(SQL("SELECT pg_advisory_xact_lock(%s)", SEARCH_LOCK))
        scope = self._scope(company_ids, fapiao_ids, move_ids)
        if [] in scope:
            return 0
        is_large = scope[0] is None or max(map(len, scope)) > MANY
        if is_large:
            execute(states.PLAN_FOR_MANY)
        forgotten = execute(states.forget_proposals(SEARCHED, company_ids, scope[0]))
        execute(open_documents.build(company_ids, scope, taxpayers))
        made = [pair for rule in rules.RULES for pair in execute(rules.insert(rule, self.env.uid))]
        touched = forgotten + made
        touched += execute(states.drop_overtaken(SEARCHED, [move_id for _fapiao_id, move_id in touched]))
        self._write_states(touched)
        if is_large:
            execute(states.PLAN_AS_USUAL)
        self.env.invalidate_all(flush=False)
        return len(made)

    @api.model
    def _match_at_once(self, company_ids, fapiao_ids=None, move_ids=None):
        """Search for a person who waits for it; return None, without waiting, where another search is running."""
        ((is_free,),) = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s)", SEARCH_LOCK))
        return self._match(company_ids, fapiao_ids, move_ids) if is_free else None

    @api.model
    def _schedule_match(self):
        """Trigger the search after the current transaction."""
        # sudo: all users whose documents change may trigger the search
        self.env.ref("l10n_cn_invoice_cloud.cron_match").sudo()._trigger()

    @api.model
    def _cron_match(self):
        """Match what has changed since the last run: received fapiao and entered bills. Marks are planned
        here as well, since the search writes by SQL and bypasses :meth:`create`.
        """
        since = self.env.context.get("lastcall")
        if since:
            since = fields.Datetime.to_datetime(since) - OVERLAP
            self.env.flush_all()
            for company_id, fapiao_ids, move_ids in self.env.execute_query(states.changed(since)):
                self._match([company_id], fapiao_ids or [], move_ids or [])
        else:
            companies = self.env["fapiao"]._read_group([("direction", "=", "in")], ["company_id"])
            self._match([company.id for (company,) in companies])
        self.env["fapiao"]._sweep_bookings()

    @api.model
    def _scope(self, company_ids, fapiao_ids, move_ids):
        """Return ``(fapiao ids, bill ids)`` of all open documents of the sellers concerned, or ``(None,
        None)`` for all.
        """
        if fapiao_ids is None and move_ids is None:
            return None, None
        execute = self.env.execute_query
        (found,) = execute(states.sellers(list(fapiao_ids or []), list(move_ids or [])))
        sought = states.Sought(*found)
        fapiao = [id_ for (id_,) in execute(states.fapiao_of(company_ids, sought))]
        return fapiao, [id_ for (id_,) in execute(states.bills_of(company_ids, sought))]

    @api.model
    def _write_states(self, pairs):
        """Update the stored states of the fapiao and bills in ``pairs``, the fapiao first: confirming by hand
        locks them in the same order.
        """
        if not pairs:
            return
        execute = self.env.execute_query
        pairs = pairs + execute(states.reversed_by([fapiao_id for fapiao_id, _move_id in pairs]))
        fapiao_ids = sorted({fapiao_id for fapiao_id, _move_id in pairs})
        execute(SQL("SELECT id FROM fapiao WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", fapiao_ids))
        execute(states.write_bills(sorted({move_id for _fapiao_id, move_id in pairs})))
        execute(states.write_fapiao(fapiao_ids))

    # ------------------------------------------------------------------ differences

    def _describe_wrong(self):
        """Return why this fapiao can't belong to this document, or ""."""
        self.ensure_one()
        fapiao = self.fapiao_id
        if fapiao._is_no_purchase():
            if fapiao.status == "red":
                return self.env._(
                    "Fapiao %s was reversed. Take the credit note for its red fapiao, and match the two.",
                    fapiao.display_name,
                )
            labels = dict(fapiao._fields["status"]._description_selection(self.env))
            return self.env._(
                "Fapiao %(number)s has the status “%(status)s” at the tax bureau and can't stand for a"
                " purchase. Ask the seller for another one.",
                number=fapiao.display_name,
                status=labels[fapiao.status],
            )
        if self.seller_differs:
            return self.env._(
                "The seller of fapiao %(number)s is %(seller)s, the vendor here is %(vendor)s.",
                number=fapiao.display_name,
                seller=fapiao.seller_name or fapiao.seller_tax_no or "",
                vendor=self._document()._fapiao_in_vendor().display_name or "–",
            )
        return ""
