"""Listening for what a person did in the assistant's page.

keep      the message is written down and committed, once per id
fetch     what its tickets say is asked for, with their files; no transaction is open
apply     the document takes them, in one transaction
receipt   only then is the message acknowledged; one that comes again has no second effect
"""

import logging
from datetime import timedelta
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..clouds.base import ASSISTANT_PART, RECEIPT
from ..clouds.canonical import fingerprint
from ..clouds.errors import CloudError
from .fapiao_files import fetch
from .fapiao_pick import LISTEN_HOURS

_logger = logging.getLogger(__name__)

WAIT = 10  # seconds a poll of the dialog lasts at most
GLIMPSE = 1  # seconds a poll of the scheduled run lasts
MOST_AT_ONCE = 20  # messages worked off in one go
BATCH = 20
LONGEST_PAUSE = timedelta(hours=1)


class FapiaoPick(models.Model):
    _inherit = "fapiao.pick"

    # ------------------------------------------------------------------ entrances

    @api.model
    def _listen(self, pick_id, wait=WAIT):
        """Wait at most ``wait`` seconds for a message of a visit and work off all that are there; return how
        many came. Raises ``CloudError`` where the assistant can't be asked."""
        engine, count = self.env["fapiao.engine"], 0
        while count < MOST_AT_ONCE:
            listening = engine._step(lambda env: env["fapiao.pick"].browse(pick_id)._listening())
            if not listening:
                break
            account, link_key = listening
            pause = GLIMPSE if count else wait
            message = engine._ask(account, lambda cloud: cloud.poll(link_key, pause), ASSISTANT_PART)  # noqa: B023
            if message is None:
                break
            count += 1
            if not self._take(pick_id, message):
                break
        return count

    @api.model
    def _cron_assistant(self):
        """Listen for visits whose dialog is gone, ever more rarely, until their hours are over."""
        cron = self.env["ir.cron"]
        due = self.search(
            [("next_poll_at", "<=", fields.Datetime.now()), ("link_key", "!=", False)],
            order="next_poll_at, id",
        )
        cron._commit_progress(remaining=len(due))
        for pick_id in due.ids:
            try:
                self._listen(pick_id, GLIMPSE)
            except CloudError as error:
                _logger.info("Fapiao: visit %s can't be listened to: %s", pick_id, error)
            except Exception:
                _logger.exception("Fapiao: visit %s", pick_id)
            self.env.invalidate_all()
            if not cron._commit_progress(1):
                return

    @api.model
    def _announced(self, link_key):
        """Somebody heard that there is a message for ``link_key``: a hint, so it is fetched soon."""
        # sudo: a hint costs one question, whoever gives it
        picks = self.sudo().search([("link_key", "=", link_key)])
        if picks:
            picks._listen_soon()
            self.env.ref("l10n_cn_invoice_cloud.cron_assistant").sudo()._trigger()  # sudo: as above

    # ------------------------------------------------------------------ keep

    def _listening(self):
        """Note that the visit is listened to now; return account and link key, or None where it is over."""
        self.env.cr.execute(SQL("SELECT id FROM fapiao_pick WHERE id = %s FOR UPDATE", self.id))
        if not self.exists() or not (self.link_key and self.opened_at):
            return None
        now = fields.Datetime.now()
        if now > self.opened_at + timedelta(hours=LISTEN_HOURS):
            self.write({"next_poll_at": False, "link_key": False, "user_key": False})
            return None
        pause = min(timedelta(minutes=1) * 2 ** min(self.polls // 3, 10), LONGEST_PAUSE)
        self.write({"last_poll_at": now, "next_poll_at": now + pause, "polls": self.polls + 1})
        return self.account_id, self.link_key

    def _listen_soon(self):
        self.write({"next_poll_at": fields.Datetime.now(), "polls": 0})

    @api.model
    def _take(self, pick_id, message):
        """Keep, apply and acknowledge a message; return whether its receipt went through."""
        engine = self.env["fapiao.engine"]
        message_id = engine._step(lambda env: env["fapiao.pick"].browse(pick_id)._keep(message))
        self.browse(pick_id)._work_off(message_id)
        return self._acknowledge(pick_id, message_id, message.id)

    def _keep(self, message):
        """Write a message down unless it is known; return the id of its row."""
        msg_id = message.id or f"#{fingerprint(message.raw)[:32]}"
        known = self.message_ids.filtered(lambda row: row.msg_id == msg_id)
        if known:
            known.write({"times": known.times + 1, "receipt_state": "due"})
            return known.id
        return (
            self.env["fapiao.pick.message"]
            .create(
                {
                    "pick_id": self.id,
                    "msg_id": msg_id,
                    "kind": message.kind,
                    "raw": message.raw,
                    "serials": list(message.serials),
                    "renamed": [list(pair) for pair in message.renamed],
                }
            )
            .id
        )

    # ------------------------------------------------------------------ fetch and apply

    def _work_off(self, message_id):
        """Fetch what a message's tickets say and apply it; does nothing for one that is applied. Raises
        ``CloudError`` where they can't be fetched now: it is tried again."""
        engine, pick_id = self.env["fapiao.engine"], self.id
        todo = engine._step(lambda env: env["fapiao.pick.message"].browse(message_id)._todo())
        if not todo:
            return
        account, serials = todo
        tickets, files = engine._ask(account, lambda cloud: fetch_all(cloud, serials), ASSISTANT_PART)
        try:
            engine._step(lambda env: env["fapiao.pick"].browse(pick_id)._apply(message_id, tickets, files))
        except (UserError, ValidationError, AccessError) as error:
            problem = str(error)
            engine._step(lambda env: env["fapiao.pick.message"].browse(message_id)._give_up(problem))
        except Exception:
            # a bug of ours must not keep back the messages behind this one, nor lose it
            _logger.exception("Fapiao: message %s could not be applied", message_id)
            problem = self.env._("It could not be applied; the server's log says why. Apply it again later.")
            engine._step(lambda env: env["fapiao.pick.message"].browse(message_id)._give_up(problem))

    def _apply(self, message_id, tickets, files):
        """Let the documents take what a message says, as its user; one message after the other."""
        self.env.cr.execute(SQL("SELECT id FROM fapiao_pick WHERE id = %s FOR UPDATE", self.id))
        # sudo: what is written was decided by the person in the page, whose rights are checked on the way
        pick = self.with_user(self.user_id).with_company(self.company_id).sudo()
        message = pick.message_ids.filtered(lambda row: row.id == message_id)
        if message.state in ("applied", "ignored"):
            return
        is_effective = pick._apply_message(message, tickets, files)
        message.write({"state": "applied" if is_effective else "ignored", "problem": False})

    # ------------------------------------------------------------------ receipt

    @api.model
    def _acknowledge(self, pick_id, message_id, msg_id):
        """Send the receipt of a message that was decided and committed; return whether it went through. One
        that doesn't is harmless: the message comes again."""
        engine = self.env["fapiao.engine"]
        due = engine._step(lambda env: env["fapiao.pick.message"].browse(message_id)._receipt_due())
        if not due or not msg_id:
            return False
        account, link_key = due

        def tell(cloud):
            payload = cloud.freeze(RECEIPT, {"key": link_key, "msg_id": msg_id}, "")
            return SimpleNamespace(state="told", text=cloud.read(RECEIPT, cloud.send(RECEIPT, payload)).text)

        try:
            engine._ask_journaled(account, RECEIPT, {"msgId": msg_id, "visit": pick_id}, tell)
        except CloudError as error:
            _logger.info("Fapiao: receipt of message %s isn't taken yet: %s", msg_id, error)
            return False
        engine._step(
            lambda env: env["fapiao.pick.message"].browse(message_id).write({"receipt_state": "sent"})
        )
        return True


class FapiaoPickMessage(models.Model):
    _inherit = "fapiao.pick.message"

    def _todo(self):
        """Return account and serial numbers of a message that is to be applied, else None."""
        if self.state in ("applied", "ignored"):
            return None
        return self.pick_id.account_id, list(self.serials or [])

    def _give_up(self, problem):
        self.write({"state": "failed", "problem": problem})

    def _receipt_due(self):
        if self.state == "new":
            return None
        return self.pick_id.account_id, self.pick_id.link_key


def fetch_all(cloud, serials):
    """Return ``(tickets, {serial number: [(kind, bytes)]})``; a file that can't be had is left out."""
    tickets = cloud.tickets(serials) if serials else ()
    files = {}
    for ticket in tickets:
        fapiao = ticket.fapiao
        wanted = {kind: getattr(fapiao, f"{kind}_address") for kind in ("pdf", "ofd", "xml")}
        found, *_problem = fetch(cloud, fapiao.number, None, {k: url for k, url in wanted.items() if url})
        if not found and ticket.state.image_address:
            picture, *_problem = fetch(cloud, fapiao.number, None, {"image": ticket.state.image_address})
            found.update(picture)
        files[ticket.state.serial_no] = list(found.items())
    return tickets, files
