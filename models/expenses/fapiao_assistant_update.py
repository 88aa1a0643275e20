"""Model ``fapiao.assistant.update``: sends the state of a document to the expense assistant, one call each.

An update describes the current state, so the same frozen call may be repeated after a lost answer. The
updates of a document are sent strictly in order. Source: docs/protocols/kingdee-assistant.md#documents,
#vouchers. Sections: ordering, answers, content and relations, planning.
"""

import base64
import json
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ...clouds import base, errors, picking
from ..cloud import gate
from ..cloud.engine import Engine
from ..cloud.fapiao_pace import QUESTION
from ..cloud.fapiao_task_mixin import NO_ERROR, OPEN_STATES, click_end, states
from ..received.account_move import BILLS
from ..values import as_html
from .fapiao_matched_mixin import COVERS
from .update_cover import cover_pdf
from .update_steps import IN_USE, Report, Step, Wanted, known_after, steps_to

_logger = logging.getLogger(__name__)

# Kind of update: call and label
KINDS = {
    "relate": (base.RELATE, "Fapiao on it"),
    "save": (base.SAVE_DOCUMENT, "Saved, with cover"),
    "status": (base.TELL_STATUS, "Status"),
    "drop_line": (base.DROP_LINE, "Fapiao taken off"),
    "drop_document": (base.DROP_DOCUMENT, "Document deleted"),
    "voucher": (base.TELL_VOUCHER, "Accounting voucher"),
    "drop_voucher": (base.DROP_VOUCHER, "Voucher deleted"),
}
STATUSES = [
    (picking.UNUSED, "Not in use"),
    (picking.SUBMITTED, "In approval"),
    (picking.APPROVED, "Approved"),
    (picking.BOOKED, "Booked"),
]
# What updates of the same document have in common
REPEATED = ("account_id", "company_id", "document_name", "user_id", "bill_type")
KEYS = SQL("string_to_array(fapiao_assistant_update.keys, ',')")
ACTIVITY = "l10n_cn_invoice_cloud.activity_fapiao_problem"
SWEEP = 500
SWEEP_BACK = timedelta(days=1)
COUNTS = SQL("state <> 'withdrawn' AND is_told_anew IS NOT TRUE")


class FapiaoAssistantUpdate(models.Model):
    _name = "fapiao.assistant.update"
    _description = "Expense Assistant Update"
    _inherit = ["fapiao.task.mixin"]
    _order = "id desc"
    _rec_name = "document_name"
    _check_company_auto = True
    _part = base.ASSISTANT_PART
    _purpose = QUESTION

    kind = fields.Selection([(kind, label) for kind, (_call, label) in KINDS.items()], required=True, readonly=True)
    state = fields.Selection(
        states(queued="Waiting", done="Updated", rejected="Turned Down", unknown="Answer lost", withdrawn="Overtaken")
    )
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
        "res.users",
        "Owner",
        required=True,
        readonly=True,
        default=None,
        help="The user in whose name the assistant is updated.",
    )
    bill_type = fields.Char("Kind of Document", readonly=True)
    status = fields.Selection(STATUSES, "Status Updated", readonly=True)
    relation = fields.Text(readonly=True, help="Lines of the document and the cloud's IDs of their fapiao.")
    line = fields.Char(readonly=True)
    voucher_uid = fields.Char("Voucher's ID", readonly=True)
    voucher_number = fields.Char(readonly=True)
    voucher_hash = fields.Char(readonly=True)
    is_told_anew = fields.Boolean(readonly=True, help="It was refused, and its content is sent once more.")

    _due = models.Index("(account_id, next_try_at, id) WHERE state IN ('queued', 'unknown')")
    _of_document = models.Index("USING gin (string_to_array(keys, ','))")

    # ------------------------------------------------------------------ computes

    @api.depends("kind", "status", "document_name")
    def _compute_display_name(self):
        for report in self:
            report.display_name = f"{report.document_name}: {report._describe_what()}"

    def _describe_what(self):
        self.ensure_one()
        name = "status" if self.kind == "status" else "kind"
        return dict(self._fields[name]._description_selection(self.env)).get(self[name]) or ""

    # ------------------------------------------------------------------ actions

    def action_retry(self):
        """Send the update now, or the earlier update it waits for."""
        self._check_issuer()
        todo = self.filtered(lambda report: report.state in ("queued", "unknown"))
        if not todo:
            raise UserError(self.env._("There is nothing left to do here."))
        # sudo: users can't write updates; this only makes them due
        chain = todo.sudo()._open_chain()
        chain.write({"next_try_at": self._now()})
        chain.sorted("id")[:1]._attempt_after_commit()
        self._wake_dispatcher()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_tell_again(self):
        """Send refused updates again with the current state of the documents; retry those that need a decision."""
        self._check_issuer()
        reports = self.sudo()  # sudo: see action_retry
        reports._lock()
        if any(report.state not in ("rejected", "manual") or report.is_told_anew for report in reports):
            raise UserError(self.env._("Only refused updates can be sent again, and only once."))
        for report in reports:
            if report.state == "manual":
                report._requeue_lookup()
        reports.filtered(lambda report: report.state == "rejected").is_told_anew = True
        self._plan(reports.expense_id, reports.move_id | reports.expense_id.account_move_id)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_document(self):
        """Open the expense or the bill."""
        gate.check(self, gate.READER)
        self.ensure_one()
        document = self._document()
        if not document:
            raise UserError(self.env._("The document was deleted."))
        return document._get_records_action()

    def _document(self):
        return self.expense_id or self.move_id

    # ------------------------------------------------------------------ updates of a document

    @api.model
    def _of_keys(self, keys, *conditions):
        """Return the updates about any of the documents ``keys``, in their order."""
        if not keys:
            return self.browse()
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM fapiao_assistant_update WHERE %s && %s::text[] %s ORDER BY id",
                KEYS,
                list(keys),
                SQL(" ").join(SQL("AND %s", condition) for condition in conditions),
            )
        )
        return self.browse([id_ for (id_,) in rows])

    def _key_list(self):
        return {key for report in self for key in report.keys.split(",")}

    def _open_chain(self):
        """Return the open updates of the documents of these updates."""
        return self._of_keys(self._key_list(), SQL("state = ANY(%s)", list(OPEN_STATES)))

    def _followers(self):
        """Return the unsent updates that wait for this one."""
        self.ensure_one()
        chain = self._of_keys(self._key_list(), SQL("id > %s AND state = 'queued'", self.id))
        return chain.filtered(lambda report: not report.in_doubt)

    # ------------------------------------------------------------------ claiming

    @api.model
    def _lock_due(self, condition, account_id, limit, ids=None, order=None):
        """A queued update waits until every earlier one of its documents is settled."""
        is_first = SQL(
            "(%s) AND (state <> 'queued' OR NOT EXISTS (SELECT FROM fapiao_assistant_update earlier"
            " WHERE earlier.id < fapiao_assistant_update.id AND earlier.state = ANY(%s)"
            " AND string_to_array(earlier.keys, ',') && %s))",
            condition,
            list(OPEN_STATES),
            KEYS,
        )
        return super()._lock_due(is_first, account_id, limit, ids, order)

    # ------------------------------------------------------------------ queries

    def _question(self, words):
        """Repeat the same call after a lost answer: it describes a state."""
        return self.operation, json.loads(self.payload)

    @api.model
    def _questions(self):
        return tuple(operation for operation, _label in KINDS.values())

    # ------------------------------------------------------------------ answers

    def _apply_meaning(self, call, meaning):
        match meaning:
            case picking.Told() if self.state not in ("done", "withdrawn"):
                self._accept(meaning)
            case errors.Rejected() if self.state in ("sending", "unknown"):
                self._set_state("rejected", meaning)
            case _ if self.state == "sending":
                return super()._apply_meaning(call, meaning)
            case errors.CloudError() if self.state == "unknown":
                self._schedule_retry(meaning)
        return None

    def _apply_error(self, error):
        """If the assistant refuses its own credentials, only the updates wait: they need no session at the bureau."""
        if isinstance(error, errors.LoginRequired):
            self._try_later(error)
            return None
        return super()._apply_error(error)

    def _accept(self, result):
        self._set_state("done")

    def _schedule_retry(self, error=None):
        """Retry without a limit, since the same call may be repeated; no user has to decide."""
        self.unknown_since = self._now()
        return super()._schedule_retry(error)

    # ------------------------------------------------------------------ following updates

    def _try_later(self, error):
        res = super()._try_later(error)
        for report in self._followers():
            report.next_try_at = max(report.next_try_at or self.next_try_at, self.next_try_at)
        return res

    def _on_final_state(self):
        res = super()._on_final_state()
        if self.state == "rejected" and self.kind == "save":
            self._drop_hopeless()
        if self.state in ("rejected", "manual"):
            self._alert()
        elif self.state == "done":
            self._calm()
        if followers := self._followers():
            followers.write({"next_try_at": self._now()})
            self._wake_dispatcher()
        return res

    def _drop_hopeless(self):
        """Drop the status updates of a document that wasn't saved, since the assistant refuses them."""
        for report in self._followers():
            if report.kind == "save":
                break
            if report.kind == "status":
                report._set_state("withdrawn")
                report.error_message = self.env._("The assistant refused to save the document before.")

    def _overtake(self):
        """Drop these updates, replaced by a newer one; none of them can have been sent."""
        message = self.env._("Superseded by a newer update before it was sent.")
        self.write({**NO_ERROR, "state": "withdrawn", "next_try_at": False, "error_message": message})

    # ------------------------------------------------------------------ notifications

    def _alert(self):
        """Create, once, an activity about refused updates for the owner of the document."""
        document = self._document()
        note = as_html(self.error_message, self.error_fix, self.cloud_text)
        if known := self._alerts():
            known.write({"note": note})
        elif document:
            document.activity_schedule(ACTIVITY, summary=self._alert_title(), note=note, user_id=self.user_id.id)

    def _calm(self):
        """Close the activity when no update of the document is refused any more."""
        alerts = self._alerts()
        if alerts and not self._of_keys(self._key_list())._unmended():
            alerts.unlink()

    def _alerts(self):
        kind = self.env.ref(ACTIVITY)
        return self._document().activity_ids.filtered(
            lambda activity: activity.activity_type_id == kind and activity.summary == self._alert_title()
        )

    def _alert_title(self):
        return self.env._("The expense assistant refuses an update")

    # ------------------------------------------------------------------ content

    def _content(self, values, document, lines):
        """Return the ``DocumentReport`` of an update with ``values``."""
        kind, line = values["kind"], values["line"]
        company, more = self.env["res.company"].browse(values["company_id"]), {}
        if kind == "relate":
            # the line is sent even without tickets
            shown = line or self.env["fapiao.account"]._assistant_line(document)
            is_there = shown in dict(lines) or (lines and not line)
            more["lines"] = lines if is_there else (*lines, (shown, ()))
        elif kind == "save":
            more["lines"] = lines
            more["costs"] = tuple((line_id, *document._fapiao_update_cost(line_id)) for line_id, _serials in lines)
            more["cover_type"], raw = self._cover(document, values["document_name"])
            more["cover"] = base64.b64encode(raw).decode()
            more["cover_number"] = document.fapiao_cover_number or values["document_name"]
        elif kind == "status" and values["status"] in IN_USE:
            more["taken"] = tuple(document._fapiao_update_taken())
        return picking.DocumentReport(
            user=self.env["fapiao.account"]._assistant_key(self.env["res.users"].browse(values["user_id"])),
            key=values["keys"],
            number=values["document_name"],
            kind=values["bill_type"] or picking.EXPENSE,
            status=values["status"] or "",
            line=line or "",
            # what the company allows, the assistant refuses unless it is told with the call
            rules=company._fapiao_pick_rules(),
            company=company.name,
            **more,
        )

    @api.model
    def _cover(self, document, number):
        """Return kind and bytes of a document's cover: the scan a person attached, else a page with what it says."""
        if scan := document._fapiao_update_scan():
            return COVERS[scan.mimetype], scan.raw
        document = document.with_context(lang=document.company_id.partner_id.lang)
        return "pdf", cover_pdf(f"{document.company_id.name}  {number}", document._fapiao_update_cover_rows())

    # ------------------------------------------------------------------ status shown on the document

    def _describe_how_it_stands(self):
        """Return a line on the state of the document of these updates at the assistant, and its errors, or False."""
        living = self.filtered(lambda report: report.state != "withdrawn").sorted("id")
        done = living.filtered(lambda report: report.state == "done")
        waiting = living.filtered(lambda report: report.state in OPEN_STATES)
        wrong = living._unmended()
        parts = []
        if done:
            parts.append(self.env._("The assistant knows: %s", done[-1]._describe_what()))
        if waiting:
            parts.append(self.env._("Waiting: %s", ", ".join(one._describe_what() for one in waiting)))
        if wrong:
            parts.append(self.env._("Refused: %s", wrong[-1]._describe_what()))
        troubled = (wrong or waiting.filtered("error_message"))[-1:]
        return "; ".join(parts) or False, troubled._problem() or False

    def _problem(self):
        return " ".join(filter(None, [self.error_message, self.error_fix, self.cloud_text]))

    def _unmended(self):
        """Return the refused updates that no later one of the same kind has replaced."""
        mended, wrong = set(), self.browse()
        for report in self.sorted("id", reverse=True):
            if report.state == "done":
                mended.add(report.kind)
            elif report.state == "rejected" and report.kind not in mended and not report.is_told_anew:
                wrong |= report
        return wrong.sorted("id")

    # ------------------------------------------------------------------ relation

    @api.model
    def _relate(self, document, line=""):
        """Send the tickets of ``document`` (a saved expense or bill) now, in separate transactions. ``line``: key of
        the line that a page is opened for, which has to be there even without tickets.

        Raises UserError if that fails; then no page must be opened.
        """
        engine = Engine(self.env)
        ids = engine._step(lambda env: self.with_env(env)._queue_relation(document.with_env(env), line))
        until = click_end()
        for id_ in ids:
            self._attempt_until(until, [id_])
        if problem := engine._step(lambda env: self.with_env(env).browse(ids)._relation_problem()):
            raise UserError(problem)

    @api.model
    def _queue_relation(self, document, line=""):
        """Queue the relation of a document, and return the ids of all its open updates in order, due now."""
        key = self.env["fapiao.account"]._assistant_key(document)
        own = self._of_keys([key])
        values = self._base_values(key, document, own)
        if not values:
            company = document.company_id.display_name
            raise UserError(self.env._("%s has no account with an expense assistant.", company))
        own._unsent("relate")._overtake()
        chain = self._create_step(values, Step("relate", line=line), document)._open_chain()
        chain.write({"next_try_at": fields.Datetime.now()})
        return chain.ids

    def _relation_problem(self):
        """Return why the last of these updates, a relation, wasn't sent, or "". A late one is useless."""
        report = self[-1:]
        if report.state == "done":
            return ""
        first = self.filtered(lambda one: one.state != "done")[:1]
        report._unsent("relate")._overtake()
        said = self.env._("The expense assistant could not be updated about %s.", report.document_name)
        return f"{said} {first._problem()}".strip()

    # ------------------------------------------------------------------ planning
    # Missing updates, from the state of the documents and the updates made so far.

    @api.model
    def _plan_safely(self, expenses, moves, gone=()):
        """Plan as the last step of a user's transaction: an exception must not roll it back, and the sweep
        plans the same documents again.
        """
        try:
            with self.env.cr.savepoint():
                self._plan(expenses, moves, gone)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            _logger.exception("Fapiao: what is to be told to the expense assistant could not be planned")

    @api.model
    def _plan(self, expenses, moves, gone=()):
        """Queue the missing updates of these documents; ``gone``: pairs of model and id. No call is made here."""
        # sudo: updates are made for changes by all users, who needn't have access to accounts
        planner = self.sudo()
        Account = planner.env["fapiao.account"]
        if not Account.search([("assistant_url", "!=", False)]).filtered("has_assistant"):
            return
        # all expenses booked together have one voucher
        expenses, moves = expenses.sudo() | moves.sudo().expense_ids, moves.sudo()
        bills = moves.filtered(lambda move: move.move_type in BILLS and not move.expense_ids)
        documents = [one for one in (*expenses, *bills) if one.fapiao_match_ids or one.fapiao_update_ids]
        keys = {Account._assistant_name_of(model, id_): None for model, id_ in gone}
        keys.update({Account._assistant_key(document): document for document in documents})
        told = planner._of_keys(keys, COUNTS)
        planner._plan_vouchers_gone(told)
        for key, document in keys.items():
            planner._plan_steps(key, document, told)
        planner._plan_vouchers(documents, planner._of_keys(keys, COUNTS))

    def _plan_steps(self, key, document, told):
        own = told.filtered(lambda report: key in report.keys.split(","))
        if document is None:
            wanted = Wanted(is_gone=True)
        else:
            status, is_draft = document._fapiao_update_status()
            wanted = Wanted(status, document._fapiao_update_lines(), is_draft)
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
        """Return ``{id: its last update}`` of the vouchers the assistant has."""
        told = {}
        for report in reports:
            if report.kind == "voucher":
                told[report.voucher_uid] = report
            elif report.kind == "drop_voucher":
                told.pop(report.voucher_uid, None)
        return told

    def _plan_vouchers_gone(self, reports):
        """Take back the vouchers whose entry is not valid any more, or has changed."""
        for report in self._vouchers_told(reports).values():
            if report._still_stands():
                continue
            if unsent := report._unsent("voucher"):
                unsent._overtake()
                continue
            values = report._values_of(*REPEATED, "keys", "expense_id", "move_id", "voucher_uid", "voucher_number")
            voucher = picking.VoucherReport(id=report.voucher_uid, number=report.voucher_number)
            self._queue({**values, "kind": "drop_voucher"}, voucher)

    def _still_stands(self):
        """Return whether the entry of this voucher has the content of the update."""
        move = self.move_id
        if not (move._fapiao_update_move() and move._fapiao_update_documents()):
            return False
        return move._fapiao_update_hash(move._fapiao_update_voucher()) == self.voucher_hash

    def _plan_vouchers(self, documents, reports):
        told = self._vouchers_told(reports)
        moves = self.env["account.move"].union(*(document._fapiao_update_move() for document in documents))
        for move in moves:
            account = self.env["fapiao.account"]._assistant_of(move.company_id)
            first = move._fapiao_update_documents()[:1]
            if not account or not first:
                continue
            voucher = move._fapiao_update_voucher()
            if voucher.id in told:
                continue
            self._queue(
                {
                    "account_id": account.id,
                    "company_id": move.company_id.id,
                    "kind": "voucher",
                    "keys": ",".join(voucher.keys),
                    "document_name": move.name,
                    "expense_id": first.id if first._name == "hr.expense" else False,
                    "move_id": move.id,
                    "user_id": first._fapiao_update_owner().id or self.env.uid,
                    "voucher_uid": voucher.id,
                    "voucher_number": voucher.number,
                    "voucher_hash": move._fapiao_update_hash(voucher),
                },
                voucher,
            )

    # ------------------------------------------------------------------ creation

    def _base_values(self, key, document, own):
        """Return what all updates of a document share (if deleted, of its last one), or None without assistant."""
        if document is None:
            return {**own[-1:]._values_of(*REPEATED), "keys": key}
        account = own[-1:].account_id
        if not account.has_assistant:
            account = account._assistant_of(document.company_id)
        if not account:
            return None
        is_expense = document._name == "hr.expense"
        visits = [("expense_ids" if is_expense else "move_id", "=", document.id)]
        visit = self.env["fapiao.pick"].search(visits, order="id desc", limit=1)
        kind = visit.kind or ("expense" if is_expense else picking.PURCHASE)
        return {
            "account_id": account.id,
            "company_id": document.company_id.id,
            "keys": key,
            "document_name": account._assistant_number(document),
            "expense_id": document.id if is_expense else False,
            "move_id": False if is_expense else document.id,
            "user_id": (visit.user_id or document._fapiao_update_owner()).id or self.env.uid,
            "bill_type": picking.EXPENSE if kind == "expense" else kind,
        }

    def _values_of(self, *names):
        """Return fields of this update as values of a further one."""
        return self._convert_to_write({name: self[name] for name in names})

    def _create_step(self, base, step, document):
        lines = document._fapiao_update_lines() if document is not None else ()
        values = {**base, "kind": step.kind, "status": step.status or False, "line": step.line}
        if step.kind in ("save", "relate"):
            values["relation"] = json.dumps(lines)
        return self._queue(values, self._content(values, document, lines))

    def _queue(self, values, content):
        account = self.env["fapiao.account"].browse(values["account_id"])._in_charge()
        if not account.active:
            return self.browse()  # archived without a successor: nothing is sent through it
        values = {**values, "account_id": account.id}
        report = self.create({**values, "operation": KINDS[values["kind"]][0]})
        report._identify()
        report._freeze(content)
        report._enqueue()
        return report

    # ------------------------------------------------------------------ reading updates

    def _as_told(self):
        self.ensure_one()
        lines = tuple((line, tuple(serials)) for line, serials in json.loads(self.relation or "[]"))
        return Report(self.kind, self.status or "", lines, self.line or "", self.state == "rejected")

    def _unsent(self, kind):
        """Return those of a kind that no cloud can have seen."""
        return self.filtered(lambda report: report.kind == kind and report.state == "queued" and not report.in_doubt)

    # ------------------------------------------------------------------ sweep

    @api.model
    def _reconcile(self, batch, go_on):
        res = super()._reconcile(batch, go_on)
        self._sweep()
        return res

    @api.model
    def _sweep(self):
        """Plan for documents changed recently without a hook, such as by the search in SQL."""
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
