"""Data kept outside the database: answers that could not be recorded, and the id of the last call.

An answer that arrives while PostgreSQL is unavailable is written to Odoo's data folder until it can be
recorded. The id of the last call made from this server is written beside it: if the database has fewer calls,
it was restored from a backup and may have lost tasks that the cloud knows.
"""

import json
import logging
import os
from pathlib import Path

from odoo.tools import config

from ...clouds import errors
from ...clouds.base import RawAnswer

_logger = logging.getLogger(__name__)

_FOLDER = "fapiao_answers"
_MARK = "last_call.json"
_ERRORS = {
    cls.__name__: cls
    for cls in (
        errors.NotSent,
        errors.TokenRefused,
        errors.RateLimited,
        errors.NotYet,
        errors.Rejected,
        errors.OutcomeUnknown,
        errors.LoginRequired,
    )
}
_KEPT_OF_ERROR = ("text", "code", "http_status", "need", "retry_after")


# ---------------------------------------------------------------------- answers


def keep(database, call_id, request_uid, answer):
    """Write ``answer`` (``RawAnswer`` or ``CloudError``) of a call to disk; return the file's path."""
    content = {"call_id": call_id, "request_uid": request_uid or "", **_plain(answer)}
    path = _folder(database) / f"answer_{call_id}.json"
    _write(path, content)
    return path


def kept(database):
    """Yield ``(path, call id, request ID, answer)`` of the stored answers; unreadable files stay."""
    folder = _folder(database, make=False)
    for path in sorted(folder.glob("answer_*.json")) if folder.exists() else ():
        try:
            content = json.loads(path.read_text())
            yield path, content["call_id"], content["request_uid"], _answer(content)
        except (OSError, ValueError, KeyError, TypeError):
            _logger.exception("Fapiao: the answer kept in %s can't be read", path)


def forget(path):
    """Remove a recorded answer."""
    path.unlink(missing_ok=True)


def _plain(answer):
    if isinstance(answer, RawAnswer):
        return {"status": answer.status, "body": answer.text, "content_type": answer.content_type}
    kind = next((name for name, cls in _ERRORS.items() if type(answer) is cls), "OutcomeUnknown")
    values = {name: getattr(answer, name) for name in _KEPT_OF_ERROR if hasattr(answer, name)}
    return {"error": kind, "values": values}


def _answer(content):
    if "error" in content:
        return _ERRORS[content["error"]](**content["values"])
    return RawAnswer(content["status"], content["body"], content["content_type"])


# ------------------------------------------------------------------ last call


def mark(database, identity, call_id, is_reset=False):
    """Store ``call_id``, about to be made by database ``identity``. ``is_reset`` accepts a lower id."""
    if is_reset or call_id > last_call(database, identity):
        _write(_folder(database) / _MARK, {"identity": identity, "call_id": call_id})


def last_call(database, identity):
    """Return the id of the last call made from this server, 0 if none is known for ``identity``."""
    try:
        content = json.loads((_folder(database, make=False) / _MARK).read_text())
        return content["call_id"] if content["identity"] == identity else 0
    except (OSError, ValueError, KeyError):
        return 0


# ---------------------------------------------------------------------- files


def _folder(database, make=True):
    folder = Path(config["data_dir"]) / _FOLDER / database
    if make:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _write(path, content):
    """Write a file atomically, readable by this user only, and flush it to disk."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
