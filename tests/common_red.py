"""What all tests of reversals share: an issued invoice, and hands on both sides of the red form."""

from datetime import timedelta

from odoo import Command, fields

from .common import FapiaoCommon


class RedCommon(FapiaoCommon):
    def issued_invoice(self, lines=None, **values):
        """Return an invoice whose fapiao is issued."""
        invoice = self.create_invoice(lines, **values)
        self.issue(invoice)
        problems = self.env["fapiao.issue.problem"].search([("move_id", "=", invoice.id)]).mapped("message")
        self.assertEqual(invoice.fapiao_state, "issued", invoice.fapiao_message or problems)
        return invoice

    def open_flush(self, document, user=None):
        """Click *Red-flush* on an invoice, a credit note, a bill or a fapiao; return the dialog."""
        with self.engine():
            button = "action_red" if document._name == "fapiao" else "action_fapiao_red"
            action = getattr(document.with_user(user or self.env.user), button)()
        self.assertEqual(action["res_model"], "fapiao.red.flush")
        return self.env["fapiao.red.flush"].browse(action["res_id"])

    def apply(self, flush, **values):
        """Fill in the dialog, click *Reverse*, and return the red form."""
        flush.write(values)
        with self.engine():
            action = flush.action_apply()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return self.env["fapiao.red.form"].browse(action["params"]["request_ids"])

    def flush(self, document, **values):
        """Reverse from a document: dialog and click."""
        return self.apply(self.open_flush(document), **values)

    def credit(self, invoice, post=True, lines=None):
        """Return a credit note of ``invoice`` as core makes it. ``lines`` maps the place of a line to what is
        written on it; lines that aren't named are left out."""
        note = invoice._reverse_moves([{"invoice_date": fields.Date.today()}])
        if lines is not None:
            note.invoice_line_ids = [
                Command.update(line.id, lines[place]) if place in lines else Command.delete(line.id)
                for place, line in enumerate(note.invoice_line_ids)
            ]
        if post:
            self.post(note)
        return note

    def post(self, note):
        """Post as a person does, and let what is enqueued by it be safe; return the button's answer."""
        with self.engine():
            action = note.action_post()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return action

    def use(self, fapiao):
        """Let the buyer have booked the fapiao: from now on a reversal needs confirming."""
        self.world.set_use(fapiao.number, booked="01")

    def act(self, form, action):
        """Let the people at the bureau confirm, refuse, withdraw or spoil a form, and look at it."""
        self.world.act_red_form(form.number, action)
        self.look(form)

    def look(self, form):
        """Let the time of the next look come."""
        form.sudo().next_try_at = fields.Datetime.now() - timedelta(seconds=1)
        self.run_cron("_cron_reconcile", "_cron_dispatch")

    def age(self, form, **time):
        """Let the form be older than it is."""
        past = timedelta(**time)
        form.sudo().write({"applied_at": form.applied_at - past, "deadline": form.deadline - past})

    def reds_of(self, fapiao):
        """Return the red fapiao the bureau has issued against ``fapiao``."""
        return [item for item in self.world.fapiao.values() if item.original == fapiao.number]

    def assert_reversed_once(self, fapiao):
        """The bureau issued exactly one red fapiao for ``fapiao``, and Odoo has exactly that one."""
        reds = self.reds_of(fapiao)
        self.assertEqual(len(reds), 1, "the bureau must have issued exactly one red fapiao")
        self.assertEqual(fapiao.red_ids.mapped("number"), [reds[0].number])
        self.assertEqual(fapiao.status, "red")
        red = fapiao.red_ids
        self.assertEqual((red.color, red.original_id, red.amount_total), ("red", fapiao, -fapiao.amount_total))
        return red

    @staticmethod
    def product_line(**values):
        return [Command.create(values)]
