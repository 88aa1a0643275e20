"""The road to a cloud: kept connections, tight limits, and every failure named by what it means.

Whatever goes wrong before the connection stands is ``NotSent``; whatever goes wrong afterwards is
``OutcomeUnknown`` (see :mod:`.wire` for how the two are told apart). Nothing is retried and no
redirect is followed: both would send an order twice.
See docs/architecture.md#transactions.
"""

import codecs
import logging
import re
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy

import requests

from . import reading
from .addresses import checked_base, checked_file, is_private
from .base import RawAnswer
from .errors import FileAway, NotSent, OutcomeUnknown, RateLimited
from .redact import HideSecrets, secrets_in, without
from .wire import Limits, NoConnection, WatchedAdapter

_logger = logging.getLogger(__name__)
# Tokens and keys stand in addresses, and urllib3 logs addresses at the level DEBUG
logging.getLogger("urllib3.connectionpool").addFilter(HideSecrets())

ANSWER_CAP = 20 * 1024 * 1024
FILE_CAP = 50 * 1024 * 1024
IDLE_LIMIT = 20.0  # seconds; servers and gateways drop idle connections without a word
_PIECE = 16 * 1024
_NUMBER = re.compile(r"[0-9.,:+-]*")
_RETRY_AFTER = (1, 3600, 60)  # least, most, where the cloud names none; in seconds


class _Session(requests.Session):
    def get_redirect_target(self, resp):
        # requests reads a redirect's whole body and parses its target even when told not to follow
        return None


class Transport:
    """The connections of one client; safe to share between threads.

    ``config`` gives the base address, the times and the number of connections kept. Raises
    :class:`NotSent` where the base address is unusable, on the first call rather than here.
    """

    def __init__(self, config, answer_cap=ANSWER_CAP, file_cap=FILE_CAP):
        self._config = config
        self._answer_cap = answer_cap
        self._file_cap = file_cap
        self._sessions = {}
        self._lock = threading.Lock()
        self._busy = 0
        self._last_use = time.monotonic()

    def close(self):
        """Give back the connections; a later call opens new ones."""
        with self._lock:
            sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            session.close()

    def post_form(self, path, form, headers=None, fresh=False):
        """POST ``form`` (a dict of strings, in its order) and return a :class:`RawAnswer`.

        ``fresh`` takes a new connection. Orders should: a server may close a kept one at the very
        moment it is used again, and whether it still read the order can't be known.
        """
        return self._answer("POST", path, data=list(form.items()), headers=headers, fresh=fresh)

    def post_json(self, path, body, headers=None, params=None, fresh=False):
        """POST ``body`` as JSON and return a :class:`RawAnswer`; ``fresh`` as in :meth:`post_form`."""
        return self._answer("POST", path, json=body, headers=headers, params=params, fresh=fresh)

    def get(self, path, params=None, headers=None):
        """GET and return a :class:`RawAnswer`."""
        return self._answer("GET", path, params=params, headers=headers)

    def download(self, url):
        """Return the bytes behind ``url``, an address that a cloud named for a file.

        No token travels there. Private networks are refused unless the cloud is a sandbox.
        """
        host = checked_file(url)
        if not self._config.is_sandbox and is_private(host):
            raise FileAway("The cloud named a file address inside a private network", code="bad_address")
        query = url.strip().partition("?")[2]
        try:
            _response, body = self._call("GET", url.strip(), self._file_cap, secrets={query})
        except NotSent as error:
            raise FileAway(error.text, error.code, error.http_status) from error
        return body

    def _answer(self, method, path, **request):
        """Make a call and return its answer. A secret that was sent with it is taken out where the answer repeats it:
        its texts are shown to users, logged and kept."""
        url = checked_base(self._config.base_url) + "/" + path.lstrip("/")
        secrets = _secrets_of(**request)
        response, body = self._call(method, url, self._answer_cap, secrets=secrets, **request)
        content_type = response.headers.get("Content-Type", "")
        # A number may stand in a fapiao's number or amount by chance: what is parsed keeps it.
        text = without(_text(body, content_type), {secret for secret in secrets if not _NUMBER.fullmatch(secret)})
        return RawAnswer(response.status_code, text, content_type[:200])

    def _call(self, method, url, cap, fresh=False, headers=None, secrets=(), **request):
        started = time.monotonic()
        config = self._config
        limits = Limits(config.read_timeout, config.total_timeout, not config.is_sandbox, fresh)
        session = self._session(limits)
        prepared, settings = _prepare(session, method, url, headers, request, secrets)
        with self._in_use():
            try:
                with session.send(
                    prepared,
                    allow_redirects=False,
                    # to connect; the connection itself watches what comes after, see wire.py.
                    # One number, not a pair: Odoo's test runner compares it with another
                    timeout=config.connect_timeout,
                    **settings,
                ) as response:
                    body = _body(response, cap)
            except NoConnection as error:
                # from None: tracebacks are logged and sent to browsers, and this one may quote address and headers
                raise NotSent(without(_plain(error), secrets), code="no_connection") from None
            except OutcomeUnknown:
                raise
            except Exception as error:
                # a whitelist of exceptions would one day miss the one that hides an issued fapiao
                raise OutcomeUnknown(without(_plain(error), secrets), code=type(error).__name__) from None
        _logger.debug(
            "%s %s: %s, %d bytes, %.0f ms",
            method,
            prepared.path_url.partition("?")[0],
            response.status_code,
            len(body),
            (time.monotonic() - started) * 1000,
        )
        _raise_for_status(response, body, secrets)
        if _is_encoded(response):
            raise OutcomeUnknown(
                "The answer is compressed, though it was asked for uncompressed", "encoded", response.status_code
            )
        return response, body

    def _session(self, limits):
        with self._lock:
            session = self._sessions.get(limits)
            if session is None:
                session = self._sessions[limits] = self._new_session(limits)
            elif not self._busy and time.monotonic() - self._last_use > IDLE_LIMIT:
                for adapter in set(session.adapters.values()):
                    adapter.drop_idle()
            return session

    def _new_session(self, limits):
        adapter = WatchedAdapter(limits, self._config.calls_at_once)
        session = _Session()
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # identity: compressed answers are refused, see _body
        session.headers.update({"Accept-Encoding": "identity", "User-Agent": "l10n_cn_invoice_cloud"})
        return session

    @contextmanager
    def _in_use(self):
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1
                self._last_use = time.monotonic()


def _prepare(session, method, url, headers, request, secrets):
    """Return the request ready to leave, and the machine's proxies and certificates for it."""
    try:
        # an auth of our own, though it does nothing: else a ~/.netrc would replace the token
        prepared = session.prepare_request(
            requests.Request(method, url, headers=headers, auth=lambda outgoing: outgoing, **request)
        )
        settings = session.merge_environment_settings(prepared.url, {}, True, True, None)
    except (requests.RequestException, ValueError) as error:
        raise NotSent(without(_plain(error), secrets), code="bad_request") from None
    return prepared, settings


def _secrets_of(headers=None, data=(), json=None, params=None, **_unused):
    """Return the secrets in a request: in its body and address by their names, and what its headers carry, under any
    name and with any prefix."""
    carried = [value for name, value in (headers or {}).items() if name != "Content-Type"]
    return {*secrets_in(dict(data), json, params), *carried, *(value.split(" ")[-1] for value in carried)}


def _is_encoded(response):
    names = response.headers.get("Content-Encoding", "").split(",")
    return any(name.strip().lower() not in ("", "identity") for name in names)


def _body(response, cap):
    """Return the bytes of an answer of at most ``cap`` bytes; raise OutcomeUnknown beyond. What is compressed
    is not read.
    """
    if _is_encoded(response):
        return b""
    told = response.headers.get("Content-Length", "")
    if told.isdigit() and int(told[:20]) > cap:
        raise OutcomeUnknown(f"The answer is larger than {cap} bytes", "too_large", response.status_code)
    pieces, size = [], 0
    # undecoded: what a few bytes unpack to, and how long that takes, is the peer's choice
    while piece := response.raw.read(min(_PIECE, cap + 1 - size), decode_content=False):
        size += len(piece)
        if size > cap:
            raise OutcomeUnknown(f"The answer is larger than {cap} bytes", "too_large", response.status_code)
        pieces.append(piece)
    if told.isdigit() and size < int(told[:20]):
        # older urllib3 takes a broken-off answer for a whole one
        raise OutcomeUnknown("The answer broke off", "incomplete", response.status_code)
    return b"".join(pieces)


def _raise_for_status(response, body, secrets):
    """Raise for what HTTP alone decides; 4xx other than 429 stay for the cloud's own reading."""
    status = response.status_code
    if status == 429:
        raise RateLimited(
            _excerpt(body, secrets), "429", status, retry_after=_retry_after(response.headers.get("Retry-After"))
        )
    if status < 200 or 300 <= status < 400 or status >= 500:
        raise OutcomeUnknown(_excerpt(body, secrets), str(status), status)


def _retry_after(text):
    """Return seconds from a ``Retry-After`` header: a number or a date; within sane bounds."""
    least, most, default = _RETRY_AFTER
    text = (text or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(max(int(text), least), most)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return default
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    seconds = (moment - datetime.now(timezone.utc)).total_seconds()
    return min(max(int(seconds), least), most)


def _text(body, content_type):
    """Return ``body`` as text: UTF-8 if it is, else what the header says, else Chinese.

    NUL characters go: the database that keeps the answer can't hold them.
    """
    named = re.search(r"charset=[\"']?([\w.:-]{1,40})", content_type, re.IGNORECASE)
    for charset in ("utf-8-sig", named and named[1], "gb18030"):
        try:
            if charset and getattr(codecs.lookup(charset), "_is_text_encoding", True):
                return body.decode(charset).replace("\x00", "")
        except (LookupError, UnicodeError):
            continue
    return body.decode("utf-8", "replace").replace("\x00", "")


def _excerpt(body, secrets, length=200):
    """Return what an error answer says: its message, if it is JSON, or its words without markup."""
    text = without(_text(body[:8000], ""), secrets)
    told = reading.word_at(reading.loads(text), "msg", "message", "error")
    if told:
        return told[:length]
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]{0,500}>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    return " ".join(text.split())[:length]


def _plain(error):
    """Return the words of an exception for people: no objects' addresses, and no query (a token's place)."""
    words = str(error) or type(error).__name__
    words = re.sub(r"<[^<>]*object at 0x[0-9a-f]+>:?\s*|\w+\(host=[^()]*\):\s*", "", words)
    return re.sub(r"\?[^\s'\")]+", "?…", words)[:300]
