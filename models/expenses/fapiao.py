"""Model ``fapiao``: journey tickets and their files, details asked of the assistant, and updates of the documents of
a fapiao.
"""

import contextlib
import functools
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...clouds.errors import CloudError
from ...rules.amounts import tax_in_gross
from ...rules.deduction import NINE
from ..cloud import gate
from ..cloud.engine import Engine
from ..cloud.fapiao_pace import BACKGROUND
from ..issuing.fapiao import file_values
from ..values import exact
from . import details
from .fapiao_ticket_category import TICKET_NAMES

NUMBERS = ("mileage", "fare", "fund", "surcharge", "insurance", "other_taxes")
FIELDS = {
    "from_place": "travel_from",
    "to_place": "travel_to",
    **{name: f"travel_{name}" for name in ("passenger", "vehicle", "seat", "departs", "arrives", *NUMBERS)},
}
LATER = timedelta(minutes=10)
MAX_TRIES = 5
SWEEP = 2000
# What documents make of a ticket (expenseStatus): docs/protocols/kingdee-assistant.md#documents. Other codes may come
CLAIMS = [
    ("1", "Not in use"),
    ("2", "Packed"),
    ("25", "Submitted"),
    ("30", "In approval"),
    ("60", "Approved"),
    ("65", "Booked or waiting for payment"),
    ("70", "Paid"),
    ("27", "Document discarded"),
    ("40", "Document not approved"),
    ("80", "Document closed"),
]


class Fapiao(models.Model):
    _inherit = "fapiao"

    travel_passenger = fields.Char("Passenger", readonly=True)
    travel_from = fields.Char("Place of Departure", readonly=True)
    travel_to = fields.Char("Destination", readonly=True)
    travel_vehicle = fields.Char("Train, Flight or Plate", readonly=True)
    travel_seat = fields.Char("Seat", readonly=True)
    travel_departs = fields.Char("Departs", readonly=True, help="As printed, in China's time.")
    travel_arrives = fields.Char("Arrives", readonly=True)
    travel_mileage = fields.Float("Mileage (km)", readonly=True)
    travel_fare = fields.Monetary("Fare", readonly=True)
    travel_fund = fields.Monetary("Airport Fund", readonly=True, help="民航发展基金")
    travel_surcharge = fields.Monetary("Fuel Surcharge", readonly=True, help="燃油附加费")
    travel_insurance = fields.Monetary("Insurance", readonly=True)
    travel_other_taxes = fields.Monetary("Other Taxes on the Ticket", readonly=True)
    is_journey = fields.Boolean(compute="_compute_is_journey")

    claim_state = fields.Selection(CLAIMS, "Claim at the Assistant", readonly=True)
    details_state = fields.Selection(
        [("wanted", "On the way"), ("done", "Complete"), ("failed", "Not available")],
        "Details",
        readonly=True,
        help="Lines and everything else that the expense assistant knows of a received fapiao.",
    )
    details_try_at = fields.Datetime(readonly=True)
    details_tries = fields.Integer(readonly=True)
    details_text = fields.Text("Details: Last Problem", readonly=True)

    _details_due = models.Index("(details_try_at) WHERE details_state = 'wanted'")
    _details_of_booked = models.Index(
        "(company_id, id) WHERE direction = 'in' AND details_state IS NULL AND serial_no IS NOT NULL"
        " AND match_state IN ('partial', 'matched', 'differs')"
    )
    _details_of_all = models.Index(
        "(company_id, id) WHERE direction = 'in' AND details_state IS NULL AND serial_no IS NOT NULL"
    )

    # ------------------------------------------------------------------ computes

    @api.depends("travel_from", "travel_to", "travel_vehicle", "travel_departs")
    def _compute_is_journey(self):
        for fapiao in self:
            fapiao.is_journey = bool(
                fapiao.travel_from or fapiao.travel_to or fapiao.travel_vehicle or fapiao.travel_departs
            )

    # ------------------------------------------------------------------ actions

    def action_refresh(self):
        """Ask for the data of these fapiao: of received ones the assistant, of many in the background."""
        gate.check(self, gate.ISSUER)
        received = self.filtered(lambda fapiao: fapiao.direction == "in")
        if not received:
            return super().action_refresh()
        askable = received._askable()
        if not askable:
            raise UserError(
                self.env._(
                    "A received fapiao is refreshed by the expense assistant, with the cloud's ID of the fapiao. This"
                    " company has no account with an assistant, or the fapiao came without such an ID: pull its day"
                    " again."
                )
            )
        if others := self - received:
            super(Fapiao, others).action_refresh()
        if len(askable) > details.LOT:
            # sudo: the rights were checked above, and issuers don't write fapiao
            askable.sudo()._want_details()
            return self._notify_files(self.env._("%s fapiao are refreshed in the background.", len(askable)))
        problems = askable._ask_details()
        self.invalidate_recordset()
        if problems:
            raise UserError(problems)
        return self._notify_files(self.env._("%s fapiao are up to date.", len(askable)))

    # ------------------------------------------------------------------ details (18)

    def _is_askable(self):
        if self.direction == "out":
            return super()._is_askable()
        return bool(self.serial_no and self.env["fapiao.account"]._assistant_of(self.company_id))

    def _askable(self):
        """Return those of these received fapiao that the assistant can be asked about."""
        accounts = {company: self.env["fapiao.account"]._assistant_of(company) for company in self.company_id}
        return self.filtered(lambda one: one.direction == "in" and one.serial_no and accounts[one.company_id])

    def _learn_addresses(self):
        res = super()._learn_addresses()
        bare = self._askable().filtered(lambda fapiao: not fapiao._files() and not fapiao._missing_kinds())
        if problems := bare._ask_details():
            raise UserError(problems)
        return res

    def _learn_lines(self):
        """Ask within this transaction, which reads the lines; a bill is made without them where they can't be had."""
        res = super()._learn_lines()
        headers = self._askable().filtered(lambda fapiao: not fapiao.line_ids)
        for company, ours in headers.grouped("company_id").items():
            account = self.env["fapiao.account"]._assistant_of(company)
            try:
                tickets = details.ask(self.env, account, ours.mapped("serial_no"))
            except CloudError as error:
                # sudo: users who make bills don't write fapiao
                ours.sudo()._want_details(account._error_message(error))
                continue
            details.take(ours.sudo(), tickets)
        return res

    def _queue_by_hand(self):
        bare = self._askable().filtered(lambda fapiao: not fapiao._missing_kinds() and not fapiao._files())
        bare._want_details()
        return super()._queue_by_hand() + len(bare)

    def _ask_details(self):
        """Ask for the details of these fapiao and store them in transactions of their own; return the problems, as
        text."""
        problems, engine = [], Engine(self.env)
        for company, ours in self.grouped("company_id").items():
            account = self.env["fapiao.account"]._assistant_of(company)
            try:
                tickets = details.ask(self.env, account, ours.mapped("serial_no"))
            except CloudError as error:
                problems.append(account._error_message(error))
                continue
            problems += engine._step(functools.partial(take_details, ours.ids, tickets))
        return "\n".join(dict.fromkeys(filter(None, problems)))

    def _want_details(self, problem=""):
        """Queue these fapiao for their details."""
        self.write(
            {
                "details_state": "wanted",
                "details_try_at": fields.Datetime.now(),
                "details_tries": 0,
                "details_text": problem or False,
            }
        )
        # sudo: issuers may trigger the scheduled action
        self.env.ref("l10n_cn_invoice_cloud.cron_details").sudo()._trigger()

    def _record_details(self, problem=""):
        """Record that the details are here, or why they aren't: a later try may find them."""
        self.ensure_one()
        if problem and self.details_state == "done":
            self.details_text = problem
            return
        is_over = self.details_tries + 1 >= MAX_TRIES or self.details_state != "wanted"
        later = fields.Datetime.now() + LATER * 2**self.details_tries
        self.write(
            {
                "details_state": "done" if not problem else "failed" if is_over else "wanted",
                "details_tries": self.details_tries + 1 if problem else 0,
                "details_try_at": False if not problem or is_over else later,
                "details_text": problem or False,
                **({} if problem else {"checked_at": fields.Datetime.now()}),
            }
        )

    @api.model
    def _cron_details(self):
        """Ask for the details of fapiao on bills and expenses, or of all where the company wants them, in lots."""
        cron = self.env["ir.cron"]
        accounts = self._details_accounts()
        self._queue_details(accounts)
        cron._commit_progress(remaining=self.search_count(self._details_domain(accounts)))
        for company, account in accounts.items():
            while batch := self.search(
                self._details_domain({company: account}), order="details_try_at, id", limit=details.LOT
            ):
                is_over = batch._continue_details(account)
                self.env.invalidate_all()
                if not cron._commit_progress(len(batch)):
                    return
                if is_over:
                    break

    def _continue_details(self, account):
        """Ask for one lot; return whether the account can't be asked now. Its rows are postponed before the call."""
        ids, serials, engine = self.ids, self.mapped("serial_no"), Engine(self.env)
        engine._step(functools.partial(postpone_details, ids, ""))
        try:
            tickets = details.ask(self.env, account, serials, BACKGROUND)
        except CloudError as error:
            engine._step(functools.partial(postpone_details, ids, account._error_message(error)))
            return True
        engine._step(functools.partial(take_details, ids, tickets))
        return False

    @api.model
    def _details_accounts(self):
        """Return ``{company: account}`` of the companies with an assistant, which has no session at the bureau."""
        Account = self.env["fapiao.account"]
        companies = Account.search([("assistant_url", "!=", False)]).filtered("has_assistant").company_id
        return {company: Account._assistant_of(company) for company in companies}

    @api.model
    def _details_domain(self, accounts):
        return [
            ("details_state", "=", "wanted"),
            ("details_try_at", "<=", fields.Datetime.now()),
            ("company_id", "in", [company.id for company in accounts]),
        ]

    @api.model
    def _queue_details(self, accounts):
        """Queue received fapiao without lines: those matched with a document, or all of a company that wants them."""
        self.env.flush_all()
        for company in accounts:
            which = (
                SQL("TRUE")
                if company.fapiao_in_details == "all"
                else SQL("match_state IN ('partial', 'matched', 'differs')")
            )
            self.env.cr.execute(
                SQL(
                    """UPDATE fapiao SET details_state = CASE WHEN EXISTS (
                                  SELECT FROM fapiao_line line WHERE line.fapiao_id = fapiao.id)
                              THEN 'done' ELSE 'wanted' END,
                              details_tries = 0, details_try_at = %(now)s
                        WHERE id IN (SELECT id FROM fapiao
                                      WHERE company_id = %(company)s AND direction = 'in' AND details_state IS NULL
                                        AND serial_no IS NOT NULL AND %(which)s
                                      ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)""",
                    now=fields.Datetime.now(),
                    company=company.id,
                    which=which,
                    limit=SWEEP,
                ),
                log_exceptions=False,
            )
        self.invalidate_model(["details_state", "details_tries", "details_try_at"])

    def _keep_ticket(self, ticket):
        """Store what the assistant says beside the pool's columns (:class:`~..clouds.picking.Ticket`)."""
        self.ensure_one()
        if ticket.fapiao.travel:
            self._keep_travel(ticket.fapiao.travel)
        claim = ticket.state.claim if ticket.state.claim in dict(CLAIMS) else self.claim_state
        if (claim, self.details_state) != (self.claim_state, "done"):
            self.write({"claim_state": claim, "details_state": "done", "details_text": False})

    # ------------------------------------------------------------------ what may be deducted

    def _untaxed_fund(self):
        """Return fund and other taxes of a flight; of one that tells only its fare, what is neither fare, surcharge nor
        the tax on them."""
        if self.travel_fund or self.travel_other_taxes:
            return exact(self.travel_fund) + exact(self.travel_other_taxes)
        fares, total, tax = (
            exact(self.travel_fare) + exact(self.travel_surcharge),
            exact(self.amount_total),
            self.amount_tax,
        )
        if not self.travel_fare:
            return super()._untaxed_fund()
        # fares are printed with tax in them or without it
        rests = [rest for rest in (total - fares, total - fares - exact(tax)) if 0 <= rest < total]
        return next((rest for rest in rests if tax_in_gross(total - rest, NINE) == exact(tax)), super()._untaxed_fund())

    def _names_traveller(self):
        return bool(self.travel_passenger)

    # ------------------------------------------------------------------ helpers

    def _keep_travel(self, travel):
        """Store the reported journey (:class:`~..clouds.inbound.Travel`); values not reported are kept."""
        said = {
            field: float(value) if name in NUMBERS else value
            for name, field in FIELDS.items()
            if (value := getattr(travel, name)) not in (None, "")
        }
        changed = {field: value for field, value in said.items() if self[field] != value}
        if changed:
            self.write(changed)

    def _kind_of_cost(self, code="", name=""):
        """Return code and name of the kind of cost of this ticket: as it was sorted, else as a fixed-amount ticket says
        itself (consumptionType, whose words are those of the sorting).
        """
        self.ensure_one()
        return (code or "", name or "") if code or name else (self.consumption or "", "")

    def _ticket_day(self):
        """Return the date of the expense: that of the journey, else of the fapiao."""
        self.ensure_one()
        digits = "".join(char for char in (self.travel_departs or "")[:10] if char.isdigit())
        if len(digits) == 8:
            # an invalid date was misread from the picture
            with contextlib.suppress(ValueError):
                return fields.Date.to_date(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
        return self.issue_date

    def _ticket_name(self):
        """Return a short description of the ticket: journey, or seller and goods."""
        self.ensure_one()
        head = TICKET_NAMES.get(self.type_code, "")
        if self.is_journey:
            route = "–".join(filter(None, (self.travel_from, self.travel_to)))
            return " ".join(filter(None, (head, route, self.travel_vehicle, self.travel_seat)))
        goods = self.line_ids[:1].name or ""
        named = " ".join(filter(None, (head, self.seller_name, goods)))
        types = dict(self._fields["type_code"]._description_selection(self.env))
        return named or types.get(self.type_code, self.number)

    def _keep_ticket_files(self, files):
        """Attach ``files`` (list of kind and bytes) to the fapiao unless it has them; return all its files."""
        self.ensure_one()
        attachments = self._files()
        for kind, raw in files:
            if self[f"{kind}_id"]:
                continue
            # a picture is evidence: it stays as it came
            kept = (
                self.env["ir.attachment"]
                .with_context(image_no_postprocess=True)
                .create({**file_values(self, kind, raw), "res_model": "fapiao", "res_id": self.id})
            )
            self.write({f"{kind}_id": kept.id})
            attachments |= kept.with_env(self.env)
        if attachments and self.files_state != "done":
            self.files_state = "done" if not self._missing_kinds() else "none"
        return attachments

    # ------------------------------------------------------------------ updates of the matched documents

    def write(self, vals):
        res = super().write(vals)
        if "serial_no" in vals:
            # an edited ticket gets another serial number
            self.sudo().match_ids._fapiao_update_soon()  # sudo: users who edit it may lack access to some matches
        return res


# ------------------------------------------------------------------ steps of the engine


def take_details(ids, tickets, env):
    """Take over the details of the fapiao ``ids``; return what is wrong with some, in words."""
    fapiao = env["fapiao"].browse(ids).exists()
    details.take(fapiao, tickets)
    return fapiao.filtered("details_text").mapped("details_text")


def postpone_details(ids, problem, env):
    """Move the next try before a call, so that after a crash others come first, and after one that failed."""
    values = {"details_try_at": fields.Datetime.now() + LATER, **({"details_text": problem} if problem else {})}
    env["fapiao"].browse(ids).exists().write(values)
