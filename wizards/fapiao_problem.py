"""Mixin ``fapiao.problem.mixin``: a problem listed in a dialog, with its cure and the record to fix."""

from dataclasses import replace

from odoo import api, fields, models

from ..models.cloud import gate
from ..rules.problems import errors


class FapiaoProblemMixin(models.AbstractModel):
    _name = "fapiao.problem.mixin"
    _description = "Problem before a fapiao is requested"
    _order = "id"
    _rec_name = "message"

    code = fields.Char()
    severity = fields.Selection([("error", "Error"), ("warning", "Warning")], required=True)
    message = fields.Text("Problem")
    fix = fields.Text("What To Do")
    mend_model = fields.Char()
    mend_id = fields.Many2oneReference("To Fix", model_field="mend_model")
    mend_name = fields.Char("Where")

    # ------------------------------------------------------------------ actions

    def action_open(self):
        """Open the record to fix."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        document = self._document()
        document.check_access("read")
        return document._fapiao_mend(self._to_mend())

    # ------------------------------------------------------------------ private steps

    def _document(self):
        """Return the invoice or order that the problem is shown at."""
        raise NotImplementedError

    def _to_mend(self):
        """Return the record to fix."""
        self.ensure_one()
        return self.env[self.mend_model].browse(self.mend_id)

    @api.model
    def _prepare_problem_values(self, problems, documents_of):
        """Return create values for ``problems``, what stops the request first; ``documents_of(problem)`` returns
        the invoices or orders to show it at."""
        stopping = errors(problems)
        return [
            self._prepare_values(document, problem, problem in stopping)
            for problem in sorted(problems, key=lambda problem: problem not in stopping)
            for document in documents_of(problem)
        ]

    @api.model
    def _prepare_values(self, document, problem, is_stopping):
        record = document._fapiao_record_to_mend(problem)
        return {
            "code": problem.code,
            "severity": "error" if is_stopping else "warning",
            "message": document._fapiao_describe(replace(problem, fix="")),
            "fix": document._fapiao_describe(replace(problem, message="")),
            "mend_model": record._name,
            "mend_id": record.id,
            "mend_name": record.display_name,
        }
