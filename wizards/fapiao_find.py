"""Dialog ``fapiao.find``: one received fapiao by its number or the cloud's ID, or those of a document at the cloud.

It asks stores only: Odoo's own pool, that of the cloud, the expense assistant. The tax bureau is asked by a pull, which
the dialog offers where a number isn't found. Source: docs/protocols/kingdee-inbound.md#pool, #document-files.
"""

from odoo import Command, fields, models
from odoo.exceptions import UserError

from ..clouds.errors import CloudError
from ..clouds.inbound import HEADER, POOL, PullWindow
from ..models.cloud import gate
from ..models.cloud.engine import Engine

BY_NUMBER, BY_SERIAL, BY_DOCUMENT = "number", "serial", "document"
FEW = 50  # rows that are asked for: one number names one fapiao, or few that share a short one
SHORT = 8  # digits of a paper fapiao's number, which its code makes whole


class FapiaoFind(models.TransientModel):
    _name = "fapiao.find"
    _description = "Find Received Fapiao"
    _inherit = ["fapiao.guard.mixin"]
    _fapiao_inputs = frozenset(
        {
            *("account_id", "by", "number", "code", "issue_date", "serial_no"),
            *("document_kind", "document_key"),
        }
    )

    account_id = fields.Many2one(
        "fapiao.account",
        required=True,
        default=lambda self: self.env["fapiao.pull.wizard"]._default_account(),
    )
    by = fields.Selection(
        [(BY_NUMBER, "Number"), (BY_SERIAL, "Cloud's ID"), (BY_DOCUMENT, "Document in the cloud")],
        "Find By",
        required=True,
        default=BY_NUMBER,
    )
    number = fields.Char("Fapiao Number")
    code = fields.Char("Fapiao Code", help="发票代码, of those that aren't digital.")
    issue_date = fields.Date(help="Needed where the tax bureau has to be asked.")
    serial_no = fields.Char("Cloud's ID", help="发票流水号, as the cloud or its expense assistant shows it.")
    document_kind = fields.Char("Kind of Document", help="billType, e.g. ap_finapbill or er_dailyreimbursebill.")
    document_key = fields.Char("ID of the Document", help="billId, as the system that filed the document calls it.")
    message = fields.Text(readonly=True)
    is_missing = fields.Boolean(readonly=True)
    fapiao_ids = fields.Many2many("fapiao", string="Fapiao on the Document", readonly=True)
    file_ids = fields.One2many("fapiao.find.file", "find_id", "Files of the Document", readonly=True)

    # ------------------------------------------------------------------ actions

    def action_find(self):
        """Find the fapiao and open it; of a document, show what lies on it. Raises ``UserError`` with the reason where
        the cloud doesn't answer.
        """
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        self.account_id._check_may_use()
        self._tell(False, fapiao_ids=[Command.clear()], file_ids=[Command.clear()])
        if self.by == BY_DOCUMENT:
            return self._find_document()
        known = self._known_ids()
        if not known:
            known = self._load(self._ask_serial() if self.by == BY_SERIAL else self._ask_pool())
        return self._open_fapiao(known) if known else self._stay()

    def action_pull(self):
        """Pull the fapiao by its number from the tax bureau."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        self.account_id._check_may_use()
        number = "".join((self.number or "").split())
        if not (number and self.issue_date):
            raise UserError(self.env._("Enter the number and the day of issue: the tax bureau is asked for a day."))
        pull = self.env["fapiao.pull"]._open_pull(
            self.account_id, HEADER, self.issue_date, self.issue_date, {"number": number, "code": self.code}
        )
        pull._queue_now()
        return pull._get_records_action(name=self.env._("Pull"))

    # ------------------------------------------------------------------ where it may be

    def _known_ids(self):
        """Return the ids of those that Odoo has already."""
        own = [("company_id", "=", self.account_id.company_id.id), ("direction", "=", "in")]
        if self.by == BY_SERIAL:
            return self.env["fapiao"].search([*own, ("serial_no", "=", self._needed("serial_no"))]).ids
        number, code = self._needed("number"), "".join((self.code or "").split())
        found = self.env["fapiao"].search([*own, ("number", "in", [number, code + number])])
        if not found and not code and len(number) == SHORT:
            found = self.env["fapiao"].search([*own, ("code", "!=", False), ("number", "=like", f"%{number}")])
        return found.ids

    def _ask_pool(self):
        """Return the rows of this number in the cloud's own pool."""
        if not self.account_id.can_query_pool:
            self._tell(
                self.env._(
                    "It is not in Odoo, and account %s doesn't say how the cloud's pool (全票池) is queried. Pull it"
                    " from the tax bureau.",
                    self.account_id.name,
                ),
                is_missing=True,
            )
            return []
        number, code = self._needed("number"), "".join((self.code or "").split())
        window = PullWindow(self.issue_date or None, self.issue_date or None, POOL, number=number, code=code)
        page = self._ask(lambda cloud: cloud.pool_page(window, 1, FEW))
        rows = [row for row in page.rows if row.number in (number, code + number) or self._is_short(row, number, code)]
        if not rows:
            message = (
                self.env._(
                    "The cloud answered with other fapiao. Check Keys of the Pool Query on account %s: it may call the"
                    " number otherwise.",
                    self.account_id.name,
                )
                if page.rows or page.others or page.unread
                else self.env._("It is neither in Odoo nor in the cloud's pool. Pull it from the tax bureau.")
            )
            self._tell(message, is_missing=True)
        return rows

    def _is_short(self, row, number, code):
        """Return whether a paper fapiao goes by this number, where its code wasn't entered."""
        return not code and len(number) == SHORT and bool(row.code) and row.number == row.code + number

    def _ask_serial(self):
        """Return the rows of this serial number at the expense assistant."""
        serial_no = self._needed("serial_no")
        tickets = self.account_id._ask_assistant(lambda cloud: cloud.tickets([serial_no]))
        rows = [ticket.fapiao for ticket in tickets if ticket.fapiao.serial_no == serial_no]
        own = [row for row in rows if row.buyer_tax_no in ("", self.account_id.tax_no)]
        if rows and not own:
            buyer = rows[0].buyer_name or rows[0].buyer_tax_no
            self._tell(self.env._("The buyer of this fapiao is another company: %s.", buyer))
        elif not own:
            self._tell(self.env._("Neither Odoo nor the expense assistant knows this ID."))
        return own

    def _find_document(self):
        kind, key = self._needed("document_kind"), self._needed("document_key")
        if not self.account_id.can_show_documents:
            raise UserError(self.env._("The cloud of account %s shows no documents.", self.account_id.name))
        found = self._ask(lambda cloud: cloud.document_files(kind, key))
        ids = self._load([row for row in found.fapiao if row.buyer_tax_no in ("", self.account_id.tax_no)])
        self._tell(
            not (ids or found.files) and self.env._("Nothing lies on this document."),
            fapiao_ids=[Command.set(ids)],
            file_ids=[Command.create(self._prepare_file_values(file)) for file in found.files],
        )
        return self._stay()

    def _prepare_file_values(self, file):
        return {
            "name": file.name or file.number or file.serial_no or file.address.rpartition("/")[2][:100],
            "role": file.role,
            "kind": file.kind,
            "address": file.address or file.snapshot,
            "serial_no": file.serial_no,
            "remark": file.remark,
        }

    # ------------------------------------------------------------------ helpers

    def _tell(self, message, is_missing=False, **values):
        # sudo: what was found is written by no user
        self.sudo().write({"message": message, "is_missing": is_missing, **values})

    def _needed(self, name):
        """Return what was entered in a field, without blanks; raise ``UserError`` where nothing was."""
        text = "".join((self[name] or "").split())
        if not text:
            raise UserError(self.env._("Enter %s.", self._fields[name]._description_string(self.env)))
        return text

    def _ask(self, question):
        try:
            return Engine(self.env)._ask(self.account_id, question)
        except CloudError as error:
            self.account_id._record_need_in_new_transaction(error)
            raise UserError(self.account_id._error_message(error)) from error

    def _load(self, rows):
        """Load rows into the pool and return the ids of their fapiao. In this transaction: should it be repeated,
        only questions are asked again.
        """
        if not rows:
            return []
        company = self.account_id.company_id
        # sudo: issuers may bring fapiao in, but only the pool writes them
        fapiao = self.env["fapiao"].sudo()
        fapiao._load(company.id, self.account_id.id, rows)
        self.env["fapiao.match"]._schedule_match()
        own = [("company_id", "=", company.id), ("direction", "=", "in")]
        return fapiao.search([*own, ("number", "in", [row.number for row in rows])]).ids

    def _open_fapiao(self, ids):
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_in")
        if len(ids) > 1:
            return {**action, "domain": [("id", "in", ids)]}
        form = self.env.ref("l10n_cn_invoice_cloud.fapiao_view_form").id
        return {**action, "views": [(form, "form")], "view_mode": "form", "res_id": ids[0]}

    def _stay(self):
        """Return the action that shows the dialog again, with what was found."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Find Fapiao"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
