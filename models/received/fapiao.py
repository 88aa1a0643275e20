"""Model ``fapiao``: received fapiao (进项).

Sections: matches, pool (``pool.py``), files, status changes, vendor bills, marks, planning of booking marks.
"""

from collections import Counter

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, float_repr

from ...clouds import base
from ...clouds.inbound import is_number
from ...clouds.registry import providers_of
from ...rules import taxno
from ...rules.names import name_key
from ...rules.rates import rate_of
from ..cloud import gate
from ..cloud.engine import Engine
from ..values import FILES, LIVING, as_html, exact
from .foreign_money import ForeignMoney
from .pool import Pool
from .verdict import DEAD, MATCH_STATES, fapiao_state

BOOKINGS = [("booked", "Booked"), ("unbooked", "Not booked")]
DEDUCTIONS = [("unselected", "Not selected"), ("selected", "Selected"), ("confirmed", "Confirmed")]
ACTIVITY = "l10n_cn_invoice_cloud.activity_fapiao_status"
BAD = ("partly_red", "red", "void", "lost", "abnormal")
FAMILY = {"book": "booking", "unbook": "booking", "select": "deduction", "unselect": "deduction"}
SWEEP = 2000
# Those that the bureau can be asked about: VAT fapiao, not tickets
VERIFIABLE = ("1", "2", "3", "4", "5", "12", "13", "15", "26", "27", "72", "83", "84")
PICTURES = ("image", "original_image")
# Part of two indexes and of the search that uses them
HAS_ADDRESS = "COALESCE(pdf_address, ofd_address, xml_address, image_address, original_image_address) IS NOT NULL"
# Chosen on a list; more are left to the background job
MOST_AT_ONCE = 5
CHECKS = [("verified", "Verified"), ("failed", "Failed"), ("unchecked", "Not checked yet")]
CONSUMPTIONS = [
    ("suburb", "Long-distance travel (长途)"),
    ("city", "City transport (市内)"),
    ("hotel", "Accommodation (住宿)"),
    ("dining", "Dining (餐饮)"),
    ("telephoneCharge", "Telephone (话费)"),
    ("other", "Other (其他)"),
]
# The documents of a fapiao ``f``: confirmed matches and the move ``b`` of each, none if it is an expense without one.
DOCUMENTS = SQL(
    """SELECT FROM fapiao_match x
         LEFT JOIN hr_expense e ON e.id = x.expense_id
         LEFT JOIN account_move b ON b.id = COALESCE(x.move_id, e.account_move_id)
        WHERE x.fapiao_id = f.id AND x.state = 'confirmed' AND x.active"""
)


class Fapiao(models.Model):
    _inherit = "fapiao"

    number = fields.Char(index="trigram")
    has_number = fields.Boolean(compute="_compute_has_number")
    seller_name = fields.Char(index="trigram")
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

    # As printed, for the bookkeeper: docs/protocols/kingdee-assistant.md#tickets
    check_status = fields.Selection(CHECKS, "Check at the Bureau", readonly=True, help="查验")
    is_revised = fields.Boolean("Edited by Hand", readonly=True, help="The data read off the picture was edited.")
    is_proxy = fields.Boolean("Issued by the Bureau (代开)", readonly=True, help="On the seller's behalf.")
    certified_at = fields.Datetime("Certified On (认证)", readonly=True)
    selected_at = fields.Datetime("Selected On (勾选)", readonly=True)
    tax_rate = fields.Float("Rate of the Ticket", digits=(6, 4), readonly=True)
    ticket_no = fields.Char("Printed Ticket Number", readonly=True, help="印刷序列号")
    eticket_no = fields.Char("Itinerary Number", readonly=True, help="电子行程单号")
    filling_unit = fields.Char("Issuing Office", readonly=True, help="填开单位")
    sales_unit_code = fields.Char("Sales Office Code", readonly=True, help="销售单位代码")
    tax_authority = fields.Char(readonly=True, help="税务机关")
    consumption = fields.Selection(CONSUMPTIONS, "Type of Consumption", readonly=True)
    place = fields.Char(readonly=True, help="发票所在地")
    unit_price = fields.Monetary("Price per Kilometre", readonly=True)
    foreign_currency = fields.Char("Currency of the Ticket", readonly=True)
    foreign_total = fields.Float("Total in That Currency", digits=(16, 2), readonly=True)
    currency_rate = fields.Float("Exchange Rate", digits=(16, 8), readonly=True, help="In yuan for one unit.")
    currency_rate_day = fields.Date("Rate Of", readonly=True)
    foreign_text = fields.Char("Converted From", compute="_compute_foreign_text")
    warning_text = fields.Text("Warnings", compute="_compute_warning_text")

    original_image_address = fields.Char(readonly=True, groups="base.group_system")
    original_image_id = fields.Many2one("ir.attachment", "Picture as Taken", readonly=True, ondelete="set null")
    original_image_url = fields.Char("Link of the Picture as Taken", compute="_compute_original_image_url")
    can_fetch_files = fields.Boolean(compute="_compute_can_fetch", compute_sudo=True)
    can_refresh = fields.Boolean(compute="_compute_can_fetch", compute_sudo=True)

    _foreign = models.Index("(company_id, number) WHERE direction = 'in' AND foreign_currency IS NOT NULL")
    _files_of_booked = models.Index(
        "(company_id) WHERE direction = 'in' AND files_state = 'none'"
        f" AND match_state IN ('partial', 'matched', 'differs') AND {HAS_ADDRESS}"
    )
    _files_of_all = models.Index(f"(company_id) WHERE direction = 'in' AND files_state = 'none' AND {HAS_ADDRESS}")
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

    @api.depends("number", "direction")
    def _compute_has_number(self):
        """A ticket without a number has "#" and the cloud's ID in its place, which is not shown to users."""
        for fapiao in self:
            fapiao.has_number = fapiao.direction == "out" or is_number(fapiao.number)

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

    @api.depends("foreign_currency", "foreign_total", "currency_rate", "currency_rate_day")
    def _compute_foreign_text(self):
        for fapiao in self:
            fapiao.foreign_text = fapiao._describe_conversion() or False

    @api.depends("status", "check_status", "is_revised", "type_code", "foreign_text")
    @api.depends_context("lang")
    def _compute_warning_text(self):
        for fapiao in self:
            fapiao.warning_text = "\n".join(fapiao._describe_warnings()) or False

    @api.depends("original_image_id")
    def _compute_original_image_url(self):
        for fapiao in self:
            attachment_id = fapiao.original_image_id.id
            fapiao.original_image_url = f"/web/content/{attachment_id}?download=1" if attachment_id else False

    @api.depends(
        *("direction", "account_id", "serial_no", "pdf_id", "ofd_id", "xml_id", "image_id", "original_image_id"),
        *("pdf_address", "ofd_address", "xml_address", "image_address", "original_image_address"),
    )
    def _compute_can_fetch(self):
        """Addresses are not for users, so that buttons can't follow them."""
        for fapiao in self:
            fapiao.can_refresh = fapiao._is_askable()
            is_unnamed = fapiao.direction == "in" and fapiao.can_refresh and not fapiao._files()
            fapiao.can_fetch_files = is_unnamed or bool(fapiao.account_id and fapiao._missing_kinds())

    @api.depends("match_ids.state", "match_ids.active")
    def _compute_match_documents(self):
        for fapiao in self:
            confirmed = fapiao.match_ids.filtered(lambda match: match.state == "confirmed")
            fapiao.match_documents = ", ".join(confirmed.mapped("document_name")) or False

    # ------------------------------------------------------------------ data from answers

    @api.model
    def _particulars(self, said):
        code = {"code": said.code} if said.code else {}
        return {**super()._particulars(said), **code}

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
        counts = Counter(self.mapped("match_state"))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if counts["matched"] else "info",
                "message": self.env._(
                    "%(matched)s matched, %(proposed)s proposed, %(none)s without a bill.",
                    matched=counts["matched"] + counts["differs"] + counts["partial"],
                    proposed=counts["proposed"],
                    none=counts["none"],
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
        self._check_received()
        self._learn_lines()
        self._check_bookable()
        if len(self) > 1 and len(self._by_seller()) < len(self):
            return self.env["fapiao.match.bill"]._open(self)
        return self._open_bills(self._create_bills())

    def action_fetch_files(self):
        """Fetch the missing files: of a few received fapiao at once, of many in the background."""
        gate.check(self, gate.ISSUER)
        received = self.filtered(lambda fapiao: fapiao.direction == "in")
        if not received:
            return super().action_fetch_files()
        if len(self) > MOST_AT_ONCE:
            # sudo: the rights were checked above, and issuers don't write fapiao
            queued = self.sudo()._queue_by_hand()
            return self._notify_files(self.env._("The files of %s fapiao are fetched in the background.", queued))
        received._learn_addresses()
        ended_by = received._fetch_files_in_new_transaction()
        if others := self - received:
            super(Fapiao, others).action_fetch_files()
        self.invalidate_recordset()
        ids = received.ids
        files, problems = Engine(self.env)._step(lambda env: env["fapiao"].browse(ids)._count_files())
        if ended_by or not files:
            problem = self.account_id[:1]._error_message(ended_by) if ended_by else problems
            raise UserError(problem or self.env._("The cloud has named no file of these fapiao. Try again later."))
        return self._notify_files(self.env._("%s files are here.", files))

    def _notify_files(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # ------------------------------------------------------------------ matches, and protection against double booking

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
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM fapiao WHERE direction = 'in' AND number = ANY(%s) ORDER BY id FOR UPDATE",
                self.mapped("number"),
            )
        )
        # sudo: bookings of other companies count
        twins = self.sudo().browse([id_ for (id_,) in rows])
        matches = twins.env["fapiao.match"].search([("fapiao_id", "in", twins.ids), ("state", "=", "confirmed")])
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
        said = {"number": self.number, "total": self.currency_id.format(self.amount_total)}
        if not names:
            raise ValidationError(
                self.env._(
                    "Fapiao %(number)s comes to %(total)s. No more than that can be matched, and with the same sign.",
                    **said,
                )
            )
        raise ValidationError(
            self.env._(
                "Fapiao %(number)s over %(total)s is booked already: %(documents)s. Undo that match first, or"
                " match no more than what is left.",
                documents=names,
                **said,
            )
        )

    # ------------------------------------------------------------------ pool

    @api.model
    def _load(self, company_id, account_id, rows, pull_id=None, parties=None):
        money = ForeignMoney(self.env, company_id)
        loaded = Pool(self.env, company_id).load(account_id, money.converted(rows), pull_id, parties)
        money.record()
        return loaded

    @api.model
    def _why_not_convertible(self, company, row):
        """Return as text why the amount of ``row`` (:class:`~..clouds.inbound.InboundFapiao`) can't be had in the
        company's currency, or ""."""
        (converted,) = ForeignMoney(self.env, company.id).converted([row])
        if row.amount_total is None or converted.amount_total is not None:
            return ""
        return self.env._(
            "It is over %(amount)s %(currency)s, for which no rate of %(day)s is entered. Enter it under Currencies,"
            " then pick the ticket again.",
            amount=row.amount_total,
            currency=row.currency,
            day=row.issue_date or "–",
        )

    def _describe_warnings(self):
        """Return a sentence for everything about this fapiao that a bookkeeper has to look at."""
        self.ensure_one()
        said = [
            {
                "red": self.env._("The fapiao was reversed (红冲)."),
                "void": self.env._("The fapiao is void."),
                "lost": self.env._("The tax bureau has lost control of the fapiao (失控)."),
                "abnormal": self.env._("The tax bureau calls the fapiao abnormal (异常)."),
            }.get(self.status),
            self.check_status == "failed" and self.env._("The check at the tax bureau (查验) failed."),
            self.check_status == "unchecked"
            and self.type_code in VERIFIABLE
            and self.env._("The tax bureau has not checked it (查验) yet."),
            self.is_revised and self.env._("The data read off the picture was edited by hand."),
            self._describe_conversion(),
        ]
        return [text for text in said if text]

    def _describe_conversion(self):
        """Return how the amount of a ticket in other money came about, or why it has none; "" for yuan."""
        self.ensure_one()
        if not self.foreign_currency:
            return ""
        said = {
            "currency": self.foreign_currency,
            "amount": float_repr(self.foreign_total, 2),
            "day": fields.Date.to_string(self.currency_rate_day or self.issue_date) or "–",
        }
        if not self.currency_rate:
            return self.env._(
                "%(currency)s %(amount)s: there is no rate for %(day)s. Enter it under Currencies and refresh the"
                " ticket; until then it has no amount and can't be booked.",
                **said,
            )
        return self.env._(
            "%(currency)s %(amount)s at %(rate)s of %(day)s",
            rate=f"{exact(self.currency_rate, 8).normalize():f}",
            **said,
        )

    # ------------------------------------------------------------------ files of received fapiao
    #
    # They lie at addresses that the cloud has named, pictures too; what has no address is not asked for.

    def _is_askable(self):
        """Return whether the cloud can be asked about this fapiao; a later package knows more ways."""
        self.ensure_one()
        return self.direction == "out" and bool(self.account_id)

    def _learn_addresses(self):
        """Hook: ask, in transactions of their own, for the addresses of those received fapiao that have none."""

    def _learn_lines(self):
        """Hook: ask for the lines of those fapiao that a bill is about to be made from, if they have none."""

    def _queue_by_hand(self):
        """Queue these fapiao for their files; return how many."""
        wanted = self.filtered(lambda fapiao: fapiao._missing_kinds())
        wanted._want_files()
        return len(wanted)

    def _count_files(self):
        """Return ``(number of files, the last problems)`` of these fapiao."""
        return len(self._files()), "\n".join(filter(None, self.mapped("files_text")))

    def _files(self):
        return super()._files() | self.original_image_id

    def _missing_kinds(self):
        if self.direction != "in":
            return super()._missing_kinds()
        # sudo: addresses are not for users
        told = self.sudo()
        missing = [kind for kind in (*FILES, *PICTURES) if told[f"{kind}_address"] and not told[f"{kind}_id"]]
        # a scan of a single one is both
        is_same = told.image_address == told.original_image_address
        return [kind for kind in missing if not (is_same and kind == "original_image")]

    @api.model
    def _queue_files(self):
        """Queue the files of received fapiao that are on a bill or expense, or of all where the company wants them."""
        res = super()._queue_files()
        companies = self.env["res.company"].search([("fapiao_in_details", "=", "all")])
        booked = SQL("match_state IN ('partial', 'matched', 'differs')")
        for which in (booked, SQL("company_id = ANY(%s)", companies.ids)):
            self.env.flush_all()
            self.env.cr.execute(
                SQL(
                    """UPDATE fapiao SET files_state = 'wanted', files_tries = 0, files_try_at = %(now)s
                        WHERE id IN (SELECT id FROM fapiao
                                      WHERE direction = 'in' AND files_state = 'none' AND account_id IS NOT NULL
                                        AND %(address)s AND %(which)s
                                      LIMIT %(limit)s FOR UPDATE SKIP LOCKED)""",
                    now=fields.Datetime.now(),
                    address=SQL(HAS_ADDRESS),
                    which=which,
                    limit=SWEEP,
                ),
                log_exceptions=False,
            )
        self.invalidate_model(["files_state", "files_tries", "files_try_at"])
        return res

    # ------------------------------------------------------------------ status changes of booked fapiao

    def _status_hit(self):
        """Create an activity on each posted bill with one of these fapiao, unless bill and fapiao agree; an
        open activity is updated instead.
        """
        for fapiao in self.filtered(lambda fapiao: fapiao.status in BAD):
            own = fapiao.match_ids.filtered(lambda match: match.state == "confirmed")
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

    # ------------------------------------------------------------------ vendor bills made from received fapiao

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
            if self.foreign_currency and not self.currency_rate:
                return self._describe_conversion()
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

    def _seller_key(self):
        """Return what tells the seller: the tax number, else the name."""
        return taxno.normalise(self.seller_tax_no) or name_key(self.seller_name)

    def _by_seller(self):
        """Return these fapiao grouped by what must be equal within one bill."""
        return self.grouped(
            lambda fapiao: (
                fapiao.company_id,
                fapiao._seller_key(),
                exact(fapiao.amount_total) > 0,
            )
        )

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

    def _find_vendors(self):
        """Return ``{fapiao: its vendor}``: found by tax number, else by name among partners without tax
        number, else created.
        """
        known = {}
        vendors = {}
        for fapiao in self:
            key = fapiao.company_id, fapiao._seller_key()
            if key not in known:
                known[key] = fapiao.partner_id or fapiao._find_vendor() or fapiao._create_vendor()
            vendors[fapiao] = known[key]
        return vendors

    def _find_vendor(self):
        Partner = self.env["res.partner"]
        number = taxno.normalise(self.seller_tax_no)
        if known := Pool(self.env, self.company_id.id).parties([number]).get(number):
            return Partner.browse(known)
        here = [("company_id", "in", (False, self.company_id.id)), ("parent_id", "=", False)]
        alike = Pool(self.env, self.company_id.id).named(self.seller_name)
        by_name = Partner.search([("id", "in", alike), *here], order="supplier_rank desc, id")
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

    # ------------------------------------------------------------------ lines of a bill, exact to the fen

    def _bill_lines(self, parts=None):
        """Return create values of bill lines: one for each line of the fapiao if they sum to its total, else
        one for all of it. Those of a refund are positive, while its fapiao is negative. ``parts``: only these of
        :meth:`_taxed_parts`.
        """
        self.ensure_one()
        products = self._purchase_products()
        sign = -1 if exact(self.amount_total) < 0 else 1
        values = []
        for line, amount, tax, _rate, account_tax in self._taxed_parts() if parts is None else parts:
            gross = account_tax is None or account_tax.price_include
            quantity, price = self._quantity_and_price(line, sign * (amount + tax if gross else amount))
            values.append(
                {
                    "product_id": products.get(line.code, self.env["product.product"]).id,
                    "name": " ".join(filter(None, [line.name, line.spec])) or self.env._("Fapiao %s", self.number),
                    "quantity": quantity,
                    "price_unit": price,
                    "discount": 0,
                    "tax_ids": [Command.set(account_tax.ids if account_tax is not None else [])],
                }
            )
        return values

    def _taxed_parts(self):
        """Yield ``(line, amount, tax, rate, account.tax or None)`` of these fapiao: :meth:`_bill_parts`, each with that
        of :meth:`_purchase_taxes`."""
        for fapiao in self:
            parts = fapiao._bill_parts()
            taxes = fapiao._purchase_taxes(parts)
            yield from ((*part, taxes.get(part[3])) for part in parts)

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
        rate = rate_of(amount, tax)
        return rate if rate is None else rate * 100

    def _quantity_and_price(self, line, amount):
        """Return quantity and unit price whose product is ``amount``; one unit if they don't fit."""
        quantity = abs(line.quantity)
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        unit_price = float(amount) / (quantity or 1)
        if not quantity or round(quantity, digits) != quantity or exact(quantity * unit_price) != amount:
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
        amounts = Counter()
        for fapiao in self:
            sign = -1 if exact(fapiao.amount_total) < 0 else 1
            for _line, _amount, tax, _rate, account_tax in fapiao._taxed_parts():
                if account_tax:
                    amounts[account_tax] += sign * tax
        return amounts

    def _record_missing_taxes(self, bill):
        """Log on the bill the rates without a purchase tax, whose tax is included in the amount of the lines."""
        missing = {rate for *_line, tax, rate, account_tax in self._taxed_parts() if tax and account_tax is None}
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

    # ------------------------------------------------------------------ marks at the bureau (``fapiao_marking.py``)

    def _open_mark_families(self):
        """Return the families of open marks of this fapiao."""
        self.ensure_one()
        return set(self.marking_line_ids.filtered(lambda line: line.state == "open").mapped("family"))

    def _marking_account(self):
        """Return the account through which this fapiao can be marked, or none."""
        self.ensure_one()
        # sudo: users who post a bill may lack access to accounts
        account = (self.sudo().account_id or self.sudo().company_id._fapiao_own_account())._in_charge()
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
        self.deduction = "selected" if is_on else "unselected"
        self.deduction_period = period if is_on else False

    # ------------------------------------------------------------------ planning of booking marks (入账)
    #
    # A fapiao is marked when all of it is matched and every matched document is posted. Only our own marks
    # are taken back, not those set elsewhere.

    def _plan_booking(self):
        """Queue the missing marks of these fapiao; no call is made here."""
        if self:
            self.env.flush_all()
            self._queue_due_marks(SQL("f.id = ANY(%s)", self.ids))

    @api.model
    def _sweep_bookings(self):
        """Queue the missing marks of any fapiao: those matched by the search in SQL, or updated by a pull."""
        self._queue_due_marks(SQL("TRUE"))

    @api.model
    def _queue_due_marks(self, which):
        """Queue the marks to set and to take back of the fapiao ``which``, found by one statement."""
        due = self.env.execute_query(
            SQL(
                """
                WITH standing AS (
                    SELECT f.id, f.booking,
                           f.match_state IN ('matched', 'differs') AND f.status IN %(living)s
                           AND EXISTS (%(documents)s) AND NOT EXISTS (%(documents)s AND %(unposted)s)
                           AS ought
                      FROM fapiao f
                     WHERE f.account_id = ANY(%(accounts)s) AND f.direction = 'in' AND %(which)s
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
                which=which,
                documents=DOCUMENTS,
                unposted=SQL("b.state IS DISTINCT FROM 'posted'"),
                limit=SWEEP,
            )
        )
        Marking = self.env["fapiao.marking"]
        book = self.browse(id_ for id_, ought in due if ought)
        for period, fapiao in book.grouped(lambda one: one._booking_period()).items():
            Marking._create_for(fapiao, "book", period)
        Marking._create_for(self.browse(id_ for id_, ought in due if not ought), "unbook")

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
