"""A tax invoice as the bureau has it: a fact, created from what a cloud says and edited by nobody."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..clouds import base
from ..clouds.errors import CloudError, PaceUsedUp
from ..rules import qr
from . import fapiao_gate as gate
from .fapiao_time import SHANGHAI, aware, naive
from .fapiao_types import DIGITAL, KIND_OF, LIVING, STATUSES, TYPES
from .fapiao_types import FILES as KINDS


class Fapiao(models.Model):
    _name = "fapiao"
    _description = "Fapiao"
    _order = "issue_date desc, id desc"
    _rec_name = "number"
    _rec_names_search = ["number", "buyer_name", "seller_name"]

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    account_id = fields.Many2one("fapiao.account", readonly=True, index="btree_not_null", ondelete="restrict")
    direction = fields.Selection([("out", "Outbound"), ("in", "Inbound")], required=True, readonly=True)
    color = fields.Selection([("blue", "Blue"), ("red", "Red")], required=True, readonly=True, default="blue")
    number = fields.Char(required=True, readonly=True)
    type_code = fields.Selection(TYPES, "Type", required=True, readonly=True)
    status = fields.Selection(STATUSES, required=True, readonly=True, default="normal")
    issued_at = fields.Datetime(readonly=True)
    issue_date = fields.Date(readonly=True, help="In China's time.")
    seller_name = fields.Char(readonly=True)
    seller_tax_no = fields.Char("Seller Tax Number", readonly=True)
    buyer_name = fields.Char(readonly=True)
    buyer_tax_no = fields.Char("Buyer Tax Number", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)
    amount_total = fields.Monetary(readonly=True)
    remark = fields.Text(readonly=True)
    drawer = fields.Char(readonly=True)
    payee = fields.Char(readonly=True)
    reviewer = fields.Char(readonly=True)
    original_id = fields.Many2one("fapiao", "Reverses", readonly=True, index="btree_not_null")
    red_ids = fields.One2many("fapiao", "original_id", "Reversed By", readonly=True)
    line_ids = fields.One2many("fapiao.line", "fapiao_id", "Lines", readonly=True)
    request_ids = fields.Many2many(
        "fapiao.request", "fapiao_request_fapiao_rel", "fapiao_id", "request_id", "Requests", readonly=True
    )
    move_ids = fields.Many2many(
        "account.move", "fapiao_move_rel", "fapiao_id", "move_id", "Invoices", readonly=True
    )
    checked_at = fields.Datetime("Checked With the Bureau", readonly=True)
    qr_text = fields.Char("QR Code", compute="_compute_qr_text")

    check_code = fields.Char(readonly=True, help="校验码")
    pdf_address = fields.Char(readonly=True, groups="base.group_system")
    ofd_address = fields.Char(readonly=True, groups="base.group_system")
    xml_address = fields.Char(readonly=True, groups="base.group_system")
    pdf_id = fields.Many2one("ir.attachment", "PDF", readonly=True, ondelete="set null")
    ofd_id = fields.Many2one("ir.attachment", "OFD", readonly=True, ondelete="set null")
    xml_id = fields.Many2one("ir.attachment", "XML", readonly=True, ondelete="set null")
    files_state = fields.Selection(
        [
            ("none", "Not asked for"),
            ("wanted", "On the way"),
            ("done", "Complete"),
            ("failed", "Not available"),
        ],
        "Files",
        required=True,
        default="none",
        readonly=True,
    )
    files_try_at = fields.Datetime(readonly=True)
    files_tries = fields.Integer(readonly=True)
    files_text = fields.Text("Files: Last Problem", readonly=True)

    # The number first: one index for uniqueness and for finding a number in all companies
    _unique_number = models.UniqueIndex("(number, direction, company_id)", "This fapiao is already known.")
    _listing = models.Index("(company_id, direction, issue_date DESC, id DESC)")
    _files_due = models.Index("(files_try_at) WHERE files_state = 'wanted'")

    # ------------------------------------------------------------------ computes

    @api.depends("number", "type_code", "seller_name", "travel_from", "travel_to", "line_ids.name")
    def _compute_display_name(self):
        """A ticket without a number shows what it is."""
        for fapiao in self:
            is_named = fapiao.has_number or not fapiao.number
            fapiao.display_name = fapiao.number or "" if is_named else fapiao._ticket_name()

    @api.depends("number", "type_code", "amount_total", "issue_date")
    def _compute_qr_text(self):
        for fapiao in self:
            kind = KIND_OF.get(fapiao.type_code)
            fapiao.qr_text = (
                qr.text(kind, fapiao.number, f"{fapiao.amount_total:.2f}", fapiao.issue_date)
                if kind and fapiao.issue_date
                else False
            )

    # ------------------------------------------------------------------ actions

    def action_refresh(self):
        """Ask the cloud what the bureau has under these numbers, and take it over."""
        gate.check(self, gate.ISSUER)
        for fapiao in self:
            fapiao._refresh_from_cloud()
        self.invalidate_recordset()
        return True

    def action_fetch_files(self):
        """Fetch the missing files now."""
        gate.check(self, gate.ISSUER)
        missing = self.filtered(lambda fapiao: not (fapiao.pdf_id and fapiao.ofd_id and fapiao.xml_id))
        ended_by = missing._fetch_files_apart()
        self.invalidate_recordset()
        if isinstance(ended_by, PaceUsedUp):
            raise UserError(missing.account_id[:1]._say(ended_by))
        return True

    def action_download(self):
        """Return the download of all files in one zip; for issuers those that are missing are fetched first."""
        gate.check(self, gate.INTERNAL)
        attachments = self._files()
        if not attachments and (self.env.su or self.env.user.has_groups(gate.ISSUER)):
            self.action_fetch_files()
            attachments = self._files()
        if not attachments:
            raise UserError(
                self.env._(
                    "The cloud has no files for this fapiao yet. They are fetched as soon as they are there."
                )
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/invoice_cloud/files?ids={','.join(str(id_) for id_ in self.ids)}",
            "target": "download",
        }

    # ------------------------------------------------------------------ facts from an answer

    @api.model
    def _record_issued(self, request, issued):
        """Return the fapiao ``issued``, created from the answer and the request's own draft, or the one
        that is known already."""
        known = self.search(
            [
                ("company_id", "=", request.company_id.id),
                ("direction", "=", "out"),
                ("number", "=", issued.number),
            ]
        )
        if known:
            return known
        return self.create(self._issued_values(request, issued))

    @api.model
    def _issued_values(self, request, issued):
        draft = request._neutral_draft()
        # a cloud that splits tells each part; what it doesn't tell can only be the whole
        is_whole = issued.total in (None, draft.total)
        lines = draft.lines if is_whole else issued.lines
        return {
            "company_id": request.company_id.id,
            "account_id": request.account_id.id,
            "direction": "out",
            "color": request.kind,
            "number": issued.number,
            "type_code": DIGITAL[draft.type],
            **self._times(issued.issued_at or aware(fields.Datetime.now())),
            "seller_name": issued.seller_name or draft.seller.name,
            "seller_tax_no": issued.seller_tax_no or draft.seller.tax_no,
            "buyer_name": issued.buyer_name or draft.buyer.name,
            "buyer_tax_no": issued.buyer_tax_no or draft.buyer.tax_no,
            "amount_untaxed": float(draft.amount if issued.amount is None else issued.amount),
            "amount_tax": float(draft.tax if issued.tax is None else issued.tax),
            "amount_total": float(draft.total if issued.total is None else issued.total),
            "remark": draft.remark,
            "drawer": draft.drawer,
            "payee": draft.payee,
            "reviewer": draft.reviewer,
            "check_code": issued.check_code,
            **self._addresses(issued.files),
            "move_ids": [fields.Command.set(request.move_ids.ids)],
            "line_ids": [
                fields.Command.create(values) for values in self.env["fapiao.line"]._values_of(lines)
            ],
        }

    @api.model
    def _addresses(self, files):
        """Return where the files lie, as far as the cloud says so together with the fapiao."""
        return {f"{kind}_address": getattr(files, kind) for kind in KINDS} if files else {}

    @api.model
    def _times(self, issued_at):
        """Return both times for an aware ``issued_at``: the moment in UTC, the day in China."""
        return {
            "issued_at": naive(issued_at),
            "issue_date": issued_at.astimezone(SHANGHAI).date(),
        }

    def _refresh_from_cloud(self):
        """Query the fapiao by its number and note what the bureau says; raises ``UserError``."""
        self.ensure_one()
        if not self.account_id:
            raise UserError(self.env._("Fapiao %s did not come through an account here.", self.number))
        account, number = self.account_id, self.number
        account._check_may_use()
        try:
            found = self.env["fapiao.engine"]._ask(account, lambda cloud: cloud.find(number=number))
        except CloudError as error:
            account._note_need_apart(error)
            raise UserError(account._say(error)) from error
        if not isinstance(found, base.Issued):
            raise UserError(
                self.env._("The cloud does not show fapiao %s at the moment. Try again later.", number)
            )
        fapiao_id = self.id
        self.env["fapiao.engine"]._step(lambda env: env["fapiao"].browse(fapiao_id)._take_over(found))
        self.invalidate_recordset()
        self._look_for_red(found)

    def _take_over(self, found):
        """Write what the bureau says of this fapiao, as far as it says it."""
        self.ensure_one()
        said = {
            "seller_name": found.seller_name,
            "seller_tax_no": found.seller_tax_no,
            "buyer_name": found.buyer_name,
            "buyer_tax_no": found.buyer_tax_no,
            "amount_untaxed": found.amount,
            "amount_tax": found.tax,
            "amount_total": found.total,
            "status": found.status if found.status in dict(STATUSES) else None,
            "check_code": found.check_code,
            **self._addresses(found.files),
        }
        values = {
            name: float(value) if name.startswith("amount") else value
            for name, value in said.items()
            if value
        }
        self.write({**values, "checked_at": fields.Datetime.now()})
        # a cloud may call a fapiao normal that is reversed in part
        self._note_reversed()
        self._note_uncovered()

    def _is_living(self):
        self.ensure_one()
        return self.status in LIVING and self.color == "blue"
