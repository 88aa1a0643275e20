"""What a report says, how it stands with a document, and the relation that is told before a page opens."""

import base64
import functools

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..clouds import picking
from .fapiao_outbound import OPEN_STATES
from .fapiao_outbound_run import click_end
from .fapiao_report_cover import cover_pdf
from .fapiao_report_steps import IN_USE, Step


class FapiaoReport(models.Model):
    _inherit = "fapiao.report"

    # ------------------------------------------------------------------ what is said

    def _content(self, values, document, lines):
        """Return the ``DocumentReport`` of a report with ``values``."""
        kind, line = values["kind"], values["line"]
        more = {}
        if kind == "relate":
            # the line is told even while nothing lies on it
            more["lines"] = lines or ((self.env["fapiao.account"]._assistant_line(document), ()),)
        elif kind == "save":
            more["lines"] = lines
            more["costs"] = tuple((line_id, *document._fapiao_report_cost()) for line_id, _serials in lines)
            more.update(self._cover(document, values["document_name"]))
        elif kind == "status" and values["status"] in IN_USE:
            more["taken"] = tuple(document._fapiao_report_taken())
        return picking.DocumentReport(
            user=self.env["fapiao.account"]._assistant_user(self.env["res.users"].browse(values["user_id"])),
            key=values["keys"],
            number=values["document_name"],
            kind=values["bill_type"] or picking.EXPENSE,
            status=values["status"] or "",
            line=line or "",
            **more,
        )

    def _cover(self, document, number):
        document = document.with_context(lang=document.company_id.partner_id.lang)
        title = f"{document.company_id.name}  {number}"
        pdf = cover_pdf(title, document._fapiao_report_cover_rows())
        return {"cover": base64.b64encode(pdf).decode(), "cover_type": "pdf", "cover_number": number}

    # ------------------------------------------------------------------ how it stands

    def _say_how_it_stands(self):
        """Return a line on what the assistant knows of the one document these reports are about, and what is
        wrong; False for nothing."""
        living = self.filtered(lambda report: report.state != "withdrawn").sorted("id")
        done = living.filtered(lambda report: report.state == "issued")
        waiting = living.filtered(lambda report: report.state in OPEN_STATES)
        wrong = self._unmended(living)
        parts = []
        if done:
            parts.append(self.env._("The assistant knows: %s", done[-1]._say_what()))
        if waiting:
            parts.append(self.env._("Waiting: %s", ", ".join(one._say_what() for one in waiting)))
        if wrong:
            parts.append(self.env._("Refused: %s", wrong[-1]._say_what()))
        troubled = (wrong or waiting.filtered("error_message"))[-1:]
        problem = " ".join(filter(None, [troubled.error_message, troubled.error_fix, troubled.cloud_text]))
        return "; ".join(parts) or False, problem or False

    @api.model
    def _unmended(self, reports):
        """Return the refused among ``reports`` that no later report of the same kind has made good."""
        mended, wrong = set(), self.browse()
        for report in reports.sorted("id", reverse=True):
            if report.state == "issued":
                mended.add(report.kind)
            elif report.state == "rejected" and report.kind not in mended and not report.is_told_anew:
                wrong |= report
        return wrong.sorted("id")

    # ------------------------------------------------------------------ before a page opens

    @api.model
    def _relate(self, document):
        """Tell now which tickets lie on ``document`` (a saved expense or bill), in transactions of our own.

        Raises UserError where the assistant couldn't be told: no page is to open then.
        """
        engine = self.env["fapiao.engine"]
        ids = engine._step(functools.partial(queue_relation, document._name, document.id))
        until = click_end()
        for id_ in ids:
            self._attempt([id_], until)
        problem = engine._step(functools.partial(relation_problem, ids))
        if problem:
            raise UserError(problem)


def queue_relation(model, id_, env):
    """Queue the relation of a document, and return the ids of all its open reports in order, due now."""
    Report, document = env["fapiao.report"], env[model].browse(id_)
    key = env["fapiao.account"]._assistant_key(document)
    values = Report._base_values(key, document, Report._of_keys([key]))
    if not values:
        raise UserError(
            env._("%s has no account with an expense assistant.", document.company_id.display_name)
        )
    Report._of_keys([key])._unsent("relate")._overtake()
    chain = Report._create_step(values, Step("relate"), document)._open_chain()
    chain.write({"next_try_at": fields.Datetime.now()})
    return chain.ids


def relation_problem(ids, env):
    """Return why the last of these reports, a relation, wasn't told, or "". A late one is of no use."""
    report = env["fapiao.report"].browse(ids[-1:])
    if report.state == "issued":
        return ""
    first = env["fapiao.report"].browse(ids).filtered(lambda one: one.state != "issued")[:1]
    report._unsent("relate")._overtake()
    return " ".join(
        filter(
            None,
            [
                env._("The expense assistant could not be told of %s.", report.document_name),
                first.error_message,
                first.error_fix,
                first.cloud_text,
            ],
        )
    )
