"""What all clients share: connections, a token that is renewed once, readers, files by address."""

import re

from .base import DOWNLOAD, ORDERS, Cloud, NotFound
from .classified import classified
from .errors import OutcomeUnknown, TokenExpired, TokenRefused
from .tokens import utc_now
from .transport import Transport

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF", b"%PDF-")
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+)?html", re.IGNORECASE)


class Client(Cloud):
    """A cloud that hands out access tokens; a provider's client names its own parts."""

    options_of = tokens_of = None  # classes of the settings and of the token
    readers = {}  # operation: function that reads a ``RawAnswer``
    kinds = ("pdf", "ofd", "xml")  # of files

    def __init__(self, config, slot, now=utc_now):
        super().__init__(config, slot)
        self.options = self.options_of.of(config)
        self._now = now
        self._transport = Transport(config)
        self._tokens = self.tokens_of(config, self.options, slot, self._transport, now)

    def close(self):
        self._transport.close()

    def is_ready(self):
        return not self._tokens.is_due()

    def prepare(self):
        self._tokens.current()

    def test(self):
        self._tokens.fresh()

    def read(self, operation, raw):
        """Return what ``raw`` means; see :class:`.base.Cloud`."""
        try:
            return self.readers[operation](raw)
        except TokenExpired as error:
            raise error.to(TokenRefused) from error
        except OutcomeUnknown as error:
            raise classified(error, self.config.classified) from None

    def file_at(self, address, kind):
        """Return the bytes of the ``kind`` of file at ``address``, ``NotFound`` without an address.

        Raises NotSent, or OutcomeUnknown where something else lies there.
        """
        self._check_kind(kind)
        if not address:
            return NotFound("", "no_address")
        self._begin(DOWNLOAD)
        content = self._transport.download(address)
        if not is_kind(content, kind):
            raise OutcomeUnknown(f"What lies at the address is no {kind.upper()}", "unreadable_file")
        return content

    def _check_kind(self, kind):
        if kind not in self.kinds:
            raise ValueError(f"{kind!r} is no kind of file")

    def _sent(self, operation, call):
        """Return ``call(token)``. Where the cloud turned it away unread, the token is renewed once and the call
        made again; an order isn't: its caller asks about it first.
        """
        token = self._tokens.current()
        self._begin(operation)
        raw = call(token)
        if not self._is_unread(raw):
            return raw
        if operation in ORDERS:
            self._tokens.forget(token)
            return raw
        raw = call(self._tokens.renewed(token))
        if self._is_unread(raw):
            raise self._refused_again(raw)
        return raw

    def _is_unread(self, raw):
        """Return whether the cloud turned a call away because of its token, without reading it."""
        raise NotImplementedError

    def _refused_again(self, raw):
        """Return the error of a token that the cloud handed out itself and doesn't accept."""
        raise NotImplementedError


def is_kind(content, kind):
    """Return whether bytes begin as a ``pdf``, ``ofd``, ``xml`` or ``image`` does; a web page is none."""
    start = content[:1024]
    if kind == "image":
        return start.startswith(_PICTURES)
    if kind == "pdf":
        return b"%PDF-" in start
    if kind == "ofd":
        return start.startswith(b"PK\x03\x04")
    bare = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bare.startswith(b"<") and not _WEB_PAGE.match(bare)
