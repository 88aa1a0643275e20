"""Listening for what a person did in the assistant's page, in the background alone.

keep      the message is written down and committed, once per id
fetch     what its tickets say is asked for, with their files; no transaction is open
apply     the document takes them, in one transaction
receipt   only then is the message acknowledged; one that comes again has no second effect

No web worker waits for the assistant: one scheduled run listens to all open visits side by side
(``fapiao_pick_round``), and the dialog hears of news over Odoo's bus or by reading the visit.
"""

import functools
import logging
import time
from datetime import timedelta
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..clouds.base import ASSISTANT_PAGES, ASSISTANT_PART, RECEIPT
from ..clouds.canonical import fingerprint
from ..clouds.errors import CloudError
from . import fapiao_pick_round as rounds
from .fapiao_pick import LISTEN_HOURS, WATCHED

_logger = logging.getLogger(__name__)

WAIT = 5  # seconds a poll lasts at most
RUN = 10  # seconds a scheduled run goes on; others need the scheduler as well
LEASE = timedelta(minutes=5)  # after which a visit is another run's; a round ends well before
AFTER_TROUBLE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(hours=1)
NEWS = "l10n_cn_invoice_cloud.pick"  # the bus tells the dialog to read the visit again


class FapiaoPick(models.Model):
    _inherit = "fapiao.pick"

    # ------------------------------------------------------------------ entrances

    @api.model
    def _cron_assistant(self):
        """Listen to the visits that are due, all at once; start again while a person is at a page. Visits whose
        dialog is gone are listened to ever more rarely, until their hours are over."""
        time_left = self.env["ir.cron"]._commit_progress(remaining=0)
        end = time.monotonic() + min(RUN, time_left)
        while self._listen() and time.monotonic() < end:
            pass
        self.env["fapiao.engine"]._step(wake_for_due)
        self.env.invalidate_all()

    @api.model
    def _listen(self, ids=None):
        """Take one round over the visits that are due, or over ``ids`` now; return whether there were any."""
        engine = self.env["fapiao.engine"]
        claimed = engine._step(functools.partial(claim_visits, ids))
        if claimed:
            rounds.Round(engine, WAIT).run(claimed)
        return bool(claimed)

    def look_again(self):
        """The person has closed the page, or asks: listen now. Return the time from which an answer counts."""
        pick_id = self._own().id
        now = self.env["fapiao.outbound"]._now()
        self.env["fapiao.engine"]._step(lambda env: env["fapiao.pick"].browse(pick_id)._listen_soon(WATCHED))
        return fields.Datetime.to_string(now)

    @api.model
    def _announced(self, link_key):
        """Somebody heard that there is a message for ``link_key``: a hint, so it is fetched soon."""
        # sudo: a hint costs one question, whoever gives it
        self.sudo().search([("link_key", "=", link_key)])._listen_soon()

    # ------------------------------------------------------------------ claim and give back

    @api.model
    def _claim_visits(self, ids=None):
        """Lease the visits that are due, or ``ids``, and return ``{account id: [rounds.Visit]}``. Those of another
        run are left to it."""
        now = self.env["fapiao.outbound"]._now()
        self.flush_model(["link_key", "next_poll_at", "leased_until"])
        self.env.cr.execute(
            SQL(
                "SELECT id FROM fapiao_pick WHERE link_key IS NOT NULL AND %s"
                " AND (leased_until IS NULL OR leased_until < %s)"
                " ORDER BY next_poll_at, id LIMIT %s FOR UPDATE SKIP LOCKED",
                SQL("next_poll_at <= %s", now) if ids is None else SQL("id IN %s", tuple(ids)),
                *(now, rounds.SIDE_BY_SIDE),
            )
        )
        due = self.browse(row[0] for row in self.env.cr.fetchall())
        over = due.filtered(lambda pick: pick.opened_at < now - timedelta(hours=LISTEN_HOURS))
        over._stop_listening()
        claimed = {}
        for account, picks in (due - over).grouped("account_id").items():
            allowed = picks[: self.env["fapiao.pace"]._take(account, len(picks), ASSISTANT_PAGES)]
            (picks - allowed).write({"next_poll_at": now + AFTER_TROUBLE})
            allowed.write({"leased_until": now + LEASE, "last_claim_at": now})
            if allowed:
                claimed[account.id] = [rounds.Visit(pick.id, pick.link_key) for pick in allowed]
        return claimed

    def _give_back(self, error=None):
        """End the lease and note when to listen next; ``error``: why it could not be listened to."""
        now, problem = self.env["fapiao.outbound"]._now(), False
        if error is not None:
            problem = self.with_context(lang=self.user_id.lang)._say_deaf(error)
        is_news = (self.problem or "") != (problem or "")
        self.write(
            {
                "leased_until": False,
                "last_poll_at": self.last_claim_at,
                "next_poll_at": now + self._pause(now, bool(problem)),
                "polls": self.polls + 1,
                "problem": problem,
            }
        )
        if is_news:
            self._tell_dialog()

    def _pause(self, now, is_trouble):
        if self.state == "open" and self.watched_until and self.watched_until > now:
            return AFTER_TROUBLE if is_trouble else timedelta(0)
        return min(timedelta(minutes=1) * 2 ** min(self.polls // 3, 10), LONGEST_PAUSE)

    def _stop_listening(self):
        self.write({"next_poll_at": False, "link_key": False, "user_key": False})

    def _listen_soon(self, watched=None):
        """Have the visits listened to at once; ``watched``: how long without a pause, for a person waits."""
        now = self.env["fapiao.outbound"]._now()
        values = {"next_poll_at": now, "polls": 0}
        if watched:
            values["watched_until"] = now + watched
        listened = self.filtered("link_key")
        listened.write(values)
        if listened:
            self._wake_listener()

    @api.model
    def _wake_listener(self, at=None):
        # sudo: everybody who picks fapiao needs the scheduled run
        self.env.ref("l10n_cn_invoice_cloud.cron_assistant").sudo()._trigger(at)

    @api.model
    def _wake_for_due(self):
        """Start the run again for the visit that is due next."""
        first = self.search(
            [("next_poll_at", "!=", False), ("link_key", "!=", False)], order="next_poll_at", limit=1
        )
        if first:
            self._wake_listener(max(first.next_poll_at, self.env["fapiao.outbound"]._now()))

    def _tell_dialog(self):
        """Have the dialog read the visit again; what is news doesn't travel over the bus."""
        self.env["bus.bus"]._sendone(self.user_id.partner_id, NEWS, {"id": self.id})

    def _say_deaf(self, error):
        if isinstance(error, CloudError):
            return self.account_id._say(error)
        return self.env._("The assistant could not be asked; the server's log says why. It is tried again.")

    # ------------------------------------------------------------------ keep

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
        engine = self.env["fapiao.engine"]
        todo = engine._step(lambda env: env["fapiao.pick.message"].browse(message_id)._todo())
        if not todo:
            return
        account, serials = todo
        result = engine._ask(account, lambda cloud: rounds.fetch_all(cloud, serials), ASSISTANT_PART)
        self._decide(message_id, *result)

    def _decide(self, message_id, tickets, files):
        """Apply a message in a transaction of its own, or note why it can't be; either way it is decided."""
        engine, pick_id = self.env["fapiao.engine"], self.id
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
        self._tell_dialog()

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
        self.pick_id._tell_dialog()

    def _receipt_due(self):
        if self.state == "new":
            return None
        return self.pick_id.account_id, self.pick_id.link_key


# What the engine runs in transactions of its own; the environment is that transaction's.


def claim_visits(ids, env):
    return env["fapiao.pick"]._claim_visits(ids)


def wake_for_due(env):
    env["fapiao.pick"]._wake_for_due()
