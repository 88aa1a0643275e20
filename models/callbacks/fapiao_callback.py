"""Model ``fapiao.callback``: a body pushed by a cloud, as received, and what was done with it.

A callback is only a hint: the cloud doesn't authenticate itself, so amounts and states are queried. A
callback can only cause a query, so repeated, late, forged and unknown ones are harmless.
"""

import hashlib
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ...clouds.redact import redact, without
from ...clouds.registry import callbacks_of
from ..cloud import gate
from ..cloud.engine import Engine
from ..cloud.fapiao_task_mixin import ASKED_STATES, DEAD_STATES, OPEN_STATES, OUT_STATES

_logger = logging.getLogger(__name__)

BATCH = 100
KEEP = timedelta(days=180)
KEEP_OVER_QUOTA = timedelta(days=7)
QUOTA_SPAN = timedelta(hours=1)
KEPT_DIGESTS = 100  # of an account over its quota, within the span; further ones are only counted
REMOVED_AT_ONCE = 1000
NAMES_SHOWN = 50
MORE = " … "
# A body over quota that comes again within the quota is stored then
KEPT_NOW = "".join(
    f", {name} = CASE fapiao_callback.state WHEN 'over_quota' THEN EXCLUDED.{name} ELSE fapiao_callback.{name} END"
    for name in ("body", "received_at", "state")
)
OWN_STAGES = ("applying", "issuing")  # the red fapiao may be our own, its answer not in yet


class FapiaoCallback(models.Model):
    _name = "fapiao.callback"
    _description = "Fapiao Callback"
    _order = "id desc"
    _rec_name = "digest"

    account_id = fields.Many2one("fapiao.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    received_at = fields.Datetime(required=True, readonly=True)
    last_at = fields.Datetime("Last Received", required=True, readonly=True, index=True)
    times = fields.Integer(required=True, readonly=True, default=1)
    remote_addr = fields.Char("Caller", readonly=True)
    body = fields.Text(readonly=True)
    digest = fields.Char("SHA-256", required=True, readonly=True, help="Of the body as it came.")
    size = fields.Integer("Bytes", readonly=True, help="Of the body as it came.")
    kind = fields.Selection([("bill", "By request"), ("fapiao", "By fapiao"), ("return", "Sent back")], readonly=True)
    request_uids = fields.Text("Request IDs", readonly=True)
    numbers = fields.Text("Fapiao Numbers", readonly=True)
    request_ids = fields.Many2many("fapiao.request", string="Requests", compute="_compute_request_ids")
    state = fields.Selection(
        [
            ("new", "To process"),
            ("done", "Done"),
            ("unknown", "Not ours"),
            ("failed", "Not understood"),
            ("over_quota", "Over quota"),
        ],
        required=True,
        readonly=True,
        default="new",
    )
    message = fields.Text("What Was Done", readonly=True)

    _unique_body = models.UniqueIndex("(account_id, digest)", "This callback is known already.")
    _new = models.Index("(id) WHERE state = 'new'")
    _counted = models.Index("(account_id, received_at) INCLUDE (size) WHERE state <> 'over_quota'")
    _over_quota = models.Index("(account_id, received_at) WHERE state = 'over_quota'")

    @api.depends("received_at", "account_id")
    def _compute_display_name(self):
        for callback in self:
            callback.display_name = self.env._(
                "Callback %(number)s of %(account)s", number=callback.id, account=callback.account_id.name
            )

    @api.depends("request_uids", "account_id")
    def _compute_request_ids(self):
        named = {callback: (callback.request_uids or "").partition(MORE)[0].split(", ") for callback in self}
        uids = {uid for own in named.values() for uid in own if uid}
        requests = self.env["fapiao.request"].search(
            [("account_id", "in", self.account_id.ids), ("request_uid", "in", list(uids))]
        )
        by_key = {(request.account_id, request.request_uid): request.id for request in requests}
        for callback, own in named.items():
            keys = ((callback.account_id, uid) for uid in own)
            callback.request_ids = [by_key[key] for key in keys if key in by_key]

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("What a cloud has pushed can't be changed."))
        return super().write(vals)

    # ------------------------------------------------------------------ receiving

    @api.model
    def _take(self, account, body, caller):
        """Store the ``body`` (bytes) of a callback in a separate transaction, and schedule its processing.

        A repetition is only counted, also under concurrency. Over the account's quota the body isn't stored:
        the address may be known to others, who could fill the disk.
        """
        values = {
            "account_id": account.id,
            "company_id": account.company_id.id,
            "remote_addr": caller or None,
            # sudo: the caller is nobody to Odoo, and the token a secret
            "body": readable(body, account.sudo().callback_token),
            "digest": hashlib.sha256(body).hexdigest(),
            "size": len(body),
        }
        Engine(self.env)._step(lambda env: env["fapiao.callback"]._store(values))

    @api.model
    def _store(self, values):
        now = fields.Datetime.now()
        values = {**values, "state": "new", "times": 1, "received_at": now, "last_at": now}
        is_over, is_first = self._quota_left(values["account_id"], values["size"], now)
        if is_over:
            if self._count_over_quota(values, now):
                return
            values |= {"state": "over_quota", "body": None}
        # A concurrent delivery of the same body repeats the step; not worth an error in the log.
        self.env.cr.execute(
            SQL(
                "INSERT INTO fapiao_callback (%s) VALUES %s ON CONFLICT (account_id, digest)"
                " DO UPDATE SET times = fapiao_callback.times + 1, last_at = EXCLUDED.last_at%s"
                " RETURNING state, received_at",
                SQL(", ").join(map(SQL.identifier, values)),
                tuple(values.values()),
                SQL() if is_over else SQL(KEPT_NOW),
            ),
            log_exceptions=False,
        )
        state, received_at = self.env.cr.fetchone()
        if (state == "new" and received_at == now) or (state == "over_quota" and is_first):
            self.env["fapiao.task.mixin"]._wake_reconciler()

    @api.model
    def _quota_left(self, account_id, size, now):
        """Return whether one more callback of ``size`` bytes is over quota, and the first one within the span."""
        since = now - QUOTA_SPAN
        self.env.cr.execute(
            SQL(
                """SELECT used.count + 1 > account.callback_rows_per_hour
                          OR used.size + %(size)s > account.callback_bytes_per_hour,
                          NOT EXISTS (SELECT FROM fapiao_callback WHERE account_id = %(account)s
                                         AND state = 'over_quota' AND received_at > %(since)s)
                     FROM fapiao_account account,
                          (SELECT count(*), COALESCE(sum(size), 0) AS size FROM fapiao_callback
                            WHERE account_id = %(account)s AND state <> 'over_quota'
                              AND received_at > %(since)s) used
                    WHERE account.id = %(account)s""",
                account=account_id,
                size=size,
                since=since,
            )
        )
        is_over, is_first = self.env.cr.fetchone()
        return is_over, is_over and is_first

    # ------------------------------------------------------------------ over quota

    @api.model
    def _count_over_quota(self, values, now):
        """Count a callback over quota on the newest row of its kind if there are many within the span, and
        return whether that was done: this limits the number of rows. A known body has its own row.
        """
        self.env.cr.execute(
            SQL(
                """WITH digests AS (SELECT id FROM fapiao_callback WHERE account_id = %(account)s
                                       AND state = 'over_quota' AND received_at > %(since)s)
                   SELECT max(id) FROM digests HAVING count(*) >= %(most)s AND NOT EXISTS (
                          SELECT FROM fapiao_callback WHERE account_id = %(account)s AND digest = %(digest)s)""",
                account=values["account_id"],
                digest=values["digest"],
                since=now - QUOTA_SPAN,
                most=KEPT_DIGESTS,
            )
        )
        newest = self.env.cr.fetchone()
        if not newest:
            return False
        # not exact under load: a row that is locked by another transaction is skipped
        self.env.cr.execute(
            SQL(
                """UPDATE fapiao_callback SET times = times + 1, last_at = %s WHERE id =
                   (SELECT id FROM fapiao_callback WHERE id = %s FOR UPDATE SKIP LOCKED)""",
                *(now, newest[0]),
            )
        )
        return True

    @api.model
    def _record_over_quota(self):
        try:
            Engine(self.env)._step(lambda env: env["fapiao.callback"]._hint_over_quota())
        except Exception:
            _logger.exception("Fapiao: callbacks over quota could not be noted")

    @api.model
    def _hint_over_quota(self):
        """Schedule queries of the open requests of accounts over quota, once within the span, since the
        requests named in the discarded bodies are unknown.
        """
        now = fields.Datetime.now()
        recent = [("state", "=", "over_quota"), ("received_at", ">", now - QUOTA_SPAN)]
        for (account,) in self._read_group(recent, ["account_id"]):
            if account.callback_over_at and account.callback_over_at > now - QUOTA_SPAN:
                continue
            account._record_callbacks_over(now)
            own = ("account_id", "=", account.id)
            self.env["fapiao.request"].search([own, ("state", "in", OPEN_STATES)])._hint()
            self.env["fapiao.red.form"].search([own, ("is_open", "=", True)])._hint()

    # ------------------------------------------------------------------ processing

    @api.model
    def _process_new(self):
        """Process new callbacks in batches, as long as the scheduler grants time."""
        cron = self.env["ir.cron"]
        self._record_over_quota()
        cron._commit_progress(remaining=self.search_count([("state", "=", "new")]))
        while done := self._process_batch():
            if not cron._commit_progress(done):
                self.env["fapiao.task.mixin"]._wake_reconciler()
                return

    @api.model
    def _process_batch(self):
        """Process the oldest new ones and return their number. After a failure each is processed separately,
        so that only the faulty one is left out and the scheduler can continue.
        """
        ids = Engine(self.env)._step(
            lambda env: env["fapiao.callback"].search([("state", "=", "new")], order="id", limit=BATCH).ids
        )
        try:
            self._process_in_new_transaction(ids)
        except Exception as error:
            _logger.warning("Fapiao: %s callbacks are processed one by one: %r", len(ids), error)
            for callback_id in ids:
                self._process_alone(callback_id)
        return len(ids)

    @api.model
    def _process_in_new_transaction(self, ids):
        Engine(self.env)._step(lambda env: env["fapiao.callback"].browse(ids)._process())

    @api.model
    def _process_alone(self, callback_id):
        try:
            self._process_in_new_transaction([callback_id])
        except Exception as error:
            _logger.exception("Fapiao: callback %s could not be processed", callback_id)
            Engine(self.env)._step(lambda env, why=error: env["fapiao.callback"].browse(callback_id)._give_up(why))

    def _process(self):
        """Schedule queries of what the callbacks name, and record on each what was done."""
        for account, callbacks in self.grouped("account_id").items():
            lang = self.env.lang or account._first_manager().lang
            callbacks.with_context(lang=lang)._process_for(account)

    def _process_for(self, account):
        told = {callback: callback._news() for callback in self}
        uids = {one.request_uid for news in told.values() for one in news or () if one.request_uid}
        named = [("account_id", "=", account.id), ("request_uid", "in", list(uids))]
        requests = self.env["fapiao.request"].search(named)
        forms = self.env["fapiao.red.form"].search(named)
        reversals = requests.fapiao_ids.red_form_ids.filtered("is_open")
        by_uid = {record.request_uid: record for record in (*forms, *requests)}
        by_number = self._fapiao_told(account, told)
        for callback, news in told.items():
            changed = callback._ask_about_changed(news, by_uid, by_number)
            callback._conclude(news, by_uid, changed)
            callback._take_credit(account, news)
        (requests | reversals.request_ids)._hint()
        (forms | reversals)._hint()

    def _take_credit(self, account, news):
        """Take the figures of the credit line that came along."""
        if credit := next((one.credit for one in news or () if one.credit), None):
            account._record_credit_pushed(credit, self.received_at)

    def _news(self):
        """Return what the body tells, as the cloud's reader has it; ``None`` if it can't be read."""
        reader = callbacks_of(self.account_id.provider)
        try:
            return reader and reader.parse((self.body or "").encode())
        except ValueError:
            return None

    def _conclude(self, news, by_uid, changed):
        """Record the content (``news``) and what is done; ``changed``: ``{fapiao: whether it is queried}``."""
        if news is None:
            self.write({"state": "failed", "message": self._describe_unreadable()})
            return
        uids = list(dict.fromkeys(one.request_uid for one in news if one.request_uid))
        found = [by_uid[uid] for uid in uids if uid in by_uid]
        strange = [uid for uid in uids if uid not in by_uid]
        said = [self._describe_found(record) for record in found[:NAMES_SHOWN]]
        said += [self._describe_changed(*one) for one in list(changed.items())[:NAMES_SHOWN]]
        numbers = list(dict.fromkeys(number for one in news for number in one.numbers))
        if strange:
            said.append(self.env._("No request of this account has the ID %s.", shortened(strange)))
        if not uids and numbers and not changed:
            said.append(self.env._("No fapiao of this account has the number %s.", shortened(numbers)))
        if not uids and not numbers:
            keys = sorted({key for one in news for key in one.keys})
            said.append(self.env._("It names no request. It consists of: %s.", shortened(keys)))
        self.write(
            {
                "kind": news[0].kind or False,
                "request_uids": shortened(uids),
                "numbers": shortened(numbers),
                "state": ("done" if found or changed else "unknown") if uids or numbers else "failed",
                "message": "\n".join(said),
            }
        )

    def _describe_found(self, record):
        uid, state = record.request_uid, record.state
        if state in ASKED_STATES:
            return self.env._("%s: its outcome is queried at the cloud.", uid)
        if state in OUT_STATES:
            return self.env._("%s: the cloud is asked as soon as it has answered the order itself.", uid)
        if state == "manual":
            return self.env._("%s: needs a decision; its outcome is queried at the cloud.", uid)
        if state in DEAD_STATES and record._name == "fapiao.request":
            return self.env._("%s: has ended here; its outcome is queried at the cloud.", uid)
        label = dict(record._fields["state"]._description_selection(self.env))[state]
        return self.env._("%(uid)s: already known (%(state)s).", uid=uid, state=label)

    def _describe_unreadable(self):
        return self.env._(
            "This is not a callback as the cloud documents it, or it is nested too deeply. Nothing was done; requests"
            " are queried automatically."
        )

    # ------------------------------------------------------------------ replay and cleanup

    def action_replay(self):
        """Read the callbacks again, and schedule queries of what they name."""
        gate.check(self, gate.ISSUER)
        kept = self.filtered(lambda callback: callback.state != "over_quota")
        for callback in kept.sudo():  # sudo: users can't write callbacks otherwise
            callback._replay()
        return True

    def _replay(self):
        try:
            with self.env.cr.savepoint():
                self._process()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            _logger.exception("Fapiao: callback %s could not be processed", self.id)
            self._give_up(error)

    def _give_up(self, error):
        reason = f"{type(error).__name__}: {error}".replace("\x00", "")
        said = self.env._("A fault in this module: %s. Replay it after an update.", reason)
        self.write({"state": "failed", "message": said})

    @api.autovacuum
    def _gc_old(self):
        """Remove callbacks last received half a year ago; those without body after a week."""
        now = fields.Datetime.now()
        over_quota = [("state", "=", "over_quota"), ("last_at", "<", now - KEEP_OVER_QUOTA)]
        old = self.search(["|", ("last_at", "<", now - KEEP), *("&", *over_quota)], limit=REMOVED_AT_ONCE)
        old.unlink()
        return len(old), len(old) == REMOVED_AT_ONCE

    # ------------------------------------------------------------------ callbacks about issued fapiao

    # Reversed or voided, e.g. in the cloud's portal. They are queried, except for our own reversals, which have
    # their own queries.

    def _fapiao_told(self, account, told):
        """Return ``{number: fapiao}`` of those that ``told`` ({callback: news}) names."""
        changes = [one for news in told.values() for one in news or () if one.is_change]
        numbers = {number for one in changes for number in (*one.numbers, *one.originals)}
        if not numbers:
            return {}
        known = self.env["fapiao"].search(
            [("account_id", "=", account.id), ("direction", "=", "out"), ("number", "in", list(numbers))]
        )
        return {fapiao.number: fapiao for fapiao in known}

    def _ask_about_changed(self, news, by_uid, by_number):
        """Queue the fapiao that ``news`` report as changed; return ``{known fapiao: whether it is queried}``."""
        about = {}
        for one in news or ():
            if not one.is_change:
                continue
            strange = [number for number in one.numbers if number not in by_number]
            named = self._blue_named(one, by_uid, by_number, is_one=bool(strange))
            told = {by_number[number] for number in one.numbers if number in by_number}
            # a known red fapiao tells nothing new about its original
            asked = named.filtered(lambda fapiao, told=told: fapiao._may_have_changed(told))
            asked._want_refresh(self, strange[0] if strange else "")
            about |= {fapiao: fapiao in asked for fapiao in named}
        return about

    def _blue_named(self, news, by_uid, by_number, is_one):
        """Return the fapiao that ``news`` is about: those it names, or else those of the request. ``is_one``:
        any one of the latter suffices, since the queried red fapiao names its original.
        """
        known = [by_number[number] for number in (*news.originals, *news.numbers) if number in by_number]
        request = by_uid.get(news.request_uid)
        if known or request is None or request._name != "fapiao.request":
            return self.env["fapiao"].union(*(fapiao.original_id or fapiao for fapiao in known))
        blue = request.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue")
        return blue.filtered("can_reverse")[:1] or blue[:1] if is_one else blue

    def _describe_changed(self, fapiao, is_asked):
        if is_asked:
            return self.env._("%s: the cloud is asked whether it was reversed or voided.", fapiao.number)
        if fapiao.red_form_ids.filtered(lambda form: form.stage in OWN_STAGES):
            return self.env._("%s: a reversal made from here is on its way; nothing more is asked.", fapiao.number)
        status = dict(fapiao._fields["status"]._description_selection(self.env))[fapiao.status]
        return self.env._("%(number)s: already known (%(status)s).", number=fapiao.number, status=status)


def readable(body, token):
    """Return ``body`` (bytes) as text that a database takes, secrets taken out, and the ``token`` it was sent with."""
    text = without(redact(body.decode("utf-8-sig", "replace"), [token]), [token or ""])
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def shortened(names):
    names = list(names)
    more = f"{MORE}(+{len(names) - NAMES_SHOWN})" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
