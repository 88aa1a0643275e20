"""Model ``fapiao``: received fapiao (进项).

Sections: matches, loading of the pool, vendors and originals, status changes, vendor bills, marks, planning
of booking marks.
"""

from decimal import Decimal
from functools import cache
from typing import NamedTuple

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ...clouds import base
from ...clouds.inbound import is_number
from ...clouds.registry import providers_of
from ...rules import taxno
from ..cloud import gate
from ..values import LIVING, TYPES, as_html, exact
from .pool_copy import HEADER_COLUMNS, LINE_COLUMNS, headers_as_csv, lines_as_csv
from .verdict import DEAD, MATCH_STATES, fapiao_state

BOOKINGS = [("booked", "Booked"), ("unbooked", "Not booked")]
DEDUCTIONS = [("unselected", "Not selected"), ("selected", "Selected"), ("confirmed", "Confirmed")]
# Columns that the cloud's value overwrites if there is one. (Colour and status have their own rules.)
SAID = [column for column, _type in HEADER_COLUMNS if column not in ("number", "color", "status", "partner_id")]
OTHER_TYPE = "11"
GROWTH = (1000, 10_000)  # rows loaded by pulls
DEPENDED_ON = ["status", "number", "amount_total", "amount_tax", "amount_untaxed", "booking", "deduction"]


class Loaded(NamedTuple):
    """Number of new, changed and unchanged rows, and the ids of those with a changed status."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    changed_status_ids: tuple = ()


ACTIVITY = "l10n_cn_invoice_cloud.activity_fapiao_status"
BAD = ("partly_red", "red", "void", "lost", "abnormal")
CENT = Decimal("0.01")
FAMILY = {"book": "booking", "unbook": "booking", "select": "deduction", "unselect": "deduction"}
SWEEP = 2000


class Fapiao(models.Model):
    _inherit = "fapiao"

    number = fields.Char(index="trigram")
    has_number = fields.Boolean(compute="_compute_has_number")
    seller_name = fields.Char(index="trigram")
    code = fields.Char("Fapiao Code", readonly=True, help="发票代码, of those that aren't digital.")
    serial_no = fields.Char("Cloud's ID", readonly=True)
    partner_id = fields.Many2one(
        "res.partner",
        "Vendor",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The contact with the seller's tax number.",
    )
    booking = fields.Selection(BOOKINGS, "Booking State", readonly=True, help="Whether it is marked as booked (入账).")
    deduction = fields.Selection(DEDUCTIONS, readonly=True, help="Whether it is selected for deduction (勾选).")
    deduction_period = fields.Char(readonly=True, help="yyyymm")
    deductible = fields.Monetary("Deductible Tax", readonly=True)
    original_number = fields.Char("Number of the Original", readonly=True, help="Of a red fapiao.")
    status_at = fields.Datetime("Status Changed", readonly=True, help="When another status than the first was noted.")
    pull_id = fields.Many2one(
        "fapiao.pull", "First Pulled By", readonly=True, index="btree_not_null", ondelete="set null"
    )

    _listing_of_all = models.Index("(direction, issue_date DESC, id DESC)")
    _orphan_red = models.Index(
        "(company_id, original_number) WHERE original_id IS NULL AND original_number IS NOT NULL"
    )
    _without_partner = models.Index("(company_id, seller_tax_no) WHERE direction = 'in' AND partner_id IS NULL")

    match_ids = fields.One2many("fapiao.match", "fapiao_id", "Matches", readonly=True)
    match_state = fields.Selection(MATCH_STATES, "Match", compute="_compute_match_state", store=True, readonly=True)
    match_amount = fields.Monetary("Amount Matched", compute="_compute_match_state", store=True, readonly=True)
    match_documents = fields.Char("Documents", compute="_compute_match_documents", compute_sudo=True)

    _unmatched = models.Index(
        "(company_id, seller_tax_no, amount_total) WHERE direction = 'in' AND match_state IN ('none', 'proposed')"
    )

    marking_line_ids = fields.One2many("fapiao.marking.line", "fapiao_id", "Marks", readonly=True)

    _booking_due = models.Index(
        "(company_id) WHERE direction = 'in' AND match_state IN ('matched', 'differs')"
        " AND booking IS DISTINCT FROM 'booked'"
    )

    # ------------------------------------------------------------------ computes

    @api.depends("number")
    def _compute_has_number(self):
        """A ticket without a number has "#" and the cloud's ID in its place, which is not shown to users."""
        for fapiao in self:
            fapiao.has_number = is_number(fapiao.number)

    @api.depends(
        "amount_total",
        "match_ids.active",
        "match_ids.state",
        "match_ids.amount",
        "match_ids.move_id.fapiao_in_state",
        "match_ids.expense_id.fapiao_in_state",
    )
    def _compute_match_state(self):
        for fapiao in self:
            matches = fapiao.match_ids.filtered("active")
            confirmed = matches.filtered(lambda match: match.state == "confirmed")
            documents = [match._document() for match in confirmed]
            fapiao.match_amount = sum(confirmed.mapped("amount"))
            fapiao.match_state = fapiao_state(
                fapiao.amount_total,
                confirmed.mapped("amount"),
                bool(matches),
                any(document.fapiao_in_state == "differs" for document in documents),
            )

    @api.depends("match_ids.state", "match_ids.active")
    def _compute_match_documents(self):
        for fapiao in self:
            confirmed = fapiao.match_ids.filtered(lambda match: match.state == "confirmed")
            fapiao.match_documents = ", ".join(confirmed.mapped("document_name")) or False

    # ------------------------------------------------------------------ create, write and delete

    def init(self):
        """Rows inserted by SQL start unmatched."""
        res = super().init()
        self.env.cr.execute(SQL("ALTER TABLE fapiao ALTER COLUMN match_state SET DEFAULT 'none'"))
        return res

    # ------------------------------------------------------------------ actions

    def action_match(self):
        """Search bills for these fapiao; of a single one show what was found side by side, which takes no search
        where another one is running."""
        gate.check(self, gate.INVOICER)
        self._check_received()
        made = self.env["fapiao.match"]._match_at_once(self.company_id.ids, self.ids)
        if len(self) == 1:
            return self.env["fapiao.match.wizard"]._open(self)
        if made is None:
            raise UserError(
                self.env._(
                    "A search for matches is running. Search again in a minute, or match one fapiao at a time: that"
                    " needs no search."
                )
            )
        counts = [self.filtered(lambda one, state=state: one.match_state == state) for state, _l in MATCH_STATES]
        none, proposed, partial, matched, differs = map(len, counts)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if matched else "info",
                "message": self.env._(
                    "%(matched)s matched, %(proposed)s proposed, %(none)s without a bill.",
                    matched=matched + differs + partial,
                    proposed=proposed,
                    none=none,
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_match_documents(self):
        """Open the candidates of this fapiao without another search."""
        gate.check(self, gate.INVOICER)
        self._check_received()
        return self.env["fapiao.match.wizard"]._open(self)

    def action_create_bill(self):
        """Create vendor bills from these fapiao and open them; a dialog asks whether several of one seller
        become one bill. Raises ``UserError`` with the reason why a fapiao can't be booked.
        """
        gate.check(self, gate.INVOICER)
        self._check_bookable()
        if len(self) > 1 and len(self._by_seller()) < len(self):
            return self.env["fapiao.match.bill"]._open(self)
        return self._open_bills(self._create_bills())

    # --------------------------------------------------------------------------
    # Matches, and protection against double booking
    # --------------------------------------------------------------------------

    def _check_received(self):
        if not self or any(fapiao.direction != "in" for fapiao in self):
            raise UserError(self.env._("Only received fapiao are matched with bills."))

    def _is_no_purchase(self):
        """Return whether this fapiao can't be a purchase: invalid, or reversed while its red fapiao is on no
        document. With a refund for the red fapiao, bill and refund are both right.
        """
        if self.status != "red":
            return self.status in DEAD
        reds = self.red_ids
        return not reds or any("confirmed" not in red.match_ids.mapped("state") for red in reds)

    def _lock_taken(self):
        """Lock all fapiao of these numbers in every company, and return ``{fapiao: confirmed matches of its
        number}``. Raises a serialization failure if one of them was confirmed concurrently.
        """
        if not self:
            return {}
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT id FROM fapiao WHERE direction = 'in' AND number = ANY(%s) ORDER BY id FOR UPDATE",
                self.mapped("number"),
            )
        )
        # sudo: bookings of other companies count
        twins = self.sudo().browse([id_ for (id_,) in self.env.cr.fetchall()])
        Match = self.env["fapiao.match"].sudo()
        matches = Match.search([("fapiao_id", "in", twins.ids), ("state", "=", "confirmed")])
        return {
            fapiao: matches.filtered(lambda match, one=fapiao: match.fapiao_id._is_same_paper(one))
            for fapiao in self.sudo()
        }

    def _is_same_paper(self, other):
        """Return whether both are the same fapiao, as known by two companies: a short number is unique only
        with its code.
        """
        if self.number != other.number:
            return False
        return not (self.code and other.code) or self.code == other.code

    def _raise_taken(self, matches, user=None):
        """Refuse to book this fapiao twice; ``matches`` are its bookings, named as far as ``user`` (the
        current one) may read them.
        """
        names = ", ".join(matches._names_for(user or self.env.user, self.company_id))
        if not names:
            raise ValidationError(
                self.env._(
                    "Fapiao %(number)s comes to %(total)s. No more than that can be matched, and with the same sign.",
                    number=self.number,
                    total=self.currency_id.format(self.amount_total),
                )
            )
        raise ValidationError(
            self.env._(
                "Fapiao %(number)s over %(total)s is booked already: %(documents)s. Undo that match first, or"
                " match no more than what is left.",
                number=self.number,
                total=self.currency_id.format(self.amount_total),
                documents=names,
            )
        )

    # --------------------------------------------------------------------------
    # Loading into the pool: page by page, set-based
    #
    # Rows are compared before they are touched: pulling the same again writes and locks nothing. A value that
    # the cloud doesn't report never clears a known one.
    # --------------------------------------------------------------------------

    @api.model
    def _load(self, company_id, account_id, rows, pull_id=None, parties=None):
        """Load ``rows`` (:class:`~..clouds.inbound.InboundFapiao`) into the pool; return :class:`Loaded`.

        Of several rows with one number the last counts. ``parties``: partner ids by tax number, passed when
        many pages are loaded, else read here. Called as superuser; commits nothing. Creates the activities
        for changed status of fapiao with bills.
        """
        rows = list({row.number: row for row in rows}.values())
        if not rows:
            return Loaded()
        if parties is None:
            parties = self._parties(company_id, {row.seller_tax_no for row in rows})
        self._flush_pool()
        self._fill_inbox(rows, parties)
        merged = self._merge_headers(company_id, account_id, pull_id)
        inserted = {id_ for id_, is_new, _is_other in merged if is_new}
        touched = {id_ for id_, _is_new, _is_other in merged}
        if any(row.lines for row in rows):
            touched |= self._merge_lines(company_id, rows)
        if any(row.original_number for row in rows):
            self._link_originals(company_id, SQL("red.number IN (SELECT number FROM fapiao_inbox)"))
        hit = tuple(id_ for id_, is_new, is_other in merged if is_other and not is_new)
        self.invalidate_model()
        self._notify_dependents(touched - inserted, hit)
        return Loaded(len(inserted), len(touched - inserted), len(rows) - len(touched), hit)

    def _flush_pool(self):
        for model in ("fapiao", "fapiao.line", "res.partner"):
            self.env[model].flush_model()

    def _notify_dependents(self, updated_ids, hit):
        """Recompute what depends on changed rows, since the SQL bypasses the ORM."""
        if updated_ids:
            self.browse(updated_ids).modified(DEPENDED_ON)
        if hit:
            self._status_hit(list(hit))

    def _notify_planner(self, before, after):
        """Analyze the table after it has grown much.

        Autovacuum does so after a minute at the earliest, and not for a company's first fapiao in a large
        pool. Until then the planner assumes an empty table and may scan the pool to find an original or a
        bill.
        """
        if any(before < size <= after for size in GROWTH):
            self.env.cr.execute(SQL("ANALYZE fapiao"))

    # ------------------------------------------------------------------ headers

    def _fill_inbox(self, rows, parties):
        """Copy the rows into this connection's temporary table, which is emptied on commit."""
        cr = self.env.cr
        cr.execute(_inbox("fapiao_inbox", HEADER_COLUMNS))
        copy(cr, "fapiao_inbox", HEADER_COLUMNS, headers_as_csv(rows, parties))

    def _merge_headers(self, company_id, account_id, pull_id):
        """Insert and update in one statement; return ``(id, is new, has another status)`` of changed rows.

        OFFSET 0 forces a lookup per row's number. Otherwise the planner scans the whole pool for a page as
        long as it has less than some ten thousand rows.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH fresh AS (
                    SELECT known.id AS known_id, known.status AS old_status, inbox.number, said.*
                      FROM fapiao_inbox inbox
                      LEFT JOIN LATERAL (SELECT * FROM fapiao
                                          WHERE company_id = %(company)s AND direction = 'in'
                                            AND number = inbox.number OFFSET 0) known ON TRUE
                     CROSS JOIN LATERAL (SELECT %(values)s) said
                     WHERE known.id IS NULL OR (%(merged)s) IS DISTINCT FROM (%(known)s)
                ), written AS (
                    INSERT INTO fapiao AS known (
                        company_id, direction, account_id, pull_id, number, files_state, %(columns)s,
                        create_uid, write_uid, create_date, write_date
                    )
                    SELECT %(company)s, 'in', %(account)s, %(pull)s, number, 'none', %(columns)s,
                           %(user)s, %(user)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                      FROM fresh
                    ON CONFLICT (company_id, direction, number) DO UPDATE
                       SET (%(columns)s) = ROW (%(excluded)s),
                           account_id = COALESCE(known.account_id, EXCLUDED.account_id),
                           status_at = CASE WHEN known.status = EXCLUDED.status THEN known.status_at
                                            ELSE now() AT TIME ZONE 'UTC' END,
                           write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
                     WHERE (%(known)s) IS DISTINCT FROM (%(excluded)s)
                    RETURNING id, number, status
                )
                SELECT written.id, fresh.known_id IS NULL, written.status IS DISTINCT FROM fresh.old_status
                  FROM written JOIN fresh USING (number)
                """,
                **_merging(),
                company=company_id,
                account=account_id or None,
                pull=pull_id or None,
                user=self.env.uid,
            ),
            log_exceptions=False,
        )
        return self.env.cr.fetchall()

    # ------------------------------------------------------------------ lines

    def _merge_lines(self, company_id, rows):
        """Replace the lines of the fapiao whose lines are reported and differ; return their ids."""
        cr = self.env.cr
        cr.execute(_inbox("fapiao_inbox_line", LINE_COLUMNS))
        copy(cr, "fapiao_inbox_line", LINE_COLUMNS, lines_as_csv(rows))
        columns = [column for column, _type in LINE_COLUMNS if column != "number"]
        cr.execute(
            SQL(
                """
                WITH said AS (
                    SELECT fapiao.id AS fapiao_id, line.*
                      FROM fapiao_inbox_line line
                      JOIN fapiao ON fapiao.company_id = %(company)s AND fapiao.direction = 'in'
                           AND fapiao.number = line.number
                ), kept AS (
                    SELECT * FROM fapiao_line WHERE fapiao_id IN (SELECT fapiao_id FROM said)
                ), other AS (
                    SELECT DISTINCT COALESCE(said.fapiao_id, kept.fapiao_id) AS id
                      FROM said FULL JOIN kept USING (fapiao_id, sequence)
                     WHERE (%(said)s) IS DISTINCT FROM (%(kept)s)
                ), gone AS (
                    DELETE FROM fapiao_line WHERE fapiao_id IN (SELECT id FROM other)
                ), come AS (
                    INSERT INTO fapiao_line (fapiao_id, company_id, %(columns)s, create_uid, write_uid,
                                             create_date, write_date)
                    SELECT fapiao_id, %(company)s, %(columns)s, %(user)s, %(user)s,
                           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                      FROM said WHERE fapiao_id IN (SELECT id FROM other)
                )
                SELECT id FROM other
                """,
                company=company_id,
                said=SQL(", ").join(_of("said", column) for column in columns if column != "sequence"),
                kept=SQL(", ").join(_of("kept", column) for column in columns if column != "sequence"),
                columns=SQL(", ").join(map(SQL.identifier, columns)),
                user=self.env.uid,
            ),
            log_exceptions=False,
        )
        self.env["fapiao.line"].invalidate_model()
        return {id_ for (id_,) in cr.fetchall()}

    # --------------------------------------------------------------------------
    # Vendors by tax number, originals of red fapiao by number
    # --------------------------------------------------------------------------

    @api.model
    def _parties(self, company_id, tax_numbers=None):
        """Return partner ids by tax number, of ``tax_numbers`` or all: active partners, the company's own
        before shared ones, commercial partners before their contacts.
        """
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
        """Find vendors and originals that were created after their fapiao; writes only where some are
        missing.
        """
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
        """Link red fapiao to the blue ones they name, once both exist: those of a page, or all."""
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

    # --------------------------------------------------------------------------
    # Activities after a booked fapiao was reversed, voided or became doubtful
    # --------------------------------------------------------------------------

    @api.model
    def _status_hit(self, fapiao_ids):
        """Create an activity on each posted bill with one of these fapiao, unless bill and fapiao agree; an
        open activity is updated instead.
        """
        bad = self.browse(fapiao_ids).filtered(lambda fapiao: fapiao.status in BAD)
        matches = self.env["fapiao.match"].search([("fapiao_id", "in", bad.ids), ("state", "=", "confirmed")])
        by_fapiao = matches.grouped("fapiao_id")
        for fapiao in bad:
            own = by_fapiao.get(fapiao, matches.browse())
            bills = fapiao.move_ids | own.move_id | own.expense_id.account_move_id
            for bill in bills.filtered(lambda bill: bill.state == "posted"):
                fapiao._warn_on(bill)

    def _warn_on(self, bill):
        self.ensure_one()
        labels = dict(self._fields["status"]._description_selection(self.env))
        said = {"number": self.number, "status": labels[self.status]}
        summary = self.env._("Fapiao %(number)s: %(status)s", **said)
        note = as_html(
            self.env._(
                "The tax bureau has changed the status of fapiao %(number)s of this booked document: %(status)s."
                " Check whether it must be reversed, and input tax that was deducted be given back.",
                **said,
            )
        )
        kind = self.env.ref(ACTIVITY, raise_if_not_found=False)
        open_ones = bill.activity_ids.filtered(
            lambda activity: activity.activity_type_id == kind and self.number in (activity.summary or "")
        )
        if open_ones:
            open_ones.write({"summary": summary, "note": note})
            return
        user = bill.invoice_user_id or self.account_id._first_manager() or self.env.user
        bill.activity_schedule(ACTIVITY, summary=summary, note=note, user_id=user.id)

    # --------------------------------------------------------------------------
    # Vendor bills made from received fapiao
    # --------------------------------------------------------------------------

    def _open_bills(self, bills):
        """Return the action that opens ``bills``, several in the list of vendor bills, which shows their
        vendors.
        """
        action = bills._get_records_action(name=self.env._("Bills"))
        if len(bills) > 1:
            listing = self.env.ref("account.view_in_invoice_bill_tree").id
            action["views"] = [(listing, "list"), (False, "form")]
            action["context"] = {"default_move_type": "in_invoice"}
        return action

    # ------------------------------------------------------------------ checks

    def _check_bookable(self):
        self._check_received()
        self.env["fapiao.match"]._hold(self)
        for fapiao in self:
            if obstacle := fapiao._why_not_bookable():
                raise UserError(obstacle)

    def _why_not_bookable(self):
        """Return as text why no bill can be made of this fapiao, or ""."""
        self.ensure_one()
        if self.status not in LIVING:
            return {
                "red": self.env._(
                    "Fapiao %s is reversed by a red fapiao: it does not stand for a purchase.", self.number
                ),
                "void": self.env._("Fapiao %s is void: ask the seller for another.", self.number),
                "lost": self.env._(
                    "Fapiao %s is out of control (失控) at the tax bureau: ask the seller for another.",
                    self.number,
                ),
                "abnormal": self.env._(
                    "Fapiao %s is abnormal (异常) at the tax bureau: ask the seller before it is booked.",
                    self.number,
                ),
            }[self.status]
        if not exact(self.amount_total):
            return self.env._("Fapiao %s has no amount.", self.number)
        # sudo: bookings of other companies count
        uses = self._lock_taken()[self]
        if uses:
            return self.env._(
                "Fapiao %(number)s is booked already: %(documents)s.",
                number=self.number,
                documents=", ".join(uses._names_for(self.env.user, self.company_id)),
            )
        return ""

    def _by_seller(self):
        """Return these fapiao grouped by what must be equal within one bill."""
        return self.grouped(
            lambda fapiao: (
                fapiao.company_id,
                fapiao.seller_tax_no or fapiao.seller_name,
                exact(fapiao.amount_total) > 0,
            )
        )

    # ------------------------------------------------------------------ creation

    def _create_bills(self, together=False):
        """Return draft bills for these fapiao, one each or, ``together``, one for each seller, matched with
        them. Blue fapiao become bills, red ones refunds.
        """
        self._check_bookable()
        groups = list(self._by_seller().values()) if together else list(self)
        vendors = self._find_vendors()
        bills = self.env["account.move"].create([group._bill_values(vendors) for group in groups])
        for bill, group in zip(bills, groups, strict=True):
            bill._fapiao_in_adjust_tax(group._tax_of_lines())
            group._record_missing_taxes(bill)
            for fapiao in group:
                self.env["fapiao.match"]._confirm_pair(fapiao, bill, fapiao.amount_total, rule="created")
        return bills

    def _bill_values(self, vendors):
        first = self[0]
        is_refund = exact(first.amount_total) < 0
        return {
            "move_type": "in_refund" if is_refund else "in_invoice",
            "company_id": first.company_id.id,
            "currency_id": first.currency_id.id,
            "partner_id": vendors[first].id,
            "ref": ", ".join(sorted(self.mapped("number"))),
            "invoice_date": max(filter(None, self.mapped("issue_date")), default=fields.Date.today()),
            "invoice_line_ids": [Command.create(values) for fapiao in self for values in fapiao._bill_lines()],
        }

    # ------------------------------------------------------------------ vendors

    def _find_vendors(self):
        """Return ``{fapiao: its vendor}``: found by tax number, else by name among partners without tax
        number, else created.
        """
        known = {}
        vendors = {}
        for fapiao in self:
            key = fapiao._vendor_key()
            if key not in known:
                known[key] = fapiao.partner_id or fapiao._find_vendor() or fapiao._create_vendor()
            vendors[fapiao] = known[key]
        return vendors

    def _vendor_key(self):
        return self.company_id, taxno.normalise(self.seller_tax_no) or self.seller_name

    def _find_vendor(self):
        Partner = self.env["res.partner"]
        here = [("company_id", "in", (False, self.company_id.id)), ("parent_id", "=", False)]
        number = taxno.normalise(self.seller_tax_no)
        if number:
            domain = [("vat", "in", (number, f"CN{number}", self.seller_tax_no)), *here]
            if found := Partner.search(domain, order="supplier_rank desc, id", limit=1):
                return found
        by_name = Partner.search([("name", "=", self.seller_name), *here], order="supplier_rank desc, id")
        # a partner of the same name with another tax number is another company
        return by_name.filtered(lambda partner: not number or not partner._fapiao_tax_no())[:1]

    def _create_vendor(self):
        number = taxno.normalise(self.seller_tax_no)
        if not (self.seller_name or number):
            raise UserError(self.env._("Fapiao %s names no seller: enter the bill by hand.", self.number))
        # sudo: accountants may lack the right to create partners, and the values are the bureau's
        vendor = self.env["res.partner"].sudo()
        return vendor.create(
            {
                "name": self.seller_name or number,
                "is_company": True,
                "vat": False if taxno.judge(number) == taxno.MALFORMED else number,
                "country_id": self.env.ref("base.cn").id,
                "supplier_rank": 1,
            }
        ).sudo(False)

    # --------------------------------------------------------------------------
    # Lines of a bill from those of its fapiao, exact to the fen
    # --------------------------------------------------------------------------

    def _bill_lines(self):
        """Return create values of bill lines: one for each line of the fapiao if they sum to its total, else
        one for all of it. Those of a refund are positive, while its fapiao is negative.
        """
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
        """Return the rate in percent at which the amount gives the tax, or ``None`` if there is none."""
        amount, tax = exact(self.amount_total) - exact(self.amount_tax), exact(self.amount_tax)
        if not tax:
            return Decimal(0)
        for known in (13, 9, 6, 5, 3, 1):
            # lines are rounded separately: allow a fen for each of some ten lines
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
        """Return quantity and unit price whose product is ``amount``; one unit if they don't fit."""
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
        percent, its default first, price-excluded before price-included. A rate of 0 and lines without rate
        map to no tax; a rate for which there is no tax is missing.
        """
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
        """Return ``{account.tax: tax}`` charged on the fapiao, as positive ``Decimal``."""
        amounts = {}
        for fapiao in self:
            parts = fapiao._bill_parts()
            taxes = fapiao._purchase_taxes(parts)
            for _line, _amount, tax, rate in parts:
                if account_tax := taxes.get(rate):
                    sign = -1 if exact(fapiao.amount_total) < 0 else 1
                    amounts[account_tax] = amounts.get(account_tax, 0) + sign * tax
        return amounts

    def _record_missing_taxes(self, bill):
        """Log on the bill the rates without a purchase tax, whose tax is included in the amount of the lines."""
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
        """Return ``{classification code: product}`` where exactly one purchasable product has that code."""
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

    # --------------------------------------------------------------------------
    # Marks at the bureau (see ``fapiao_marking.py``)
    # --------------------------------------------------------------------------

    def _open_mark_families(self):
        """Return the families of open marks of this fapiao."""
        self.ensure_one()
        return set(self.marking_line_ids.filtered(lambda line: line.state == "open").mapped("family"))

    def _marking_account(self):
        """Return the account through which this fapiao can be marked, or none."""
        self.ensure_one()
        # sudo: users who post a bill may lack access to accounts
        account = (self.sudo().account_id or self.sudo().company_id.fapiao_account_id)._in_charge()
        able = account.provider and account.active and account._words().can(base.BOOK)
        return account if able else account.browse()

    def _as_marked(self):
        """Return the data with which a cloud marks this fapiao; see ``clouds.inbound.MarkOrder``."""
        self.ensure_one()
        return {
            "number": self.number,
            "code": self.code or "",
            "serial_no": self.serial_no or "",
            "type_code": self.type_code,
            "issue_date": self.issue_date,
            "amount_untaxed": exact(self.amount_untaxed),
            "tax": exact(self.deductible or self.amount_tax),
            "seller_name": self.seller_name or "",
            "seller_tax_no": self.seller_tax_no or "",
        }

    def _marked_keys(self):
        """Return the keys under which a cloud may report the result of this fapiao."""
        self.ensure_one()
        bare = self.number.removeprefix(self.code) if self.code else ""
        return [key for key in (self.number, bare, self.serial_no and f"#{self.serial_no}") if key]

    def _record_mark(self, kind, period):
        if FAMILY[kind] == "booking":
            self.booking = "booked" if kind == "book" else "unbooked"
            return
        is_on = kind == "select"
        self.write(
            {
                "deduction": "selected" if is_on else "unselected",
                "deduction_period": period if is_on else False,
            }
        )

    # --------------------------------------------------------------------------
    # Planning of booking marks (入账)
    #
    # A fapiao is marked when all of it is matched and every matched document is posted. Only our own marks
    # are taken back, not those set elsewhere.
    # --------------------------------------------------------------------------

    def _plan_booking(self):
        """Queue the missing marks of these fapiao; no call is made here."""
        if self:
            self.env.flush_all()
            self._order_marks(self._booking_due_ids(self.ids))

    @api.model
    def _sweep_bookings(self):
        """Queue the missing marks of any fapiao: those matched by the search in SQL, or updated by a pull."""
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
        """Return ``{"book": ids, "unbook": ids}`` of fapiao whose mark is wrong: of ``ids``, or of all. One
        statement, whatever their number.
        """
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
        """Return the accounts, including replaced ones, whose received fapiao are to be marked."""
        # sudo: users who post a bill may lack access to accounts
        accounts = self.env["fapiao.account"].sudo().with_context(active_test=False)
        providers = providers_of(base.BOOK)
        accounts = accounts.search([("provider", "in", providers)])
        return accounts.filtered(
            lambda account: (
                (acting := account._in_charge()).active and acting.marks_booked and acting.provider in providers
            )
        )

    def _booking_period(self):
        """Return the accounting period (yyyymm) under which a fapiao is booked."""
        self.ensure_one()
        # sudo: users who post may lack access to some matches
        matches = self.sudo().match_ids.filtered(lambda match: match.state == "confirmed")
        days = [move.date for move in matches.move_id | matches.expense_id.account_move_id if move.date]
        return max(days).strftime("%Y%m") if days else ""


COMPARED = [*SAID, "color", "status", "partner_id"]


def _of(table, column):
    return SQL("%s.%s", SQL.identifier(table), SQL.identifier(column))


@cache
def _merging():
    """Return the parts of the merging statement that are the same for each page."""
    return {
        "values": _merged_values(),
        "merged": SQL(", ").join(_of("said", column) for column in COMPARED),
        "known": SQL(", ").join(_of("known", column) for column in COMPARED),
        "columns": SQL(", ").join(map(SQL.identifier, COMPARED)),
        "excluded": SQL(", ").join(SQL("EXCLUDED.%s", SQL.identifier(column)) for column in COMPARED),
    }


def _merged_values():
    """Return the new value of each column: the cloud's if it reports one, else the known one."""
    types = tuple(code for code, _label in TYPES)
    values = {column: SQL("COALESCE(%s, %s)", _of("inbox", column), _of("known", column)) for column in SAID}
    values["type_code"] = SQL(
        "CASE WHEN inbox.type_code IN %s THEN inbox.type_code ELSE COALESCE(known.type_code, %s) END",
        types,
        OTHER_TYPE,
    )
    values["color"] = SQL("CASE WHEN known.color = 'red' THEN 'red' ELSE inbox.color END")
    # The cloud's list may be older than a reversal that is known here by its red fapiao. OFFSET 0 forces a
    # lookup for the few rows concerned; otherwise the planner may scan all fapiao.
    values["status"] = SQL(
        """CASE WHEN inbox.status = 'normal' AND known.status IN ('partly_red', 'red')
                     AND EXISTS (SELECT FROM fapiao red
                                  WHERE red.original_id = known.id AND red.status = 'normal' OFFSET 0)
                THEN known.status ELSE COALESCE(inbox.status, known.status, 'normal') END"""
    )
    values["partner_id"] = SQL("COALESCE(known.partner_id, inbox.partner_id)")
    return SQL(", ").join(SQL("%s AS %s", values[column], SQL.identifier(column)) for column in COMPARED)


def _inbox(table, columns):
    """Return the statement for an empty temporary table; an existing one is emptied."""
    return SQL(
        "CREATE TEMPORARY TABLE IF NOT EXISTS %s (%s) ON COMMIT DELETE ROWS; DELETE FROM %s",
        SQL.identifier(table),
        SQL(", ").join(SQL("%s %s", SQL.identifier(name), SQL(kind)) for name, kind in columns),
        SQL.identifier(table),
    )


def copy(cr, table, columns, lines):
    """Copy CSV into a table; empty values become NULL."""
    names = ", ".join(f'"{name}"' for name, _kind in columns)
    cr.copy_expert(f'COPY "{table}" ({names}) FROM STDIN WITH (FORMAT csv)', lines)
