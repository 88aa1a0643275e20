"""What people do, one click each: in a transaction of its own, with what follows the commit.

Each returns ``(answer, words)``, see ``Stage.act``; a step that the product refuses with words is a good end.
"""

from odoo import Command
from odoo.addons.l10n_cn_invoice_cloud.sandbox import defaults

SECRETS = {
    "password": defaults.PASSWORD,
    "tax_password": defaults.TAX_PASSWORD,
    "app_secret": defaults.KINGDEE_APP_SECRET,
}
# What is entered again is what was there, so that core needn't work out taxes and due dates anew: that takes it
# longer than all the rest of a history.
UNCHANGED = {"skip_invoice_sync": True, "check_move_validity": False, "tracking_disable": True}


class People:
    def __init__(self, stage):
        self.stage = stage

    def _click(self, move_id, work, user="issuer"):
        return self.stage.act(user, lambda env: work(env["account.move"].browse(move_id).exists()))

    def _continue(self, done, button, user="issuer"):
        """Click ``button`` in the dialog that a click has opened, if it has opened one."""
        action, words = done
        if not isinstance(action, dict) or action.get("type") != "ir.actions.act_window":
            return done
        if action["res_model"] not in ("fapiao.issue", "fapiao.red.flush"):
            return done
        return self.stage.act(user, lambda env: getattr(env[action["res_model"]].browse(action["res_id"]), button)())

    # ------------------------------------------------------------------ fapiao

    def issue(self, *move_ids):
        done = self._click(move_ids, lambda moves: moves.action_fapiao_issue())
        return self._continue(done, "action_issue")

    def issue_twice(self, move_id):
        """Click twice at the same moment: the second click is through while the first still works on what it
        has seen before, so that it collides and is repeated."""
        runs = []

        def work(move):
            move.read(["state"])  # takes the snapshot
            runs.append(move)
            if len(runs) == 1:
                self.issue(move_id)
            return move.action_fapiao_issue()

        return self._continue(self._click(move_id, work), "action_issue")

    def merge(self, *move_ids):
        done = self._click(move_ids, lambda moves: moves.action_fapiao_merge())
        return self._continue(done, "action_issue")

    def withdraw(self, move_id):
        return self._click(move_id, lambda move: move.action_fapiao_withdraw())

    def refresh(self, move_id):
        return self._click(move_id, lambda move: move.action_fapiao_refresh())

    def reverse(self, move_id, credit):
        """Red-flush from the invoice or credit note and confirm the dialog."""
        done = self._click(move_id, lambda move: move.action_fapiao_red())
        action, words = done
        if words or action.get("res_model") != "fapiao.red.flush":
            return done

        def confirm(env):
            flush = env["fapiao.red.flush"].browse(action["res_id"])
            if flush.legal_reasons:
                flush.reason = flush.legal_reasons.split(",")[0]
            flush.make_credit_note = credit and flush.can_make_credit_note
            return flush.action_apply()

        return self.stage.act("issuer", confirm)

    def retry(self, request_id):
        return self.stage.act("issuer", lambda env: env["fapiao.request"].browse(request_id).action_retry())

    def decide(self, request_id, button):
        return self.stage.act("manager", lambda env: getattr(env["fapiao.request"].browse(request_id), button)())

    def decide_form(self, form_id, button):
        return self.stage.act("manager", lambda env: getattr(env["fapiao.red.form"].browse(form_id), button)())

    # ------------------------------------------------------------------ the books

    def post(self, move_id):
        return self._click(move_id, lambda move: move.with_context(**UNCHANGED).action_post())

    def reset(self, move_id):
        return self._click(move_id, lambda move: move.with_context(**UNCHANGED).button_draft())

    def cancel(self, move_id):
        return self._click(move_id, lambda move: move.with_context(**UNCHANGED).button_cancel())

    def reenter(self, move_id, factor=1):
        """Delete the lines of a draft and enter them again, at ``factor`` times their price."""

        def work(move):
            if factor == 1:
                move = move.with_context(**UNCHANGED)
            lines = move.invoice_line_ids
            rows = [{**line.copy_data()[0], "price_unit": line.price_unit * factor} for line in lines]
            move.write({"line_ids": [Command.delete(line.id) for line in lines]})
            move.write({"invoice_line_ids": [Command.create(row) for row in rows]})

        return self._click(move_id, work)

    def tamper(self, move_id):
        """A clerk clears the links of an invoice as RPC allows it."""
        cleared = {name: [Command.clear()] for name in ("fapiao_ids", "fapiao_request_ids")}
        return self._click(move_id, lambda move: move.write(cleared), "clerk")

    # ------------------------------------------------------------------ the account

    def log_in(self, account_id):
        return self.stage.act("issuer", lambda env: env["fapiao.account"].browse(account_id).action_refresh_credit())

    def edit_account(self, account_id, values):
        done = self.stage.act("manager", lambda env: env["fapiao.account"].browse(account_id).write(values))
        if "base_url" in values:
            self._enter_secrets()
        return done

    def archive_anyway(self, account_id, values):
        """Archive an account although something is open there, where the product asks what becomes of it."""
        return self._leave(account_id, "action_archive_anyway", "action_leave", {}, values)

    def replace_account(self, account_id, values):
        """Let another account take over."""
        done = self._leave(account_id, "action_replace", "action_replace", values, values)
        self._enter_secrets()
        return done

    def _leave(self, account_id, opens, button, entered, values):
        def ask(env):
            return getattr(env["fapiao.account"].browse(account_id), opens)()

        def confirm(env):
            dialogs = env[action["res_model"]].with_context(**action.get("context", {}))
            dialog = dialogs.browse(action["res_id"]) if action.get("res_id") else dialogs.create(entered)
            dialog.write(entered)
            return getattr(dialog, button)()

        if not hasattr(self.stage.registry["fapiao.account"], opens):
            return self.edit_account(account_id, values)
        action, words = self.stage.act("manager", ask)
        return (action, words) if words else self.stage.act("manager", confirm)

    def _enter_secrets(self):
        """The passwords don't go along to another server: an administrator enters them there."""
        return self.stage.act(
            None,
            lambda env: env["res.company"].browse(self.stage.company_id).fapiao_account_id.write(SECRETS),
        )
