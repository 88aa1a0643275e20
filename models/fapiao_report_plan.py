"""Which reports are missing: how documents stand, compared with what was told or is on its way."""

import json
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..clouds import picking
from .account_move_match import BILLS
from .fapiao_report import OPERATIONS
from .fapiao_report_steps import Report, Wanted, known_after, steps_to

_logger = logging.getLogger(__name__)

SWEEP = 500
SWEEP_BACK = timedelta(days=1)
COUNTS = SQL("state <> 'withdrawn' AND is_told_anew IS NOT TRUE")


class FapiaoReport(models.Model):
    _inherit = "fapiao.report"

    # ------------------------------------------------------------------ planning

    @api.model
    def _plan_safely(self, expenses, moves, gone=()):
        """Plan, as the last step of somebody's transaction: a bug here must not undo their work, and the
        sweep looks at the same documents again."""
        try:
            with self.env.cr.savepoint():
                self._plan(expenses, moves, gone)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            _logger.exception("Fapiao: what is to be told to the expense assistant could not be planned")

    @api.model
    def _plan(self, expenses, moves, gone=()):
        """Queue what is still to be told of these documents; ``gone``: pairs of model and id. Nothing is
        called here."""
        if not self._has_assistants():
            return
        # sudo: the assistant is told whoever changes the document
        planner = self.sudo()
        documents = planner._documents_of(expenses.sudo(), moves.sudo())
        Account = self.env["fapiao.account"]
        gone_keys = [Account._assistant_name_of(model, id_) for model, id_ in gone]
        keys = {Account._assistant_key(document): document for document in documents}
        told = planner._of_keys([*keys, *gone_keys], COUNTS)
        planner._plan_vouchers_gone(told)
        for key in gone_keys:
            planner._plan_steps(key, None, told)
        for key, document in keys.items():
            planner._plan_steps(key, document, told)
        planner._plan_vouchers(documents, planner._of_keys(keys, COUNTS))

    @api.model
    def _has_assistants(self):
        # sudo: whoever changes a document needn't be allowed to read accounts
        domain = [("provider", "=", "kingdee"), ("assistant_url", "!=", False), ("client_id", "!=", False)]
        return bool(self.env["fapiao.account"].sudo().search_count(domain, limit=1))

    @api.model
    def _documents_of(self, expenses, moves):
        """Return all documents that are concerned: expenses booked together have one voucher."""
        expenses |= moves.expense_ids
        bills = moves.filtered(lambda move: move.move_type in BILLS and not move.expense_ids)
        return [
            *expenses.filtered(lambda one: one.fapiao_match_ids or one.fapiao_report_ids),
            *bills.filtered(lambda one: one.fapiao_match_ids or one.fapiao_report_ids),
        ]

    def _plan_steps(self, key, document, told):
        own = told.filtered(lambda report: key in report.keys.split(","))
        wanted = Wanted(is_gone=True) if document is None else document._fapiao_report_wanted()
        steps = steps_to(wanted, known_after(report._as_told() for report in own))
        base = steps and self._base_values(key, document, own)
        if not base:
            return
        for step in steps:
            if step.kind == "status":
                own._unsent("status")._overtake()
            self._create_step(base, step, document)

    # ------------------------------------------------------------------ vouchers

    @api.model
    def _vouchers_told(self, reports):
        """Return ``{id: the report that told it}`` of the vouchers the assistant has."""
        told = {}
        for report in reports:
            if report.kind == "voucher":
                told[report.voucher_uid] = report
            elif report.kind == "drop_voucher":
                told.pop(report.voucher_uid, None)
        return told

    def _plan_vouchers_gone(self, reports):
        """Take back the vouchers whose entry doesn't stand any more, or stands otherwise."""
        for report in self._vouchers_told(reports).values():
            if report._still_stands():
                continue
            if unsent := report._unsent("voucher"):
                unsent._overtake()
                continue
            values = {
                name: report[name]
                for name in ("keys", "document_name", "bill_type", "voucher_uid", "voucher_number")
            }
            links = {
                name: report[name].id
                for name in ("account_id", "company_id", "expense_id", "move_id", "user_id")
            }
            voucher = picking.VoucherReport(id=report.voucher_uid, number=report.voucher_number)
            self._queue({**values, **links, "kind": "drop_voucher"}, voucher)

    def _still_stands(self):
        """Tell whether the entry of this voucher books what it did when it was told."""
        move = self.move_id
        if not (move and move._fapiao_report_stands() and move._fapiao_report_documents()):
            return False
        return move._fapiao_report_hash(move._fapiao_report_voucher()) == self.voucher_hash

    def _plan_vouchers(self, documents, reports):
        told = self._vouchers_told(reports)
        moves = self.env["account.move"].union(*(document._fapiao_report_move() for document in documents))
        for move in moves:
            account = self.env["fapiao.account"]._assistant_of(move.company_id)
            if not account or not move._fapiao_report_documents():
                continue
            voucher = move._fapiao_report_voucher()
            if voucher.id in told:
                continue
            first = move._fapiao_report_documents()[0]
            self._queue(
                {
                    "account_id": account.id,
                    "company_id": move.company_id.id,
                    "kind": "voucher",
                    "keys": ",".join(voucher.keys),
                    "document_name": move.name,
                    "expense_id": first.id if first._name == "hr.expense" else False,
                    "move_id": move.id,
                    "user_id": first._fapiao_report_owner().id or self.env.uid,
                    "voucher_uid": voucher.id,
                    "voucher_number": voucher.number,
                    "voucher_hash": move._fapiao_report_hash(voucher),
                },
                voucher,
            )

    # ------------------------------------------------------------------ making reports

    def _base_values(self, key, document, own):
        """Return what all reports of a document have in common, or None where there is no assistant; of one
        that was deleted, as its last report has it."""
        if document is None:
            last = own[-1:]
            return {
                "account_id": last.account_id.id,
                "company_id": last.company_id.id,
                "keys": key,
                "document_name": last.document_name,
                "user_id": last.user_id.id,
                "bill_type": last.bill_type,
            }
        Account = self.env["fapiao.account"]
        account = own[-1:].account_id or Account._assistant_of(document.company_id)
        if not account.has_assistant:
            account = Account._assistant_of(document.company_id)
        if not account:
            return None
        user, bill_type = self._visit_of(document)
        is_expense = document._name == "hr.expense"
        return {
            "account_id": account.id,
            "company_id": document.company_id.id,
            "keys": key,
            "document_name": Account._assistant_number(document),
            "expense_id": document.id if is_expense else False,
            "move_id": False if is_expense else document.id,
            "user_id": (user or document._fapiao_report_owner()).id or self.env.uid,
            "bill_type": bill_type,
        }

    def _visit_of(self, document):
        """Return who picked last for this document, and as which kind of document (``billType``)."""
        kind = picking.EXPENSE if document._name == "hr.expense" else picking.PURCHASE
        field = "expense_ids" if document._name == "hr.expense" else "move_id"
        visit = self.env["fapiao.pick"].search([(field, "=", document.id)], order="id desc", limit=1)
        if not visit:
            return self.env["res.users"], kind
        return visit.user_id, picking.EXPENSE if visit.kind == "expense" else visit.kind

    def _create_step(self, base, step, document):
        lines = document._fapiao_report_lines() if document is not None else ()
        values = {**base, "kind": step.kind, "status": step.status or False, "line": step.line}
        if step.kind in ("save", "relate"):
            values["relation"] = json.dumps(lines)
        return self._queue(values, self._content(values, document, lines))

    def _queue(self, values, content):
        account = self.env["fapiao.account"].browse(values["account_id"])._in_charge()
        if not account.active:
            return self.browse()  # archived without a successor: nothing new is told through it
        values = {**values, "account_id": account.id}
        report = self.create({**values, "operation": OPERATIONS[values["kind"]]})
        report._identify()
        report._freeze(content)
        report._enqueue()
        return report

    # ------------------------------------------------------------------ reading reports

    def _as_told(self):
        self.ensure_one()
        lines = tuple((line, tuple(serials)) for line, serials in json.loads(self.relation or "[]"))
        return Report(self.kind, self.status or "", lines, self.line or "", self.state == "rejected")

    def _unsent(self, kind):
        """Return those of a kind that no cloud can have seen."""
        return self.filtered(
            lambda report: report.kind == kind and report.state == "queued" and not report.in_doubt
        )

    # ------------------------------------------------------------------ the sweep

    @api.model
    def _sweep(self):
        """Plan for what was changed lately by ways that aren't watched, such as a search in SQL."""
        since = fields.Datetime.now() - SWEEP_BACK
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT x.expense_id, x.move_id
                     FROM fapiao_match x
                     JOIN fapiao f ON f.id = x.fapiao_id AND f.serial_no IS NOT NULL
                LEFT JOIN hr_expense e ON e.id = x.expense_id
                LEFT JOIN account_move b ON b.id = COALESCE(x.move_id, e.account_move_id)
                    WHERE x.rule = 'picked' AND x.state = 'confirmed' AND x.active
                      AND GREATEST(x.write_date, e.write_date, b.write_date) > %s
                    LIMIT %s""",
                since,
                SWEEP,
            )
        )
        expenses = self.env["hr.expense"].browse([expense for expense, _move in rows if expense])
        moves = self.env["account.move"].browse([move for _expense, move in rows if move])
        self._plan_safely(expenses, moves)


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    @api.model
    def _cron_reconcile(self, batch=20):
        res = super()._cron_reconcile(batch)
        self.env["fapiao.report"]._sweep()
        return res
