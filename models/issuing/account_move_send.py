"""Model ``account.move.send``: request the fapiao by Send & Print, and attach the files of issued ones."""

from dataclasses import replace

from odoo import api, models

from ...rules.problems import errors
from . import fapiao_twins
from .builder import Builder

FAPIAO = "cn_fapiao"


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    # ------------------------------------------------------------------ options

    @api.model
    def _get_all_extra_edis(self) -> dict:
        return {
            **super()._get_all_extra_edis(),
            FAPIAO: {
                "label": self.env._("Fapiao (数电票)"),
                "is_applicable": self._fapiao_is_applicable,
                "help": self.env._("Request the fapiao, which is issued in the background after sending."),
            },
        }

    @api.model
    def _fapiao_is_applicable(self, move):
        """Offer the option for invoices with an account, to users who may issue."""
        return (
            move.fapiao_can_issue
            and move._fapiao_is_due()
            and bool(move._fapiao_account())
            and self.env.user.has_group("l10n_cn_invoice_cloud.group_fapiao_issuer")
        )

    # ------------------------------------------------------------------ alerts

    @api.model
    def _get_alerts(self, moves, moves_data):
        alerts = super()._get_alerts(moves, moves_data)
        ticked = moves.filtered(lambda move: FAPIAO in moves_data[move]["extra_edis"])
        mailed = moves.filtered(lambda move: "email" in moves_data[move]["sending_methods"])
        alerts.update(self._fapiao_problem_alerts(ticked, is_batch=len(moves) > 1))
        alerts.update(self._fapiao_mail_alerts(mailed, ticked))
        return alerts

    @api.model
    def _fapiao_problem_alerts(self, moves, is_batch):
        """Show what prevents the issue of a fapiao. In a batch it affects only its own invoice."""
        # fapiao issued since the dialog was opened are skipped
        all_built = Builder(self.env)._build(moves.filtered("fapiao_can_issue"))
        stopped = [built for built in all_built if not built.is_ready]
        alerts = self._fapiao_twin_alerts([built for built in all_built if built.is_ready])
        if not stopped:
            return alerts
        if is_batch:
            invoices = moves.browse(built.moves.id for built in stopped)
            count = len(invoices)
            return {
                **alerts,
                "fapiao_problems": {
                    "level": "warning",
                    "message": self.env._("%s invoices can't get a fapiao and will not be sent.", count),
                    "action_text": self.env._("View Invoice(s)"),
                    "action": invoices._get_records_action(name=self.env._("Invoices without a Fapiao")),
                },
            }
        move, problems = stopped[0].moves, errors(stopped[0].problems)
        return {
            f"fapiao_problem_{number}": {
                "level": "danger",
                "message": move._fapiao_describe(problem),
                "action_text": self.env._("Open"),
                "action": {**move._fapiao_mend(move._fapiao_record_to_mend(problem)), "target": "current"},
            }
            for number, problem in enumerate(problems)
        }

    @api.model
    def _fapiao_twin_alerts(self, all_built):
        """Show which fapiao are not requested because the invoice is similar to another."""
        twins = {built.moves: twin for built in all_built if (twin := fapiao_twins.warning(built))}
        if not twins:
            return {}
        held = self.env["account.move"].union(*twins)
        if len(held) == 1:
            said = held._fapiao_describe(replace(twins[held], fix=""))
            cure = self.env._("Its fapiao is not requested here: click Issue Fapiao on the invoice.")
            said = f"{said} {cure}"
        else:
            said = self.env._(
                "%s invoices look like another one. Their fapiao are not requested here: click Issue Fapiao"
                " on the invoices.",
                len(held),
            )
        return {
            "fapiao_twins": {
                "level": "warning",
                "message": said,
                "action_text": self.env._("View Invoice(s)"),
                "action": held._get_records_action(name=self.env._("Invoices That Look Alike")),
            }
        }

    @api.model
    def _fapiao_mail_alerts(self, mailed, ticked):
        """Show which mails are sent without fapiao files, and why."""
        alerts = {}
        if mailed & ticked:
            alerts["fapiao_after_mail"] = {
                "level": "info",
                "message": self.env._(
                    "The fapiao is issued after this mail, which will not carry it. To send both together,"
                    " issue the fapiao first."
                ),
            }
        under_way = (mailed - ticked).filtered(lambda move: move.fapiao_state == "pending")
        if under_way:
            alerts["fapiao_pending"] = {
                "level": "info",
                "message": self.env._("The fapiao is on its way; this mail will not carry it."),
                "action_text": self.env._("View Invoice(s)") if len(mailed) > 1 else False,
                "action": under_way._get_records_action() if len(mailed) > 1 else False,
            }
        without_files = mailed._fapiao_living().filtered(lambda fapiao: not fapiao.pdf_id)
        if without_files:
            alerts["fapiao_files_missing"] = {
                "level": "warning",
                "message": self.env._(
                    "The files of fapiao %s are not here yet; the mail will go out without them.",
                    ", ".join(without_files.mapped("number")),
                ),
                "action_text": self.env._("View Fapiao"),
                "action": without_files._get_records_action(),
            }
        return alerts

    # ------------------------------------------------------------------ sending

    @api.model
    def _get_invoice_extra_attachments(self, move):
        return super()._get_invoice_extra_attachments(move) | move._fapiao_files_to_send()

    @api.model
    def _call_web_service_after_invoice_pdf_render(self, invoices_data):
        """Queue the fapiao of ready invoices, last of all since queued ones will be issued. No call is made
        here: it would roll back with the sending.
        """
        super()._call_web_service_after_invoice_pdf_render(invoices_data)
        invoices = self.env["account.move"].browse(
            move.id
            for move, data in invoices_data.items()
            if FAPIAO in data["extra_edis"] and self._fapiao_author_may_issue(data)
        )
        if not invoices:
            return
        # skipped if another user has issued it meanwhile
        invoices = invoices._fapiao_lock().filtered("fapiao_can_issue")
        ready = []
        all_built = Builder(self.env)._build(invoices)
        sure = fapiao_twins.without(all_built)
        for built in all_built:
            move = built.moves
            if built.is_ready and built in sure:
                ready.append((invoices_data[move]["author_user_id"], built))
            elif built.is_ready:
                if twin := fapiao_twins.warning(built):
                    move._fapiao_tell_twin(twin)
            else:
                invoices_data[move]["error"] = {
                    "error_title": self.env._("The fapiao could not be requested."),
                    "errors": [move._fapiao_describe(problem) for problem in errors(built.problems)],
                }
        for author_id in {author_id for author_id, _built in ready}:
            self.env["account.move"].with_user(author_id)._fapiao_create(
                [built for built_author, built in ready if built_author == author_id]
            )

    @api.model
    def _fapiao_author_may_issue(self, data):
        """Return whether the user who started the batch may issue; the scheduler may do anything."""
        author = self.env["res.users"].browse(data["author_user_id"])
        return author.has_group("l10n_cn_invoice_cloud.group_fapiao_issuer")
