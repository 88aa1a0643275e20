"""Dialog ``fapiao.issue``: problems of invoices before issuing, and preview of split or merged invoices."""

from dataclasses import replace

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..models.cloud import gate
from ..models.issuing import fapiao_twins
from ..models.issuing.builder import Builder, on_sheets

TAKEN = ("pending", "issued")
FIGURES = ("documents", "line_count", "amount_untaxed", "amount_tax", "amount_total")


class FapiaoIssue(models.TransientModel):
    _name = "fapiao.issue"
    _inherit = ["fapiao.guard.mixin", "fapiao.wishes.mixin"]
    _description = "Issue Fapiao"
    # The invoices and their problems are set by the dialog, not by the user.
    _fapiao_inputs = frozenset({"twin_ids"})

    move_ids = fields.Many2many("account.move", string="Invoices", required=True)
    problem_ids = fields.One2many("fapiao.issue.problem", "issue_id", "Problems", readonly=True)
    twin_ids = fields.One2many("fapiao.issue.twin", "issue_id", "Invoices That Look Alike")
    is_single = fields.Boolean(compute="_compute_is_single")
    ready_count = fields.Integer(
        readonly=True, help="Number of invoices that can be issued, without possible duplicates."
    )
    issue_count = fields.Integer(compute="_compute_words")
    going_count = fields.Integer(readonly=True)
    summary = fields.Char(compute="_compute_words")
    issue_label = fields.Char(compute="_compute_words")
    is_merged = fields.Boolean("Merged into One Fapiao", readonly=True)
    can_merge = fields.Boolean(compute="_compute_can_merge")
    preview_ids = fields.One2many("fapiao.issue.preview", "issue_id", "Fapiao To Be Issued", readonly=True)
    fapiao_count = fields.Integer(readonly=True)

    # ------------------------------------------------------------------ computes

    @api.depends("move_ids.fapiao_form")
    def _compute_needs_sheet(self):
        for issue in self:
            issue.needs_sheet = any(issue._has_sheets(move.fapiao_form) for move in issue.move_ids)

    @api.depends("move_ids")
    def _compute_is_single(self):
        for issue in self:
            issue.is_single = len(issue.move_ids) == 1

    @api.depends("move_ids")
    def _compute_can_merge(self):
        """Offered if the invoices look mergeable; problems are shown when it is selected."""
        for issue in self:
            free = issue._free(issue.move_ids)
            issue.can_merge = len(free) > 1 and len(free.commercial_partner_id) == len(free.company_id) == 1

    @api.depends(
        "ready_count",
        "going_count",
        "move_ids",
        "problem_ids",
        "twin_ids.is_chosen",
        "is_merged",
        "fapiao_count",
    )
    def _compute_words(self):
        for issue in self:
            issue.issue_count = issue.ready_count + len(issue.twin_ids.filtered("is_chosen"))
            issue.summary = issue._describe_summary()
            issue.issue_label = issue._describe_label()

    def _describe_label(self):
        if self.is_merged or (self.is_single and self.fapiao_count > 1):
            is_one = self.fapiao_count == 1
            return self.env._("Issue One Fapiao") if is_one else self.env._("Issue %s Fapiao", self.fapiao_count)
        if not self.is_single and self.issue_count == 1:
            return self.env._("Issue the One That Is Ready")
        if not self.is_single:
            return self.env._("Issue the %s That Are Ready", self.issue_count)
        return self.env._("Issue Anyway") if self.problem_ids else self.env._("Issue")

    def _describe_summary(self):
        if said := self._describe_summary_of_preview():
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
        said = self.env._("Ready to issue: %(ready)s of %(total)s invoices.", ready=self.issue_count, total=total)
        if left := len(self.twin_ids) - len(self.twin_ids.filtered("is_chosen")):
            said += " " + self.env._("Left out because they look like another invoice: %s.", left)
        if self.going_count:
            said += " " + self.env._("Those with a fapiao or a request on its way: %s.", self.going_count)
        return said

    def _describe_summary_of_preview(self):
        """Return the summary of one split invoice or several merged ones, or ""."""
        values = {"invoices": len(self._free(self.move_ids)), "fapiao": self.fapiao_count}
        if self.is_merged and not self.fapiao_count:
            return self.env._("These invoices can't share a fapiao.")
        if self.is_merged and self.fapiao_count == 1:
            return self.env._("%(invoices)s invoices become one fapiao.", **values)
        if self.is_merged:
            return self.env._(
                "%(invoices)s invoices are more than one fapiao may carry: they become %(fapiao)s.", **values
            )
        if self.is_single and self.fapiao_count > 1:
            return self.env._("This invoice can't stand on one fapiao: it is split into %(fapiao)s.", **values)
        return ""

    # ------------------------------------------------------------------ opening

    @api.model
    def _open(self, moves, **values):
        """Return the dialog for ``moves`` with what is in the way of their fapiao."""
        gate.check(moves, gate.ISSUER, "write")
        # sudo: what a dialog is about is set by this flow alone
        wishes = self._wishes_values(moves.fapiao_account_used_id)
        issue = self.sudo().create({"move_ids": moves.ids, **wishes, **values}).sudo(self.env.su)
        issue._check()
        return issue._show()

    # ------------------------------------------------------------------ actions

    def action_check(self):
        """Check again after a fix."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        gate.check_documents(self, "move_ids")
        self._check()
        return self._show()

    def action_merge(self):
        """Merge all invoices on one fapiao, or separate them again, and check them."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        self.sudo().is_merged = not self.is_merged  # sudo: as in _open
        return self.action_check()

    def action_issue(self):
        """Issue the valid fapiao, accepting their warnings, and show their progress.

        Everything is built again under the lock, since problems may have been fixed or added meanwhile.
        """
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        gate.check_documents(self, "move_ids", "write")
        self.move_ids._fapiao_check_issuer()
        moves = self.move_ids._fapiao_lock()
        ready = [built for built in self._build(moves) if built.is_ready]
        if self._has_new_twin(ready):
            return self.action_check()
        ready = self._chosen(ready)
        if not ready and self.twin_ids:
            raise UserError(self.env._("Choose the invoices to issue as well."))
        if not ready:
            raise UserError(self.env._("None of these invoices is ready. Fix the problems and check again."))
        if self._differs_from_preview(ready):
            return self.action_check()
        self.env["fapiao.accepted.warning"]._accept(self._shown(ready))
        return moves._fapiao_enqueue(on_sheets(ready, self._wishes().paper_number)).action_follow()

    # ------------------------------------------------------------------ helpers

    def _build(self, moves):
        """Return the ``Built`` of those of ``moves`` without a fapiao or an open request."""
        # in a fixed order, to compare the preview with what is issued
        builder, free = Builder(self.env, self._wishes()), self._free(moves).sorted("id")
        return builder._build_merged(free) if self.is_merged and len(free) > 1 else builder._build(free)

    def _wishes_account(self):
        return self.move_ids[:1]._fapiao_account()

    @api.model
    def _free(self, moves):
        return moves.filtered(lambda move: move.fapiao_state not in TAKEN)

    def _check(self):
        """Build all invoices and store their problems."""
        self.ensure_one()
        all_built = self._build(self.move_ids)
        ready = self._chosen([built for built in all_built if built.is_ready])
        sure = fapiao_twins.without(ready) if self._asks_for_twins() else ready
        values = {
            "ready_count": len(self.env["account.move"].union(*(built.moves for built in sure))),
            "going_count": len(self.move_ids - self._free(self.move_ids)),
            **self._preview_values(ready),
            "twin_ids": self._twin_values(all_built),
            "problem_ids": [
                Command.clear(),
                *(Command.create(values) for built in all_built for values in self._problem_values(built)),
            ],
        }
        self.sudo().write(values)  # sudo: as in _open

    def _problem_values(self, built):
        """Return create values for the problems of one ``Built``."""
        problems = [
            problem
            for problem in built.problems
            # similar invoices are selected one by one
            if not (problem.code == fapiao_twins.CODE and self._asks_for_twins())
        ]
        return self.env["fapiao.issue.problem"]._prepare_problem_values(
            problems, lambda problem: self._invoice_with(built, problem)
        )

    # ------------------------------------------------------------------ preview

    def _preview_values(self, ready):
        """Return write values that show the ``Built`` in ``ready``, if they differ from the invoices."""
        shown = self._figures(ready) if self._wants_preview(ready) else []
        return {
            "fapiao_count": len(ready),
            "preview_ids": [
                Command.clear(),
                *(Command.create({**values, "sequence": sequence}) for sequence, values in enumerate(shown, start=1)),
            ],
        }

    def _wants_preview(self, ready):
        return self.is_merged or len(ready) > len({built.moves for built in ready})

    def _differs_from_preview(self, ready):
        """Return whether the fapiao to issue differ from the preview."""
        shown = [tuple(row[name] for name in FIGURES) for row in self.preview_ids]
        if not self._wants_preview(ready):
            return bool(shown)
        return shown != [tuple(values[name] for name in FIGURES) for values in self._figures(ready)]

    @api.model
    def _figures(self, ready):
        return [
            {
                "currency_id": built.moves.company_id.currency_id.id,
                "documents": ", ".join(built.documents.mapped("name")),
                "line_count": len(built.draft.lines),
                "amount_untaxed": float(built.draft.amount),
                "amount_tax": float(built.draft.tax),
                "amount_total": float(built.draft.total),
            }
            for built in ready
        ]

    # ------------------------------------------------------------------ similar invoices

    def _asks_for_twins(self):
        """Return whether similar invoices are selected one by one. For a single invoice, or a merged fapiao,
        similarity is a warning beside the others.
        """
        return not (self.is_single or self.is_merged)

    def _chosen(self, ready):
        """Return those of ``ready`` to issue, without similar invoices that were not selected."""
        if not self._asks_for_twins():
            return ready
        chosen, sure = self.twin_ids.filtered("is_chosen").move_id, fapiao_twins.without(ready)
        return [built for built in ready if built in sure or built.moves <= chosen]

    def _twin_values(self, all_built):
        """Return commands for the invoices to select; the selection is kept."""
        chosen = self.twin_ids.filtered("is_chosen").move_id
        asked = all_built if self._asks_for_twins() else []
        return [
            Command.clear(),
            *(
                Command.create(
                    {
                        "move_id": built.moves.id,
                        "message": built.moves._fapiao_describe(twin),
                        "is_chosen": built.moves <= chosen,
                    }
                )
                for built in asked
                if built.is_ready and (twin := fapiao_twins.warning(built))
            ),
        ]

    def _has_new_twin(self, ready):
        """Return whether one of ``ready`` is similar to another invoice that the dialog hasn't shown."""
        shown = {*self.problem_ids.mapped("message"), *self.twin_ids.mapped("message")}
        return any(
            not any(built.moves[:1]._fapiao_describe(replace(twin, fix="")) in text for text in shown)
            for built in ready
            if (twin := fapiao_twins.warning(built))
        )

    def _shown(self, ready):
        """Return ``ready`` with those problems alone that the dialog has shown."""
        shown = {(problem.code, problem.message) for problem in self.problem_ids}
        return [
            replace(
                built,
                problems=[
                    problem
                    for problem in built.problems
                    if (problem.code, built.moves[:1]._fapiao_describe(replace(problem, fix=""))) in shown
                ],
            )
            for built in ready
        ]

    @api.model
    def _invoice_with(self, built, problem):
        """Return the invoice concerned by ``problem``; the first, if all are."""
        if len(built.moves) == 1:
            return built.moves
        found = built.moves.filtered(lambda move: problem.line in {str(id_) for id_ in move.line_ids.ids})
        return (found or built.moves)[:1]

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


class FapiaoIssuePreview(models.TransientModel):
    _name = "fapiao.issue.preview"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Issue Fapiao: What It Becomes"
    _order = "sequence, id"
    _rec_name = "documents"

    issue_id = fields.Many2one("fapiao.issue", required=True, ondelete="cascade")
    sequence = fields.Integer("No.")
    documents = fields.Char()
    line_count = fields.Integer("Number of Lines")
    currency_id = fields.Many2one("res.currency")
    amount_untaxed = fields.Monetary("Untaxed")
    amount_tax = fields.Monetary("Tax")
    amount_total = fields.Monetary("Total")


class FapiaoIssueTwin(models.TransientModel):
    _name = "fapiao.issue.twin"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Issue Fapiao: Invoice That Looks Like Another"
    _order = "id"
    _rec_name = "message"
    _fapiao_inputs = frozenset({"is_chosen"})

    issue_id = fields.Many2one("fapiao.issue", required=True, ondelete="cascade")
    move_id = fields.Many2one("account.move", "Invoice", required=True, readonly=True, ondelete="cascade")
    message = fields.Text("Looks Like Another", readonly=True)
    is_chosen = fields.Boolean("Issue as Well")


class FapiaoIssueProblem(models.TransientModel):
    _name = "fapiao.issue.problem"
    _inherit = ["fapiao.guard.mixin", "fapiao.problem.mixin"]
    _description = "Issue Fapiao: Problem"

    issue_id = fields.Many2one("fapiao.issue", required=True, ondelete="cascade")
    move_id = fields.Many2one("account.move", "Invoice", required=True, ondelete="cascade")

    def _document(self):
        return self.move_id

    @api.model
    def _prepare_values(self, document, problem, is_stopping):
        return {**super()._prepare_values(document, problem, is_stopping), "move_id": document.id}
