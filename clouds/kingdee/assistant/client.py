"""金蝶发票助手 behind the contract of :mod:`...base`: pages, messages, tickets, and what it is told.

Nothing is issued here. Bodies are signed when they are sent; the few calls without a signature carry the
access token in the address. Source: docs/protocols/kingdee-assistant.md#calls.
"""

import threading
from dataclasses import dataclass, replace

from ... import base, client, picking
from ...client import Call
from ...errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, TokenExpired, TokenRefused
from ...transport import Transport
from . import messages, pages, reports, tickets
from .answers import answered, gone, is_nothing, is_token_refused, opened, refusal, told
from .auth import Tokens, signature

_LINK_KEY = "/m4/fpzs/getLinkKey"
_USER_KEY = "/m4/fpzs/getUserKey"
_POLL = "/polling/fpzs/invoice/data/v2"
_TICKETS = "/m4/fpzs/expense/invoice/detail/query"
_DOCUMENT = "/m4/fpzs/expense/invoices/query"
_CALLS = {
    base.RELATE: Call("/m4/fpzs/expense/entry/cache", reports.freeze_relation, told),
    base.SAVE_DOCUMENT: Call("/m4/fpzs/expense/entry/save", reports.freeze_saved, told),
    base.TELL_STATUS: Call("/m4/fpzs/expense/invoice/status/update", reports.freeze_status, told),
    base.TELL_VOUCHER: Call("/m4/bill/expense/additionalInformation/collect", reports.freeze_voucher, told),
    # Repeated, they find nothing left to do
    base.DROP_LINE: Call("/m4/fpzs/expense/invoice/del/entry", reports.freeze_dropped_line, gone),
    base.DROP_DOCUMENT: Call("/m4/fpzs/expense/invoice/del", reports.freeze_dropped_document, gone),
    base.DROP_VOUCHER: Call("/m4/bill/expense/voucher/del", reports.freeze_dropped_voucher, gone),
    base.RECEIPT: Call("/polling/fpzs/portal/receipt", reports.freeze_receipt, gone),
}
# assumption: the papers give the vouchers' calls no signature, so they carry the token
_BY_TOKEN = {base.TELL_VOUCHER, base.DROP_VOUCHER, base.RECEIPT}
_JSON = {"Content-Type": "application/json"}  # also where there is no body
_AT_ONCE = 50  # serial numbers in one question
_QUIET_STATUSES = {204, 408}
_EMPTY = {"", "null", "{}", "[]"}


@dataclass(frozen=True)
class Options(client.Options):
    """``page_url``: where the pages lie, if not under the account's own address. ``quiet_codes``: comma-separated
    codes by which the long poll says that there is no message, beside the words it is known by. ``link_url``: the
    link host, where a browser hears of messages, empty without one; ``link_version``: of Engine.IO there, 3 or 4.
    ``announce``: how the page to pick on is to send its message, ``polling`` or ``socket``.
    ``grid``: which ways to add fapiao the page shows (``picking.GRIDS``).
    Source: docs/protocols/kingdee-assistant.md#addresses, #socket.
    """

    client_key: str = ""
    page_url: str = ""
    quiet_codes: str = ""
    link_url: str = ""
    link_version: int = 3
    announce: str = "polling"
    grid: str = picking.GRIDS[0]


class Assistant(client.Cloud):
    """One account of the assistant; its secret is ``client_secret``.

    All reports are absolute: they state how things are, so the same frozen call may be sent again after a
    lost answer (see :mod:`.reports`). Questions raise as ``read`` does; their ``Rejected`` says only that
    the question was refused.
    """

    provider = "kingdee_assistant"
    identity = ("client_key",)
    secrets = {"client_secret": "client_key"}
    capabilities = base.ASSISTANT

    options_of, tokens_of, calls = Options, Tokens, _CALLS
    opened, is_about_token = staticmethod(opened), staticmethod(is_token_refused)

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self._poll_roads, self._lock = {}, threading.Lock()

    def close(self):
        with self._lock:
            roads, self._poll_roads = list(self._poll_roads.values()), {}
        for road in (self._transport, *roads):
            road.close()

    def channel(self, operation):
        is_told = operation in base.ASSISTANT and operation != base.RECEIPT
        return base.ASSISTANT_CHANNEL if is_told else base.ASSISTANT_PAGES

    # Reports

    def send(self, operation, payload):
        """Make the call, signed now or with the token, which is renewed once where it is refused.

        Raises as :mod:`...base` says.
        """
        path = self.calls[operation].address
        if operation == base.RECEIPT:
            return self._sent(
                operation, lambda token: self._transport.get(path, params={"access_token": token, **payload})
            )
        if operation in _BY_TOKEN:
            return self._sent(
                operation,
                lambda token: self._transport.post_json(path, payload, params={"access_token": token}, fresh=True),
            )
        payload = self._with_user_key(payload)
        self._begin(operation)
        return self._transport.post_json(path, {**payload, **self._signature()}, fresh=True)

    def _with_user_key(self, payload):
        """Return the body to send: where saving needs the rules of import, with a key that carries them (3).

        The key opens pages, so it is asked for now and stored nowhere. Raises RateLimited, LoginRequired, or NotSent
        for whatever else goes wrong: nothing was saved yet.
        """
        payload = dict(payload)
        about = payload.pop(reports.RULES_OF, None)
        if not about:
            return payload
        try:
            return {**payload, "userKey": self.user_key(reports.visit_for(payload, about))}
        except (NotSent, LoginRequired):
            raise
        except CloudError as error:
            raise error.to(NotSent) from error

    def read(self, operation, raw):
        """Return ``picking.Told``, the cloud's words in it; see :class:`...client.Cloud` for what it raises."""
        try:
            return super().read(operation, raw)
        except TokenRefused as error:
            if operation in _BY_TOKEN:
                raise
            # nothing but the signature says who calls
            raise error.to(LoginRequired, need="credentials") from error

    # Pages

    def link_key(self):
        """Return a new link key: the name under which messages are waited for (2)."""
        return pages.key_in(self._asked(_LINK_KEY), "linkKey")

    def user_key(self, visit: picking.Visit):
        """Return the key with which ``visit`` may open pages (3). It opens them for every browser: keep it
        out of logs.
        """
        body = pages.visit_body(visit, self.config.tax_no)
        return pages.key_in(self._asked(_USER_KEY, {**body, **self._signature()}), "userKey")

    def page(self, kind, user_key, link_key="", serial_no=""):
        """Return the address of a page (4–9) for a browser; ``kind``: ``picking.PICK_PAGE``, ….

        Raises ValueError where the page needs a key that isn't given.
        """
        return pages.address(
            self.options.page_url or self.config.base_url,
            kind,
            userKey=user_key,
            linkKey=link_key,
            serialNo=serial_no,
            sourceType=self.options.announce,
            gridParam=self.options.grid,
        )

    def socket(self, link_key):
        """Return the ``picking.Socket`` on which a browser hears that there is a message of ``link_key`` (12).

        None where the account names no link host, or there is no key. Raises NotSent for a bad address of it.
        """
        if not (link_key and self.options.link_url):
            return None
        return pages.socket(self.options.link_url, self.options.link_version, link_key)

    # Messages and tickets

    def poll(self, link_key, wait=25):
        """Wait at most ``wait`` seconds for a message of ``link_key``; return ``picking.Message`` or None.

        The same message comes again until a RECEIPT was sent for it, so one that is lost on the way, or
        comes just as the time is over, comes again.
        """
        road = self._poll_road(max(1, wait))

        try:
            raw = self._sent(_POLL, lambda token: road.get(_POLL, params={"access_token": token, "key": link_key}))
        except OutcomeUnknown as error:
            if _is_timeout(error):
                return None
            raise
        if raw.status in _QUIET_STATUSES or raw.text.strip() in _EMPTY:
            return None
        answer = opened(raw)
        if answer.ok:
            return messages.read(answer.data)
        if is_nothing(answer, self.options.quiet_codes):
            return None
        raise refusal(answer)

    def tickets(self, serials):
        """Return a ``picking.Ticket`` for each serial number the cloud knows, asked in lots of 50 (18)."""
        wanted, found = list(dict.fromkeys(serial for serial in serials if serial)), []
        for start in range(0, len(wanted), _AT_ONCE):
            body = {"userKey": "", "fid": ",".join(wanted[start : start + _AT_ONCE])}
            found += tickets.read(self._asked(_TICKETS, {**body, **self._signature()}).data)
        return tuple(found)

    def document_tickets(self, user_key, number):
        """Return a ``picking.Ticket`` for each on the document ``number``, as the cloud has it (19)."""
        return tickets.read(self._asked(_DOCUMENT, {"userKey": user_key, "billNumber": number}).data)

    # Calls

    def _signature(self):
        return signature(self.config, self.options, lambda: self._now().timestamp())

    def _asked(self, path, body=None):
        """Ask a question that needs no token; return its successful :class:`.answers.Answer`."""
        self._begin(path)
        try:
            return answered(self._transport.post_json(path, body, headers=_JSON))
        except TokenExpired as error:
            raise error.to(LoginRequired, need="credentials") from error

    def _poll_road(self, wait):
        """Return the connections for polls of ``wait`` seconds: silence is their normal answer."""
        with self._lock:
            if wait not in self._poll_roads:
                patient = replace(self.config, read_timeout=wait, total_timeout=wait + 2)
                self._poll_roads[wait] = Transport(patient)
            return self._poll_roads[wait]


def _is_timeout(error):
    """Return whether an answer failed for want of time: ours, or that of a gateway on the way."""
    if error.code == "504":
        return True
    while error is not None:
        if "timeout" in type(error).__name__.lower() or "timeout" in getattr(error, "code", "").lower():
            return True
        error = error.__cause__ or error.__context__
    return False
