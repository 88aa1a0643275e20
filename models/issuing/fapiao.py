"""Model ``fapiao``: a tax invoice as the bureau has it. Created from the cloud's answers, never edited by
users.
"""

import base64
import functools
import io
import logging
from datetime import timedelta
from functools import lru_cache

import qrcode

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, file_open

from ...clouds import base
from ...clouds.base import LineDetail, NotFound
from ...clouds.errors import CloudError, OutcomeUnknown, PaceUsedUp, Patience
from ...rules import codes, qr
from ...rules.amounts import ZERO
from ...rules.differential import DIFFERENTIAL
from ...rules.document import DISCOUNT
from ...rules.elements import as_printed
from ...rules.filenames import clean
from ...rules.names import name_key
from ..cloud import gate
from ..cloud.engine import Engine
from ..cloud.fapiao_pace import BACKGROUND, QUESTION
from ..values import (
    DIGITAL,
    FILES,
    LEVIES,
    LIVING,
    SHANGHAI,
    STATUSES,
    TYPE_CODES,
    TYPES,
    ZERO_KINDS,
    aware,
    exact,
    naive,
)
from . import elsewhere

_logger = logging.getLogger(__name__)

# As they are stored. XML as plain text: a browser runs the scripts of other XML, and Odoo parses it.
MIMETYPES = {"pdf": "application/pdf", "ofd": "application/ofd", "xml": "text/plain"}
PRINTED_AS = {code: kind for kind, code in DIGITAL.items()}  # with a QR code that is known
# As they are sent to a browser, which saves what it has no use for. Not stored: Odoo takes it for "not known" and
# has the content decide.
SENT_AS = {**MIMETYPES, "ofd": "application/octet-stream"}
PICTURE_STARTS = ((b"\x89PNG", "png"), (b"GIF8", "gif"), (b"%PDF-", "pdf"), (b"BM", "bmp"))
# Texts and marks that are kept as a query says them
PARTICULARS = (
    *("remark", "drawer", "payee", "reviewer", "buyer_address", "buyer_bank", "buyer_mobile", "buyer_email"),
    *("seller_address", "seller_bank", "small_scale_reason", "main_item", "has_list", "red_form_number"),
    *("reversal_mark", "booking_mark", "voided_by", "void_reason", "original_code", "is_paper", "paper_number"),
)
MOST_IN_ZIP = 500  # fapiao
MOST_BYTES_IN_ZIP = 500 * 2**20
FIRST_WAIT = timedelta(seconds=20)
LAST_WAIT = timedelta(hours=6)
LATER = timedelta(minutes=10)  # retry after a cloud could not be queried
MAX_TRIES = 12
BATCH = 20


class Fapiao(models.Model):
    _name = "fapiao"
    _description = "Fapiao"
    _order = "issue_date desc, id desc"
    _rec_name = "number"
    _rec_names_search = ["number", "short_number", "buyer_name", "seller_name"]

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    account_id = fields.Many2one("fapiao.account", readonly=True, index="btree_not_null", ondelete="restrict")
    direction = fields.Selection([("out", "Outbound"), ("in", "Inbound")], required=True, readonly=True)
    color = fields.Selection([("blue", "Blue"), ("red", "Red")], required=True, readonly=True, default="blue")
    number = fields.Char(
        required=True,
        readonly=True,
        help="The 20 digits of a digital fapiao; of another one its code and number together.",
    )
    code = fields.Char(
        "Fapiao Code", readonly=True, help="发票代码, of those on paper and of those that aren't digital."
    )
    short_number = fields.Char(
        "Number with the Code", readonly=True, index="btree_not_null", help="The eight digits that go with the code."
    )
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
    # what a query says beside; of it only ``taken_in_by_id`` decides something
    buyer_address = fields.Char("Buyer Address and Phone", readonly=True)
    buyer_bank = fields.Char("Buyer Bank and Account", readonly=True)
    buyer_mobile = fields.Char(readonly=True, help="Where the cloud sends the fapiao by text message.")
    buyer_email = fields.Char(readonly=True, help="Where the cloud sends the fapiao by mail.")
    seller_address = fields.Char("Seller Address and Phone", readonly=True)
    seller_bank = fields.Char("Seller Bank and Account", readonly=True)
    levy = fields.Selection(LEVIES, "Taxation", readonly=True, help="征收方式")
    differential_deduction = fields.Monetary(readonly=True, help="扣除额, of a fapiao under differential taxation.")
    small_scale_reason = fields.Char("Reason for the Rate", readonly=True, help="税率说明 of a small-scale taxpayer.")
    main_item = fields.Char(readonly=True, help="主要商品名称")
    has_list = fields.Boolean("With a List of Goods", readonly=True, help="清单标志")
    amount_discount = fields.Monetary("Discount", readonly=True, help="合计折扣金额")
    tax_discount = fields.Monetary("Tax of the Discount", readonly=True, help="合计折扣税额")
    special_element = fields.Char("Special Business", readonly=True, help="特定业务 by the tax bureau's code.")
    special_elements = fields.Text("Details of the Special Business", readonly=True)
    red_form_number = fields.Char("Number of the Red Form", readonly=True, help="红字信息表编号, of a red fapiao.")
    reversal_mark = fields.Char(readonly=True, help="红冲状态 as the cloud says it, in its own code.")
    booking_mark = fields.Char(readonly=True, help="认证或入账状态 as the cloud says it, in its own code.")
    voided_at = fields.Datetime(readonly=True)
    voided_by = fields.Char(readonly=True)
    void_reason = fields.Char(readonly=True)
    original_code = fields.Char("Code of the Original", readonly=True, help="发票代码 of the paper fapiao reversed.")
    is_paper = fields.Boolean("Printed on Paper", readonly=True, help="数字化电子发票 on paper (纸质发票).")
    paper_number = fields.Char("Number on the Paper", readonly=True, help="纸质发票号码")
    taken_in_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="It was issued elsewhere, such as in the tax bureau's portal, and looked up by its number.",
    )
    original_id = fields.Many2one("fapiao", "Reverses", readonly=True, index="btree_not_null")
    red_ids = fields.One2many("fapiao", "original_id", "Reversed By", readonly=True)
    line_ids = fields.One2many("fapiao.line", "fapiao_id", "Lines", readonly=True)
    request_ids = fields.Many2many(
        "fapiao.request", "fapiao_request_fapiao_rel", "fapiao_id", "request_id", "Requests", readonly=True
    )
    move_ids = fields.Many2many("account.move", "fapiao_move_rel", "fapiao_id", "move_id", "Invoices", readonly=True)
    checked_at = fields.Datetime("Checked With the Bureau", readonly=True)
    qr_text = fields.Char("QR Code", compute="_compute_qr_text")
    can_link = fields.Boolean(compute="_compute_can_link")
    is_linked_by_hand = fields.Boolean(compute="_compute_can_link")

    check_code = fields.Char(readonly=True, help="校验码")
    pdf_address = fields.Char(readonly=True, groups="base.group_system")
    ofd_address = fields.Char(readonly=True, groups="base.group_system")
    xml_address = fields.Char(readonly=True, groups="base.group_system")
    image_address = fields.Char(readonly=True, groups="base.group_system")
    pdf_id = fields.Many2one("ir.attachment", "PDF", readonly=True, ondelete="set null")
    ofd_id = fields.Many2one("ir.attachment", "OFD", readonly=True, ondelete="set null")
    xml_id = fields.Many2one("ir.attachment", "XML", readonly=True, ondelete="set null")
    image_id = fields.Many2one("ir.attachment", "Picture", readonly=True, ondelete="set null")
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

    # Number first: the index serves uniqueness and the search for a number in all companies
    _unique_number = models.UniqueIndex("(number, direction, company_id)", "This fapiao is already known.")
    _listing = models.Index("(company_id, direction, issue_date DESC, id DESC)")
    _files_due = models.Index("(files_try_at) WHERE files_state = 'wanted'")

    pdf_url = fields.Char("PDF Link", compute="_compute_file_urls")
    ofd_url = fields.Char("OFD Link", compute="_compute_file_urls")
    xml_url = fields.Char("XML Link", compute="_compute_file_urls")
    image_url = fields.Char("Picture Link", compute="_compute_file_urls")
    qr_image = fields.Binary("QR Picture", compute="_compute_qr_image")
    account_mode = fields.Selection(related="account_id.mode", string="Account Mode")

    # ------------------------------------------------------------------ computes

    @api.depends("number", "type_code", "seller_name", "travel_from", "travel_to", "line_ids.name")
    def _compute_display_name(self):
        """A ticket without a number shows its type."""
        for fapiao in self:
            is_named = fapiao.has_number or not fapiao.number
            fapiao.display_name = fapiao.number or "" if is_named else fapiao._ticket_name()

    @api.depends("number", "type_code", "amount_total", "issue_date")
    def _compute_qr_text(self):
        for fapiao in self:
            kind = PRINTED_AS.get(fapiao.type_code)
            fapiao.qr_text = (
                qr.text(kind, fapiao.number, f"{fapiao.amount_total:.2f}", fapiao.issue_date)
                if kind and fapiao.issue_date
                else False
            )

    @api.depends("pdf_id", "ofd_id", "xml_id", "image_id")
    def _compute_file_urls(self):
        for fapiao in self:
            for kind in (*FILES, "image"):
                attachment_id = fapiao[f"{kind}_id"].id
                fapiao[f"{kind}_url"] = f"/web/content/{attachment_id}?download=1" if attachment_id else False

    @api.depends("qr_text")
    def _compute_qr_image(self):
        for fapiao in self:
            # not /report/barcode: it needs a renderer that many servers lack
            fapiao.qr_image = draw_qr(fapiao.qr_text) if fapiao.qr_text else False

    @api.depends("taken_in_by_id", "status", "color", "request_ids.state")
    def _compute_can_link(self):
        for fapiao in self:
            live = fapiao.request_ids.filtered(lambda request: request.state == "issued")
            fapiao.is_linked_by_hand = any(live.mapped("is_elsewhere"))
            fapiao.can_link = bool(fapiao.taken_in_by_id and not live and fapiao._is_living())

    # ------------------------------------------------------------------ CRUD

    @api.model_create_multi
    def create(self, vals_list):
        fapiao = super().create(vals_list)
        # what is left of the credit line is counted from the fapiao
        fapiao.account_id.modified(["credit_counted_to"])
        return fapiao

    # ------------------------------------------------------------------ actions

    def action_refresh(self):
        """Query the bureau's data of these fapiao and take them over."""
        gate.check(self, gate.ISSUER)
        for fapiao in self:
            fapiao._refresh_from_cloud()
        self.invalidate_recordset()
        return True

    def action_fetch_files(self):
        """Fetch the missing files now."""
        gate.check(self, gate.ISSUER)
        missing = self.filtered(lambda fapiao: fapiao._missing_kinds())
        ended_by = missing._fetch_files_in_new_transaction()
        self.invalidate_recordset()
        if isinstance(ended_by, PaceUsedUp):
            raise UserError(missing.account_id[:1]._error_message(ended_by))
        return True

    def action_download(self):
        """Return the download of all files in one zip; for issuers missing files are fetched first."""
        gate.check(self, gate.INTERNAL)
        if refusal := self._refusal_of_zip():
            raise UserError(refusal)
        attachments = self._files()
        if not attachments and (self.env.su or self.env.user.has_groups(gate.ISSUER)):
            self.action_fetch_files()
            attachments = self._files()
        if not attachments:
            raise UserError(
                self.env._("The cloud has no files for this fapiao yet. They are fetched as soon as they are there.")
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/invoice_cloud/files?ids={','.join(str(id_) for id_ in self.ids)}",
            "target": "download",
        }

    def action_send_again(self):
        """Open the dialog that sends these fapiao to the buyer by mail."""
        gate.check(self, gate.ISSUER)
        if foreign := self.filtered(lambda fapiao: fapiao.direction != "out"):
            raise UserError(self.env._("Fapiao %s is a received one: its seller sends it.", foreign[:1].display_name))
        if len({(one.company_id, name_key(one.buyer_name), one.buyer_tax_no or "") for one in self}) > 1:
            raise UserError(self.env._("These fapiao are for several buyers. Send those of one buyer at a time."))
        return self.env["fapiao.send"]._open(self)

    def _fapiao_recipients(self):
        """Hook: return further partners whom these fapiao are made out to, beside those of the invoices."""
        return self.env["res.partner"]

    def _fapiao_documents(self):
        """Return the documents that show messages about these fapiao, as a list."""
        return list(self.move_ids)

    def action_open_business_doc(self):
        """Open the fapiao itself; the links of core's ``x2many_buttons`` call this."""
        gate.check(self, gate.INTERNAL)
        self.ensure_one()
        return self._get_records_action()

    # ------------------------------------------------------------------ data from answers

    @api.model
    def _record_issued(self, request, issued):
        """Return the fapiao of ``issued``, the existing one or a new one from the answer and the request's
        draft. One that was recorded for another request, to which its number was named by mistake, gets the values
        of this one.
        """
        known = self.search(
            [
                ("company_id", "=", request.company_id.id),
                ("direction", "=", "out"),
                ("number", "=", issued.number),
            ]
        )
        if not known:
            return self.create(self._issued_values(request, issued))
        if not known._is_of_documents_of(request) and not known.request_ids:
            values = self._issued_values(request, issued)
            known.write({**values, "line_ids": [fields.Command.clear(), *values.get("line_ids", ())]})
        return known

    def _is_of_documents_of(self, request):
        """Return whether this fapiao is linked with the documents of ``request``."""
        return self.move_ids == request.move_ids

    @api.model
    def _issued_values(self, request, issued):
        draft = request._neutral_draft()
        # a cloud that splits reports the amounts of each fapiao; without amounts it is the whole
        is_whole = issued.total in (None, draft.total)
        lines = draft.lines if is_whole else issued.lines
        return {
            "company_id": request.company_id.id,
            "account_id": request.account_id.id,
            "direction": "out",
            "color": request.kind,
            "number": issued.number,
            "type_code": TYPE_CODES.get((draft.type, issued.form)) or TYPE_CODES[draft.type, draft.form],
            "code": issued.code or draft.paper_code or False,
            "short_number": issued.short_number or draft.paper_number or False,
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
            **self._levied(draft),
            **self._addresses(issued.files),
            # what was ordered, unless the cloud says more of it
            "special_element": draft.element,
            "special_elements": _lines_of(as_printed(draft.element, draft.details)),
            **self._particulars(issued.particulars),
            "taken_in_by_id": False,
            "move_ids": [fields.Command.set(request.move_ids.ids)],
            "line_ids": [
                fields.Command.create(values)
                for values in self.env["fapiao.line"]._values_of(lines, () if is_whole else issued.line_details)
            ],
        }

    @api.model
    def _levied(self, draft):
        """Return how the tax of a blue fapiao is levied, where it is not as usual."""
        if getattr(draft, "levy", "") not in DIFFERENTIAL:
            return {}
        return {"levy": draft.levy, "differential_deduction": float(draft.deduction or 0)}

    @api.model
    def _particulars(self, said):
        """Return what of ``said`` (``clouds.base.Particulars``) the cloud has said, as values."""
        values = {
            **{name: getattr(said, name) for name in PARTICULARS},
            "levy": said.levy if said.levy in dict(LEVIES) else "",
            "differential_deduction": float(said.deduction or 0),
            "amount_discount": float(said.discount or 0),
            "tax_discount": float(said.discount_tax or 0),
            "special_element": said.element,
            "special_elements": _lines_of(said.elements),
            "voided_at": naive(said.voided_at) if said.voided_at else False,
        }
        return {name: value for name, value in values.items() if value}

    @api.model
    def _lines_said(self, found, blue=None):
        """Return create commands for the lines of ``found``, none where they don't come to its amounts. ``blue``: the
        fapiao that a red one reverses.
        """
        told = ((line.amount, line.tax) for line in found.lines)
        if not found.lines or tuple(map(sum, zip(*told, strict=True))) != (found.amount, found.tax):
            return []
        values = self.env["fapiao.line"]._values_of(found.lines, found.line_details)
        return [fields.Command.create(line) for line in values]

    @api.model
    def _addresses(self, files):
        """Return the addresses of the files, as far as the cloud names them together with the fapiao."""
        return {f"{kind}_address": getattr(files, kind) for kind in (*FILES, "image")} if files else {}

    @api.model
    def _times(self, issued_at):
        """Return both values of an aware ``issued_at``: the time in UTC, the day in China."""
        return {
            "issued_at": naive(issued_at),
            "issue_date": issued_at.astimezone(SHANGHAI).date(),
        }

    def _refresh_from_cloud(self):
        """Query the fapiao by its number and store the bureau's data; raises ``UserError``."""
        self.ensure_one()
        if not self.account_id:
            raise UserError(self.env._("Fapiao %s did not come through an account here.", self.number))
        account, number, asked = self.account_id, self.number, self._asked_by()
        account._check_may_use()
        try:
            found = Engine(self.env)._ask(account, lambda cloud: cloud.find(**asked))
        except CloudError as error:
            account._record_need_in_new_transaction(error)
            raise UserError(account._error_message(error)) from error
        if not isinstance(found, base.Issued):
            raise UserError(self.env._("The cloud does not show fapiao %s at the moment. Try again later.", number))
        fapiao_id = self.id
        Engine(self.env)._step(lambda env: env["fapiao"].browse(fapiao_id)._take_over(found))
        self.invalidate_recordset()
        self._look_for_red(found)

    def _asked_by(self):
        """Return the arguments of ``Cloud.find`` for this fapiao: its number and, where code and number together are
        what it is known by, the code and the order that it came of.
        """
        self.ensure_one()
        code, _short = codes.parted(self.number, self.code or "")
        if not code:
            return {"number": self.number}
        return {"number": self.number, "code": code, "request_uid": self.request_ids[:1].request_uid or ""}

    def _take_over(self, found):
        """Write what the bureau reports of this fapiao; values not reported are kept."""
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
            "code": found.code,
            "short_number": found.short_number,
            **self._addresses(found.files),
        }
        values = {name: float(value) if name.startswith("amount") else value for name, value in said.items() if value}
        values |= self._particulars(found.particulars)
        if not self.line_ids and (lines := self._lines_said(found, self.original_id)):
            values["line_ids"] = lines
        self.write({**values, "checked_at": fields.Datetime.now()})
        # a cloud may report "normal" for a partly reversed fapiao
        self._record_reversed()
        self._record_uncovered()

    def _queue_refresh(self, issued):
        """Hook: query a fapiao that was found reversed or void (``issued``) again, for its red fapiao."""

    def _is_living(self):
        self.ensure_one()
        return self.status in LIVING and self.color == "blue"

    # ------------------------------------------------------------------ issued elsewhere

    @api.model
    def _take_in_from_cloud(self, account, number):
        """Query fapiao ``number`` at ``account`` and record it as a fact without request; return its id.

        Raises ``UserError`` where the cloud doesn't show it, where it isn't one that the account's taxpayer has issued,
        and where a request made here names it: that request is queried instead.
        """
        account._check_may_use()
        user_id, engine = self.env.user.id, Engine(self.env)
        try:
            found = engine._ask(account, lambda cloud: cloud.find(number=number))
        except CloudError as error:
            account._record_need_in_new_transaction(error)
            raise UserError(account._error_message(error)) from error
        if obstacle := elsewhere.why_not_taken_in(self.env, account, number, found):
            raise UserError(obstacle)
        account_id = account.id
        taken, obstacle = engine._step(lambda env: elsewhere.take_in(env, account_id, user_id, found))
        if obstacle:
            raise UserError(obstacle)
        return taken

    def _link_in_new_transaction(self, moves):
        """Let these fapiao, issued elsewhere, stand for the invoices ``moves``; see :func:`.elsewhere.link`."""
        fapiao_id, move_ids, user_id = self.id, moves.ids, self.env.user.id
        Engine(self.env)._step(lambda env: elsewhere.link(env, fapiao_id, move_ids, user_id))
        self.invalidate_recordset()
        moves.invalidate_recordset()

    def action_take_in(self):
        """Open the dialog that links this fapiao, issued elsewhere, with the invoice it was issued for."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self.env["fapiao.take.in"]._open(self)

    def action_unlink_invoices(self):
        """Take back by a manager that these fapiao, issued elsewhere, stand for their invoices."""
        gate.check(self, gate.MANAGER)
        for fapiao in self:
            elsewhere.unlink(fapiao)
        return True

    # ------------------------------------------------------------------ files (PDF, OFD, XML)

    # Fetching has no effect at the cloud and may be repeated.

    def _files(self):
        """Return the attachments of these fapiao."""
        return self.pdf_id | self.ofd_id | self.xml_id | self.image_id

    def _file_name(self, ending):
        """Return the name of the fapiao's file of this kind; its number is the cloud's word."""
        self.ensure_one()
        return clean(f"{self.number.lstrip('#')}.{ending}", f"fapiao.{ending}")

    def _refusal_of_zip(self):
        """Return in words why the files of these fapiao can't be downloaded in one zip, or ''."""
        if len(self) > MOST_IN_ZIP:
            return self.env._(
                "%(count)s fapiao are too many for one download: choose up to %(most)s at a time.",
                count=len(self),
                most=MOST_IN_ZIP,
            )
        size = sum(self._files().mapped("file_size"))
        if size > MOST_BYTES_IN_ZIP:
            return self.env._(
                "The files of these fapiao come to %(size)s MB, and one download holds up to %(most)s MB: choose"
                " fewer fapiao at a time.",
                size=-(-size // 2**20),
                most=MOST_BYTES_IN_ZIP // 2**20,
            )
        return ""

    def _missing_kinds(self):
        """Return the kinds of files to fetch; a picture only where the cloud names its address."""
        # sudo: the address is for administrators
        has_picture = self.sudo().image_address and not self.image_id
        return [*(kind for kind in FILES if not self[f"{kind}_id"]), *(["image"] if has_picture else [])]

    def _want_files(self):
        """Queue the fapiao for fetching of their files."""
        # a received one may be told of another file later
        self.filtered(lambda fapiao: fapiao.files_state != "done" or fapiao._missing_kinds()).write(
            {"files_state": "wanted", "files_try_at": fields.Datetime.now(), "files_tries": 0}
        )
        # sudo: engine and issuers may trigger the scheduled action
        self.env.ref("l10n_cn_invoice_cloud.cron_files").sudo()._trigger()

    @api.model
    def _cron_files(self):
        """Fetch due files in batches, account by account. Accounts that need a user are skipped."""
        self._queue_files()
        cron = self.env["ir.cron"]
        due = [
            ("files_state", "=", "wanted"),
            ("files_try_at", "<=", fields.Datetime.now()),
            *self._domain_askable(),
        ]
        cron._commit_progress(remaining=self.search_count(due))
        while batch := self.search(due, order="files_try_at, id", limit=BATCH):
            batch._fetch_files_in_new_transaction(purpose=BACKGROUND)
            self.env.invalidate_all()
            if not cron._commit_progress(len(batch)):
                return

    @api.model
    def _queue_files(self):
        """Hook: queue fapiao whose files are to be fetched without a person's click."""

    def _fetch_files_in_new_transaction(self, purpose=QUESTION):
        """Fetch missing files in separate transactions; failures are stored and retried later. Return the
        ``CloudError`` because of which some were not requested, or None.
        """
        engine, ended_by = Engine(self.env), None
        for account, fapiao in self.grouped("account_id").items():
            if not account:
                continue
            ids = fapiao.ids
            wanted = engine._step(lambda env, ids=ids: env["fapiao"].browse(ids)._claim_files())
            if wanted:
                ended_by = self._fetch_for_account(engine, account, wanted, purpose) or ended_by
        return ended_by

    def _claim_files(self):
        """Postpone the next try before calling, so that after a crash or with a slow cloud other rows come
        first; return ``[(id, number, issued_at, {kind: address})]``.
        """
        claimed = self.try_lock_for_update()
        complete = claimed.filtered(lambda fapiao: not fapiao._missing_kinds())
        for fapiao in complete.filtered(lambda fapiao: fapiao.files_state == "wanted"):
            fapiao.write({"files_state": "done" if fapiao._files() else "none", "files_try_at": False})
        claimed -= complete
        for fapiao in claimed:
            tries = fapiao.files_tries + 1
            wait = min(FIRST_WAIT * 2**tries, LAST_WAIT)
            fapiao.write({"files_tries": tries, "files_try_at": fields.Datetime.now() + wait})
        return [
            (
                fapiao.id,
                fapiao.number,
                aware(fapiao.issued_at),
                {kind: fapiao[f"{kind}_address"] or "" for kind in fapiao._missing_kinds()},
            )
            for fapiao in claimed
        ]

    def _fetch_for_account(self, engine, account, wanted, purpose):
        """Fetch the ``wanted`` files until the cloud can't be called now; return the ``CloudError`` or None."""
        left = [fapiao_id for fapiao_id, *_rest in wanted]

        def fetch_all(cloud):
            patience = Patience()
            for fapiao_id, number, issued_at, addresses in wanted:
                files, problem, ended_by = fetch(cloud, number, issued_at, addresses, patience)
                # without an answer it counts as a try, or files that never come would block the others
                is_tried = not ended_by or isinstance(ended_by, OutcomeUnknown)
                if files or is_tried:
                    engine._step(functools.partial(keep_files, fapiao_id, files, problem, is_tried))
                if is_tried:
                    left.remove(fapiao_id)
                if ended_by:
                    raise ended_by

        try:
            engine._ask(account, fetch_all, purpose=purpose)
        except CloudError as error:
            account._record_need_in_new_transaction(error)
            engine._step(lambda env, why=error: env["fapiao"]._postpone_files(account.id, left, why))
            _logger.info("Fapiao: files of account %s can't be fetched: %s", account.id, error)
            return error
        return None

    @api.model
    def _domain_askable(self):
        """Return the domain of fapiao that scheduled actions may query: the account is in use, needs no user,
        and its cloud is available. Archived accounts count: their fapiao are still monitored.
        """
        return [
            ("account_id.session_state", "in", ("unknown", "ok")),
            "|",
            ("account_id.left_alone_until", "=", False),
            ("account_id.left_alone_until", "<=", fields.Datetime.now()),
        ]

    @api.model
    def _postpone_files(self, account_id, fapiao_ids, error):
        queued = SQL("files_state = 'wanted'")
        until = self._postpone_queue(account_id, fapiao_ids, error, "files_try_at", "files_tries", queued, SQL("TRUE"))
        # sudo: engine and issuers may trigger the scheduled action
        self.env.ref("l10n_cn_invoice_cloud.cron_files").sudo()._trigger(at=until)

    @api.model
    def _postpone_queue(self, account_id, fapiao_ids, error, at, tries, queued, others):
        """Postpone what is queued of an account with its next try in column ``at``, since the cloud can't be called
        now, and return until when.

        ``fapiao_ids`` were claimed and not requested, so that their last try in column ``tries`` doesn't count.
        ``queued``, ``others``: conditions of what is queued, and of what is postponed with them.
        """
        until = fields.Datetime.now() + timedelta(seconds=getattr(error, "retry_after", 0) or LATER.total_seconds())
        self.env.cr.execute(
            SQL(
                "UPDATE fapiao SET %(at)s = %(until)s,"
                " %(tries)s = GREATEST(%(tries)s - CASE WHEN id IN %(ids)s THEN 1 ELSE 0 END, 0)"
                " WHERE account_id = %(account)s AND %(queued)s"
                " AND (id IN %(ids)s OR %(at)s < %(until)s AND %(others)s)",
                at=SQL.identifier(at),
                tries=SQL.identifier(tries),
                until=until,
                ids=tuple(fapiao_ids) or (0,),
                account=account_id,
                queued=queued,
                others=others,
            ),
            log_exceptions=False,
        )
        self.invalidate_model([at, tries])
        return until

    def _keep_files(self, files, problem, is_tried=True):
        """Attach ``files`` ({kind: bytes}); store ``problem`` and give up after many tries, unless the cloud
        could not be called for the rest.
        """
        self.ensure_one()
        # the user's access to the fapiao is required, not access to the attachments
        # a picture is evidence: it stays as it came
        Attachment = self.env["ir.attachment"].with_context(image_no_postprocess=True)
        attachments = Attachment.create(
            [
                {
                    **file_values(self, kind, content),
                    "res_model": "fapiao",
                    "res_id": self.id,
                    # without it, the browser's viewer tries to save a preview and may lack the right
                    "thumbnail": pdf_picture() if ending_of(kind, content) == "pdf" else False,
                }
                for kind, content in files.items()
            ]
        )
        self.write({f"{kind}_id": attachment.id for kind, attachment in zip(files, attachments, strict=True)})
        if not self._missing_kinds():
            self.write({"files_state": "done", "files_try_at": False, "files_text": False})
        else:
            self.write(
                {
                    "files_state": "failed" if is_tried and self.files_tries >= MAX_TRIES else "wanted",
                    "files_text": problem,
                }
            )

    # ------------------------------------------------------------------ unattributed amounts

    def _record_uncovered(self):
        """Release the amounts of reversed fapiao on their documents where other fapiao of the request are
        valid and the lines are unknown.
        """
        for fapiao in self.filtered(lambda fapiao: fapiao.color == "blue" and fapiao.status == "red"):
            bundle = fapiao.request_ids._bundle()
            facts = bundle._facts_of_bundle()
            if fapiao in facts and len(facts) > 1 and set(bundle.mapped("state")) == {"issued"}:
                bundle._attribute()
                bundle._take_off(fapiao)


class FapiaoLineMixin(models.AbstractModel):
    _name = "fapiao.line.mixin"
    _description = "Line of goods or services"

    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    sequence = fields.Integer(readonly=True)
    name = fields.Char(readonly=True)
    code = fields.Char("Classification Code", readonly=True)
    spec = fields.Char("Specification", readonly=True)
    unit = fields.Char(readonly=True)
    quantity = fields.Float(digits=(16, 8), readonly=True)
    price = fields.Float(digits=(20, 13), readonly=True)
    rate = fields.Float(digits=(6, 4), readonly=True)
    zero_kind = fields.Selection(
        ZERO_KINDS,
        "Reason for 0 %",
        readonly=True,
    )
    policy = fields.Char("Preferential Policy", readonly=True, help="优惠政策")
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)

    @api.depends("company_id")
    def _compute_currency_id(self):
        for line in self:
            line.currency_id = line.company_id.currency_id

    @api.model
    def _values_of_line(self, line, sequence):
        """Return create values for a line of ``rules.document`` or ``rules.red_document``."""
        return {
            "sequence": sequence,
            "name": line.name,
            "code": line.code,
            "spec": line.spec,
            "unit": line.unit,
            "quantity": float(line.quantity or 0),
            "price": float(line.price or 0),
            "rate": float(line.rate),
            "zero_kind": line.zero_kind,
            "policy": line.policy,
            "amount_untaxed": float(line.amount),
            "amount_tax": float(line.tax),
        }


class FapiaoLine(models.Model):
    _name = "fapiao.line"
    _inherit = ["fapiao.line.mixin"]
    _description = "Fapiao Line"
    _order = "fapiao_id, sequence, id"

    fapiao_id = fields.Many2one("fapiao", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="fapiao_id.company_id", store=True, precompute=True)
    is_discount = fields.Boolean(readonly=True)
    original_line = fields.Integer(
        "Line of the Original",
        readonly=True,
        help="On a red fapiao: the number (xh) of the line it reverses.",
    )
    document = fields.Char("Sales Document", readonly=True, help="销售单据编号 that the line was issued for.")
    item_code = fields.Char("Own Code", readonly=True, help="自行编码, the seller's own code of the goods.")
    is_privileged = fields.Boolean("Privileged", readonly=True, help="优惠政策标识")

    @api.model
    def _values_of(self, lines, details=()):
        """Return create values for lines of a ``rules.document.Draft``; ``details``: what a query says beside
        (``clouds.base.LineDetail``).
        """
        details = details or [LineDetail() for _line in lines]
        return [
            {
                **self._values_of_line(line, detail.number or sequence),
                "is_discount": line.kind == DISCOUNT,
                "document": detail.document,
                "item_code": detail.item_code,
                "is_privileged": detail.is_privileged,
            }
            for sequence, (line, detail) in enumerate(zip(lines, details, strict=True), start=1)
        ]

    @api.model
    def _values_of_red(self, lines):
        """Return create values for lines of a ``rules.red_document.RedOrder``."""
        return [
            {**self._values_of_line(line, sequence), "original_line": line.xh}
            for sequence, line in enumerate(lines, start=1)
        ]


class IrBinary(models.AbstractModel):
    _inherit = "ir.binary"

    def _get_stream_from(self, record, *args, **kwargs):
        """Send a fapiao's files as what they are: an address may name another type, with which a browser would run
        what a seller has put into them."""
        stream = super()._get_stream_from(record, *args, **kwargs)
        if record._name == "ir.attachment" and record.res_model == "fapiao":
            ending = (record.name or "").rpartition(".")[2].lower()
            stream.mimetype = SENT_AS.get(ending, record.mimetype)
        return stream


def _lines_of(pairs):
    """Return pairs of name and value as text, one a line."""
    return "\n".join(f"{name}: {value}" for name, value in pairs)


def sums_to(records, lines):
    """Return whether fapiao or request lines sum to ``lines`` of the rules, amount and tax."""
    return all(
        sum((exact(record[field]) for record in records), ZERO) == sum((getattr(line, name) for line in lines), ZERO)
        for field, name in (("amount_untaxed", "amount"), ("amount_tax", "tax"))
    )


@lru_cache(maxsize=1)
def pdf_picture():
    """Return the placeholder picture of a PDF, in base64."""
    with file_open("web/static/img/mimetypes/pdf.svg", "rb") as picture:
        return base64.b64encode(picture.read())


def file_values(fapiao, kind, content):
    """Return name, content and type of the attachment for a file of ``kind``."""
    ending = ending_of(kind, content)
    name = fapiao._file_name(ending)
    if kind == "original_image":
        # of a zip each file has a name of its own
        name = f"{name.removesuffix(f'.{ending}')}-original.{ending}"
    return {"name": name, "raw": content, "mimetype": MIMETYPES.get(ending) or f"image/{ending}"}


def ending_of(kind, content):
    """Return the ending of a file: its kind, or of a picture what it begins as."""
    if kind in MIMETYPES:
        return kind
    return next((ending for start, ending in PICTURE_STARTS if content.startswith(start)), "jpeg")


def fetch(cloud, number, issued_at, addresses, patience=None):
    """Return ``({kind: bytes}, problem, ended_by)``; a file that fails doesn't stop the others.

    ``addresses``: those of the wanted files, "" for files found by number only. ``ended_by``: the
    ``CloudError`` after which nothing more was requested, or None. ``patience``: shared by the files of a
    run.
    """
    files, problem, patience = {}, "", patience or Patience()
    for kind, address in addresses.items():
        try:
            # a picture as it was taken is one like any other
            told = kind.removeprefix("original_")
            content = cloud.file_at(address, told) if address else cloud.file(number, kind, issued_at)
        except CloudError as error:
            problem = str(error)
            if patience.is_over(error):
                return files, problem, error
            continue
        patience.is_over()
        if isinstance(content, NotFound):
            problem = content.text
        else:
            files[kind] = content
    return files, problem, None


# ------------------------------------------------------------------ steps of the engine


def keep_files(fapiao_id, files, problem, is_tried, env):
    env["fapiao"].browse(fapiao_id)._keep_files(files, problem, is_tried)


def draw_qr(text):
    """Return ``text`` as a QR code: a PNG in base64."""
    picture = io.BytesIO()
    qrcode.make(text, box_size=6, border=2).save(picture, format="PNG")
    return base64.b64encode(picture.getvalue())
