"""What the expense assistant is told of a document: one report is one call.

Each says how things *are*, so the same frozen call may be made again where its answer was lost. The reports
of a document go out strictly one after the other. Source: shared/protocols/kingdee-assistant.md, calls 13 to
17, 20, 21.
"""

import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..clouds import base, picking
from . import fapiao_gate as gate
from .fapiao_outbound import OPEN_STATES
from .fapiao_pace import QUESTION

KINDS = [
    ("relate", "Fapiao on it"),
    ("save", "Saved, with cover"),
    ("status", "Status"),
    ("drop_line", "Fapiao taken off"),
    ("drop_document", "Document deleted"),
    ("voucher", "Accounting voucher"),
    ("drop_voucher", "Voucher deleted"),
]
OPERATIONS = {
    "relate": base.RELATE,
    "save": base.SAVE_DOCUMENT,
    "status": base.TELL_STATUS,
    "drop_line": base.DROP_LINE,
    "drop_document": base.DROP_DOCUMENT,
    "voucher": base.TELL_VOUCHER,
    "drop_voucher": base.DROP_VOUCHER,
}
STATUSES = [
    (picking.UNUSED, "Not in use"),
    (picking.SUBMITTED, "In approval"),
    (picking.APPROVED, "Approved"),
    (picking.BOOKED, "Booked"),
]
STATES = [
    ("draft", "Draft"),
    ("queued", "Waiting"),
    ("sending", "Sending"),
    ("pending", "In progress at the cloud"),
    ("issued", "Told"),
    ("rejected", "Turned Down"),
    ("waiting_login", "Waiting for log-in"),
    ("unknown", "Answer lost"),
    ("manual", "Needs a decision"),
    ("withdrawn", "Overtaken"),
]
KEYS = SQL("string_to_array(fapiao_report.keys, ',')")


class FapiaoReport(models.Model):
    _name = "fapiao.report"
    _description = "Report to the Expense Assistant"
    _inherit = ["fapiao.outbound"]
    _order = "id desc"
    _rec_name = "document_name"
    _check_company_auto = True
    _part = base.ASSISTANT_PART
    _purpose = QUESTION

    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(STATES)
    keys = fields.Char(
        "Keys at the Assistant",
        required=True,
        readonly=True,
        help="Of the documents this is about, by which they are known there for good.",
    )
    document_name = fields.Char("Document", required=True, readonly=True)
    expense_id = fields.Many2one("hr.expense", readonly=True, index="btree_not_null", ondelete="set null")
    move_id = fields.Many2one(
        "account.move", "Bill or Voucher", readonly=True, index="btree_not_null", ondelete="set null"
    )
    user_id = fields.Many2one(
        "res.users", "Owner", required=True, readonly=True, help="In whose name the assistant is told."
    )
    bill_type = fields.Char("Kind of Document", readonly=True)
    status = fields.Selection(STATUSES, "Status Told", readonly=True)
    relation = fields.Text(readonly=True, help="Lines of the document and the cloud's IDs of their fapiao.")
    line = fields.Char(readonly=True)
    voucher_uid = fields.Char("Voucher's ID", readonly=True)
    voucher_number = fields.Char(readonly=True)
    voucher_hash = fields.Char(readonly=True)
    is_told_anew = fields.Boolean(readonly=True, help="It was refused, and what it said is told once more.")

    _due = models.Index("(account_id, next_try_at, id) WHERE state IN ('queued', 'unknown')")
    _of_document = models.Index("USING gin (string_to_array(keys, ','))")

    # ------------------------------------------------------------------ computes

    @api.depends("kind", "status", "document_name")
    def _compute_display_name(self):
        for report in self:
            report.display_name = f"{report.document_name}: {report._say_what()}"

    def _say_what(self):
        self.ensure_one()
        name = "status" if self.kind == "status" else "kind"
        return dict(self._fields[name]._description_selection(self.env)).get(self[name]) or ""

    # ------------------------------------------------------------------ actions

    def action_retry(self):
        """Make the call now, or that of an earlier report it waits for."""
        self._check_issuer()
        todo = self.filtered(lambda report: report.state in ("queued", "unknown"))
        if not todo:
            raise UserError(self.env._("There is nothing left to do here."))
        # sudo: nobody may write a report by hand; this only makes it due
        chain = todo.sudo()._open_chain()
        chain.write({"next_try_at": self._now()})
        chain.sorted("id")[:1]._attempt_after_commit()
        self._wake_dispatcher()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_tell_again(self):
        """Tell again, as the documents stand now, what was refused; go on where a decision was needed."""
        self._check_issuer()
        reports = self.sudo()  # sudo: see action_retry
        reports._lock()
        if any(report.state not in ("rejected", "manual") or report.is_told_anew for report in reports):
            raise UserError(self.env._("Only what was refused is told again, and only once."))
        for report in reports:
            if report.state == "manual":
                report._doubt_anew()
        reports.filtered(lambda report: report.state == "rejected").is_told_anew = True
        self._plan(reports.expense_id, reports.move_id | reports.expense_id.account_move_id)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_document(self):
        """Open the expense or the bill."""
        gate.check(self, gate.READER)
        self.ensure_one()
        document = self.expense_id or self.move_id
        if not document:
            raise UserError(self.env._("The document was deleted."))
        return document._get_records_action()

    # ------------------------------------------------------------------ of which documents

    @api.model
    def _of_keys(self, keys, *conditions):
        """Return the reports about any of the documents ``keys``, in their order."""
        if not keys:
            return self.browse()
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM fapiao_report WHERE %s && %s::text[] %s ORDER BY id",
                KEYS,
                list(keys),
                SQL(" ").join(SQL("AND %s", condition) for condition in conditions),
            )
        )
        return self.browse([id_ for (id_,) in rows])

    def _key_list(self):
        return {key for report in self for key in report.keys.split(",")}

    def _open_chain(self):
        """Return the open reports of the documents these reports are about."""
        return self._of_keys(self._key_list(), SQL("state = ANY(%s)", list(OPEN_STATES)))

    def _followers(self):
        """Return the unsent reports that wait for this one."""
        self.ensure_one()
        chain = self._of_keys(self._key_list(), SQL("id > %s AND state = 'queued'", self.id))
        return chain.filtered(lambda report: not report.in_doubt)

    # ------------------------------------------------------------------ claiming

    @api.model
    def _lock_due(self, condition, account_id, limit, ids=None, order=None):
        """A queued report waits until every earlier one of its documents is settled."""
        is_first = SQL(
            "(%s) AND (state <> 'queued' OR NOT EXISTS (SELECT FROM fapiao_report earlier"
            " WHERE earlier.id < fapiao_report.id AND earlier.state = ANY(%s)"
            " AND string_to_array(earlier.keys, ',') && %s))",
            condition,
            list(OPEN_STATES),
            KEYS,
        )
        return super()._lock_due(is_first, account_id, limit, ids, order)

    # ------------------------------------------------------------------ asking

    def _question(self, words):
        """A lost answer is settled by the same call once more: it says how things are."""
        return self.operation, json.loads(self.payload)

    @api.model
    def _questions(self):
        return tuple(OPERATIONS.values())

    def _reader(self):
        return self.user_id
