"""The dialog between the Issue button and the request, where something is wrong or worth a look."""

from dataclasses import replace

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..rules.problems import errors

TAKEN = ("pending", "partial", "issued")


class FapiaoIssue(models.TransientModel):
    _name = "fapiao.issue"
    _description = "Issue Fapiao"

    move_ids = fields.Many2many("account.move", string="Invoices", required=True)
    problem_ids = fields.One2many("fapiao.issue.problem", "issue_id", "Problems", readonly=True)
    is_single = fields.Boolean(compute="_compute_is_single")
    ready_count = fields.Integer(readonly=True)
    going_count = fields.Integer(readonly=True)
    summary = fields.Char(compute="_compute_words")
    issue_label = fields.Char(compute="_compute_words")

    # ------------------------------------------------------------------ computes

    @api.depends("move_ids")
    def _compute_is_single(self):
        for issue in self:
            issue.is_single = len(issue.move_ids) == 1

    @api.depends("ready_count", "going_count", "move_ids", "problem_ids")
    def _compute_words(self):
        for issue in self:
            issue.summary = issue._say_summary()
            if not issue.is_single and issue.ready_count == 1:
                issue.issue_label = self.env._("Issue the One That Is Ready")
            elif not issue.is_single:
                issue.issue_label = self.env._("Issue the %s That Are Ready", issue.ready_count)
            elif issue.problem_ids:
                issue.issue_label = self.env._("Issue Nevertheless")
            else:
                issue.issue_label = self.env._("Issue")

    def _say_summary(self):
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
        return moves._fapiao_enqueue(ready).action_follow()

    # ------------------------------------------------------------------ private steps

    @api.model
    def _build(self, moves):
        """Return a ``Built`` for each of ``moves`` that has neither a fapiao nor a request on its way."""
        return self.env["fapiao.builder"]._build(moves.filtered(lambda move: move.fapiao_state not in TAKEN))

    def _check(self):
        """Build all invoices and write down what is wrong with which."""
        self.ensure_one()
        all_built = self._build(self.move_ids)
        self.write(
            {
                "ready_count": sum(built.is_ready for built in all_built),
                "going_count": len(self.move_ids) - len(all_built),
                "problem_ids": [
                    Command.clear(),
                    *(Command.create(values) for built in all_built for values in self._values_of(built)),
                ],
            }
        )

    def _values_of(self, built):
        """Return create values for the problems of one invoice, what stops it first."""
        move, stopping = built.moves, errors(built.problems)
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
        ]

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
            "context": {"dialog_size": "large" if self.is_single else "extra-large"},
        }


class FapiaoIssueProblem(models.TransientModel):
    _name = "fapiao.issue.problem"
    _description = "Issue Fapiao: Problem"
    _order = "id"
    _rec_name = "message"

    issue_id = fields.Many2one("fapiao.issue", required=True, ondelete="cascade")
    move_id = fields.Many2one("account.move", "Invoice", required=True, ondelete="cascade")
    code = fields.Char()
    severity = fields.Selection([("error", "Error"), ("warning", "Warning")], required=True)
    message = fields.Text("Problem")
    fix = fields.Text("What To Do")
    mend_model = fields.Char()
    mend_id = fields.Many2oneReference("To Mend", model_field="mend_model")
    mend_name = fields.Char("Where")

    def action_open(self):
        """Open the record to mend."""
        self.ensure_one()
        return self.move_id._fapiao_mend(self.env[self.mend_model].browse(self.mend_id))
