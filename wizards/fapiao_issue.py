"""The dialog between the Issue button and the request, where something is wrong or worth a look: problems,
and what becomes of invoices that are split or merged (``fapiao_issue_preview``)."""

from dataclasses import replace

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..rules.problems import errors

TAKEN = ("pending", "issued")


class FapiaoIssue(models.TransientModel):
    _name = "fapiao.issue"
    _description = "Issue Fapiao"

    move_ids = fields.Many2many("account.move", string="Invoices", required=True)
    problem_ids = fields.One2many("fapiao.issue.problem", "issue_id", "Problems", readonly=True)
    is_single = fields.Boolean(compute="_compute_is_single")
    ready_count = fields.Integer(readonly=True, help="So many of the invoices can be issued.")
    going_count = fields.Integer(readonly=True)
    summary = fields.Char(compute="_compute_words")
    issue_label = fields.Char(compute="_compute_words")

    # ------------------------------------------------------------------ computes

    @api.depends("move_ids")
    def _compute_is_single(self):
        for issue in self:
            issue.is_single = len(issue.move_ids) == 1

    @api.depends("ready_count", "going_count", "move_ids", "problem_ids", "is_merged", "fapiao_count")
    def _compute_words(self):
        for issue in self:
            issue.summary = issue._say_summary()
            issue.issue_label = issue._say_label()

    def _say_label(self):
        if self.is_merged or (self.is_single and self.fapiao_count > 1):
            return self._say_label_of_fapiao()
        if not self.is_single and self.ready_count == 1:
            return self.env._("Issue the One That Is Ready")
        if not self.is_single:
            return self.env._("Issue the %s That Are Ready", self.ready_count)
        return self.env._("Issue Nevertheless") if self.problem_ids else self.env._("Issue")

    def _say_summary(self):
        if said := self._say_summary_of_preview():
            return said
        total = len(self.move_ids) - self.going_count
        if not total:
            return self.env._("All of these invoices have a fapiao or a request on its way.")
        if self.is_single:
            if not self.ready_count:
                return self.env._("This invoice can't be issued yet.")
            return (
                self.env._("This invoice can be issued, but look at the warnings first.")
                if self.problem_ids
                else self.env._("Nothing is wrong: this invoice can be issued.")
            )
        said = self.env._(
            "Ready to issue: %(ready)s of %(total)s invoices.", ready=self.ready_count, total=total
        )
        if self.going_count:
            said += " " + self.env._("Those with a fapiao or a request on its way: %s.", self.going_count)
        return said

    # ------------------------------------------------------------------ create

    @api.model_create_multi
    def create(self, vals_list):
        issues = super().create(vals_list)
        for issue in issues:
            issue._check()
        return issues

    # ------------------------------------------------------------------ actions

    def action_check(self):
        """Look again, after something was mended."""
        self.ensure_one()
        self._check()
        return self._show()

    def action_issue(self):
        """Issue what is ready, its warnings accepted, and show how it gets on.

        What was found before may be mended or broken since: all is built anew under the lock.
        """
        self.ensure_one()
        self.move_ids._fapiao_check_issuer()
        moves = self.move_ids._fapiao_lock()
        ready = [built for built in self._build(moves) if built.is_ready]
        if not ready:
            raise UserError(self.env._("None of these invoices is ready. Mend the problems and check again."))
        if self._differs_from_preview(ready):
            return self.action_check()
        return moves._fapiao_enqueue(ready).action_follow()

    # ------------------------------------------------------------------ private steps

    def _build(self, moves):
        """Return the ``Built`` of those of ``moves`` that lack a fapiao and have no request on its way."""
        # in an order of their own, so that what was shown can be compared with what is issued
        builder, free = self.env["fapiao.builder"], self._free(moves).sorted("id")
        return builder._build_merged(free) if self.is_merged and len(free) > 1 else builder._build(free)

    @api.model
    def _free(self, moves):
        return moves.filtered(lambda move: move.fapiao_state not in TAKEN)

    def _check(self):
        """Build all invoices and write down what is wrong with which."""
        self.ensure_one()
        all_built = self._build(self.move_ids)
        ready = [built for built in all_built if built.is_ready]
        self.write(
            {
                "ready_count": len(self.env["account.move"].union(*(built.moves for built in ready))),
                "going_count": len(self.move_ids - self._free(self.move_ids)),
                **self._preview_values(ready),
                "problem_ids": [
                    Command.clear(),
                    *(Command.create(values) for built in all_built for values in self._values_of(built)),
                ],
            }
        )

    def _values_of(self, built):
        """Return create values for the problems of one fapiao-to-be, what stops it first."""
        stopping = errors(built.problems)
        return [
            {
                **self._mend_values(move._fapiao_record_to_mend(problem)),
                "move_id": move.id,
                "code": problem.code,
                "severity": "error" if problem in stopping else "warning",
                "message": move._fapiao_say(replace(problem, fix="")),
                "fix": move._fapiao_say(replace(problem, message="")),
            }
            for problem in sorted(built.problems, key=lambda problem: problem not in stopping)
            for move in self._invoice_with(built, problem)
        ]

    @api.model
    def _invoice_with(self, built, problem):
        """Return that of the invoices that ``problem`` is about; the first, if it is about all of them."""
        if len(built.moves) == 1:
            return built.moves
        found = built.moves.filtered(lambda move: problem.line in {str(id_) for id_ in move.line_ids.ids})
        return (found or built.moves)[:1]

    @api.model
    def _mend_values(self, record):
        return {"mend_model": record._name, "mend_id": record.id, "mend_name": record.display_name}

    def _show(self):
        """Return the action that opens the dialog."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Issue Fapiao"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "large" if self.is_single and not self.preview_ids else "extra-large"},
        }


class FapiaoIssueProblem(models.TransientModel):
    _name = "fapiao.issue.problem"
    _inherit = ["fapiao.problem.mixin"]
    _description = "Issue Fapiao: Problem"

    issue_id = fields.Many2one("fapiao.issue", required=True, ondelete="cascade")
    move_id = fields.Many2one("account.move", "Invoice", required=True, ondelete="cascade")

    def action_open(self):
        """Open the record to mend."""
        self.ensure_one()
        return self.move_id._fapiao_mend(self._to_mend())
