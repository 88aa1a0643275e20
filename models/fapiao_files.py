"""Fetching PDF, OFD and XML of a fapiao: no effect at the cloud, so it may be repeated freely."""

import base64
import functools
import logging
from datetime import timedelta
from functools import lru_cache

from odoo import api, fields, models
from odoo.tools import SQL, file_open

from ..clouds.base import NotFound
from ..clouds.errors import CloudError, OutcomeUnknown, Patience
from .fapiao_pace import BACKGROUND, QUESTION
from .fapiao_time import aware
from .fapiao_types import FILES

_logger = logging.getLogger(__name__)

MIMETYPES = {"pdf": "application/pdf", "ofd": "application/ofd", "xml": "application/xml"}
FIRST_WAIT = timedelta(seconds=20)
LAST_WAIT = timedelta(hours=6)
LATER = timedelta(minutes=10)  # after which a cloud that couldn't be asked is asked again
MAX_TRIES = 12
BATCH = 20


class Fapiao(models.Model):
    _inherit = "fapiao"

    def _files(self):
        """Return the attachments of these fapiao."""
        return self.pdf_id | self.ofd_id | self.xml_id

    def _missing_kinds(self):
        return [kind for kind in FILES if not self[f"{kind}_id"]]

    def _want_files(self):
        """Put the fapiao on the list of those whose files are fetched, soonest first."""
        self.filtered(lambda fapiao: fapiao.files_state != "done").write(
            {"files_state": "wanted", "files_try_at": fields.Datetime.now(), "files_tries": 0}
        )
        # sudo: the engine and issuers may start the background run
        self.env.ref("l10n_cn_invoice_cloud.cron_files").sudo()._trigger()

    @api.model
    def _cron_files(self):
        """Fetch what is due, a batch at a time and account by account; one that needs a person is left alone,
        and so are its tries."""
        cron = self.env["ir.cron"]
        due = [
            ("files_state", "=", "wanted"),
            ("files_try_at", "<=", fields.Datetime.now()),
            *self._domain_askable(),
        ]
        cron._commit_progress(remaining=self.search_count(due))
        while batch := self.search(due, order="files_try_at, id", limit=BATCH):
            batch._fetch_files_apart(purpose=BACKGROUND)
            self.env.invalidate_all()
            if not cron._commit_progress(len(batch)):
                return

    def _fetch_files_apart(self, purpose=QUESTION):
        """Fetch missing files in transactions of their own; failures are noted and tried again later. Return
        the ``CloudError`` for which some were not asked for at all, or None."""
        engine, ended_by = self.env["fapiao.engine"], None
        for account, fapiao in self.grouped("account_id").items():
            if not account:
                continue
            ids = fapiao.ids
            wanted = engine._step(lambda env, ids=ids: env["fapiao"].browse(ids)._claim_files())
            if wanted:
                ended_by = self._fetch_for_account(engine, account, wanted, purpose) or ended_by
        return ended_by

    def _claim_files(self):
        """Push the next try forward before calling, so that neither a crash nor a slow cloud makes the
        same rows come first again; return ``[(id, number, issued_at, {kind: address})]``."""
        self.env.cr.execute(
            SQL("SELECT id FROM fapiao WHERE id IN %s FOR UPDATE SKIP LOCKED", tuple(self.ids))
        )
        claimed = self.browse(row[0] for row in self.env.cr.fetchall())
        for fapiao in claimed:
            tries = fapiao.files_tries + 1
            wait = min(FIRST_WAIT * 2**tries, LAST_WAIT)
            fapiao.write({"files_tries": tries, "files_try_at": fields.Datetime.now() + wait})
        return [
            (
                fapiao.id,
                fapiao.number,
                aware(fapiao.issued_at),
                {kind: fapiao[f"{kind}_address"] or "" for kind in fapiao._missing_kinds()},
            )
            for fapiao in claimed
        ]

    def _fetch_for_account(self, engine, account, wanted, purpose):
        """Fetch the ``wanted`` files one after the other, until the cloud can't be asked now; return the
        ``CloudError`` that says so, or None."""
        left = [fapiao_id for fapiao_id, *_rest in wanted]

        def fetch_all(cloud):
            patience = Patience()
            for fapiao_id, number, issued_at, addresses in wanted:
                files, problem, ended_by = fetch(cloud, number, issued_at, addresses, patience)
                # asked without an answer is a try as well, or files that never come would hold up the others
                is_tried = not ended_by or isinstance(ended_by, OutcomeUnknown)
                if files or is_tried:
                    engine._step(functools.partial(keep_files, fapiao_id, files, problem, is_tried))
                if is_tried:
                    left.remove(fapiao_id)
                if ended_by:
                    raise ended_by

        try:
            engine._ask(account, fetch_all, purpose=purpose)
        except CloudError as error:
            account._note_need_apart(error)
            engine._step(functools.partial(postpone_files, account.id, left, error))
            _logger.info("Fapiao: files of account %s can't be fetched: %s", account.id, error)
            return error
        return None

    @api.model
    def _domain_askable(self):
        """Return the domain of fapiao that the scheduled actions may ask about: their account is in use, needs
        no person, and its cloud can be reached. Archived accounts count: what they issued is still looked after."""
        return [
            ("account_id.session_state", "in", ("unknown", "ok")),
            "|",
            ("account_id.left_alone_until", "=", False),
            ("account_id.left_alone_until", "<=", fields.Datetime.now()),
        ]

    @api.model
    def _postpone_files(self, account, fapiao_ids, error):
        """Let the files of ``account`` wait: its cloud can't be asked now. ``fapiao_ids`` were claimed and not
        asked for, so their tries are given back."""
        now = fields.Datetime.now()
        until = now + timedelta(seconds=getattr(error, "retry_after", 0) or LATER.total_seconds())
        self.env.cr.execute(
            SQL(
                "UPDATE fapiao SET files_try_at = %(until)s, files_tries = GREATEST(files_tries -"
                " CASE WHEN id IN %(ids)s THEN 1 ELSE 0 END, 0)"
                " WHERE account_id = %(account)s AND files_state = 'wanted'"
                " AND (id IN %(ids)s OR files_try_at < %(until)s)",
                until=until,
                ids=tuple(fapiao_ids) or (0,),
                account=account.id,
            ),
            log_exceptions=False,
        )
        self.invalidate_model(["files_try_at", "files_tries"])
        # sudo: the engine and issuers may start the background run
        self.env.ref("l10n_cn_invoice_cloud.cron_files").sudo()._trigger(at=until)

    def _keep_files(self, files, problem, is_tried=True):
        """Attach ``files`` ({kind: bytes}); note ``problem`` and give up after many tries, unless the cloud
        couldn't be asked for the rest."""
        self.ensure_one()
        # the rows are kept by a person's reading right on the fapiao, not by the files' own
        attachments = self.env["ir.attachment"].create(
            [
                {
                    "name": f"{self.number}.{kind}",
                    "raw": content,
                    "mimetype": MIMETYPES[kind],
                    "res_model": "fapiao",
                    "res_id": self.id,
                    # without one, a browser that shows the file tries to save its own and may not
                    "thumbnail": pdf_picture() if kind == "pdf" else False,
                }
                for kind, content in files.items()
            ]
        )
        self.write({f"{kind}_id": attachment.id for kind, attachment in zip(files, attachments, strict=True)})
        if not self._missing_kinds():
            self.write({"files_state": "done", "files_try_at": False, "files_text": False})
        else:
            self.write(
                {
                    "files_state": "failed" if is_tried and self.files_tries >= MAX_TRIES else "wanted",
                    "files_text": problem,
                }
            )


@lru_cache(maxsize=1)
def pdf_picture():
    """Return the picture that stands for a PDF, in base64."""
    with file_open("web/static/img/mimetypes/pdf.svg", "rb") as picture:
        return base64.b64encode(picture.read())


def fetch(cloud, number, issued_at, addresses, patience=None):
    """Return ``({kind: bytes}, problem, ended_by)``; one file that fails doesn't keep the others back.

    ``addresses``: of the files that are wanted, "" where only the number leads to one. ``ended_by``: the
    ``CloudError`` after which nothing more was asked for, or None. ``patience``: of the run that it is part of.
    """
    files, problem, patience = {}, "", patience or Patience()
    for kind, address in addresses.items():
        try:
            content = cloud.file_at(address, kind) if address else cloud.file(number, kind, issued_at)
        except CloudError as error:
            problem = str(error)
            if patience.is_over(error):
                return files, problem, error
            continue
        patience.is_over()
        if isinstance(content, NotFound):
            problem = content.text
        else:
            files[kind] = content
    return files, problem, None


# What the engine runs in transactions of its own; the environment is that transaction's.


def keep_files(fapiao_id, files, problem, is_tried, env):
    env["fapiao"].browse(fapiao_id)._keep_files(files, problem, is_tried)


def postpone_files(account_id, fapiao_ids, error, env):
    env["fapiao"]._postpone_files(env["fapiao.account"].browse(account_id), fapiao_ids, error)
