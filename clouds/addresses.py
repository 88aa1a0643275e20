"""Which addresses may be called: the cloud's own base address, and the files it points at."""

import ipaddress
import re
import socket
import unicodedata
from urllib.parse import urlsplit

from .errors import NotSent

_PORTS = {"http": 80, "https": 443}
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
# IPv4-compatible, -mapped and -translated addresses, and NAT64
_LAST_32_BITS = [ipaddress.IPv6Network(text) for text in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")]
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
# The bytes in which RFC 6052 puts the IPv4 address, by the length of the prefix: 48, 56, 64, 96
_NAT64_PLACES = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))


def checked_base(url):
    """Return ``url`` without a trailing slash; raise :class:`NotSent` where it can't be a base address.

    Passwords travel to it, so plain http is allowed on this machine and in private networks only
    (the sandbox, a gateway of one's own).
    """
    text = (url or "").strip()
    parts = _parts(text)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotSent(
            f"The cloud's address {text!r} is not complete: it must look like https://host or https://host/path",
            code="bad_address",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise NotSent("The cloud's address must hold nothing but scheme, host, port and path", code="bad_address")
    if parts.scheme == "http" and not is_private(parts.hostname):
        raise NotSent(
            f"The cloud's address {text!r} must start with https://: passwords travel over it",
            code="bad_address",
        )
    return text.rstrip("/")


def checked_file(url):
    """Return the host of a file's address; raise :class:`NotSent` if it isn't plain http(s)."""
    parts = _parts((url or "").strip())
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise NotSent("The cloud named a file address that is no web address", code="bad_address")
    return parts.hostname


def is_path(text):
    """Return whether ``text`` is a plain path that can follow the base address: what is sent there stays at its
    host.
    """
    return bool(_PATH.fullmatch(text or "")) and ".." not in text.split("/")


def fits_mode(url, mode):
    """Return whether an account in ``mode`` may speak to ``url``: a sandbox is on this machine or in a
    private network, the tax bureau is behind none of these.
    """
    parts = _parts((url or "").strip())
    if parts is None or not parts.hostname:
        return False
    if mode == "sandbox":
        return is_private(parts.hostname)
    return parts.scheme == "https" and not is_private(parts.hostname)


def leads_inside(url):
    """Return whether ``url`` is an address on this machine or in a private network."""
    return fits_mode(url, "sandbox")


def checked_mode(url, mode):
    """Raise :class:`NotSent` where ``url`` doesn't fit ``mode``: addresses also change by import or SQL."""
    if not fits_mode(url, mode):
        raise NotSent(f"The address {url!r} does not fit the mode {mode!r}", code="address_mode")


def origin(url):
    """Return ``(scheme, host, port)`` of ``url``; nothing but the text where it is no address."""
    parts = _parts((url or "").strip())
    if parts is None or not parts.hostname:
        return ((url or "").strip(),)
    return parts.scheme, parts.hostname.rstrip("."), parts.port or _PORTS.get(parts.scheme)


def normalised(url):
    """Return ``url`` so that two texts of one address are equal: ports spelled out, no slash at the end."""
    text = (url or "").strip()
    if len(where := origin(text)) == 1:
        return text
    scheme, host, port = where
    parts = _parts(text)
    rest = parts._replace(scheme="", netloc="", path=parts.path.rstrip("/")).geturl()
    return f"{scheme}://{host}:{port or ''}{rest}"


def is_private(host):
    """Return whether ``host`` (a name or an IP address) is this machine or in a private network.

    A name is judged by its looks: one without a dot, or under a suffix reserved for private use.
    """
    # as a resolver reads it: full-width digits and dots are usual ones, 127.1 and 0x7f.0.0.1 are addresses
    host = unicodedata.normalize("NFKC", host or "").replace("。", ".").strip("[]").rstrip(".").lower()
    try:
        return is_private_ip(host)
    except ValueError:
        pass
    try:
        return is_private_ip(socket.inet_ntoa(socket.inet_aton(host)))
    except (OSError, ValueError):
        return "." not in host or host.endswith(_PRIVATE_SUFFIXES)


def is_private_ip(text):
    """Return whether the IP address ``text`` is not one of the public internet; ValueError if none.

    An IPv6 address that a gateway or tunnel turns into IPv4 counts as the IPv4 address in it.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.version == 4:
        return _is_private(address)
    embedded = _embedded(address)
    if embedded is None:
        return _is_private(address) or address.is_site_local
    return not embedded or any(map(_is_private, embedded))


def _is_private(address):
    return not address.is_global or address.is_multicast


def _embedded(address):
    """Return the IPv4 addresses in an IPv6 one, None where it is of a kind that embeds none."""
    if address.teredo:
        return address.teredo
    if address.sixtofour:
        return (address.sixtofour,)
    if address in _LOCAL_NAT64:
        # the length of the prefix is the network's own choice; what it doesn't use is zero
        found = [ipaddress.IPv4Address(bytes(map(address.packed.__getitem__, at))) for at in _NAT64_PLACES]
        return [embedded for embedded in found if embedded.packed[0]]
    if any(address in network for network in _LAST_32_BITS):
        return (ipaddress.IPv4Address(address.packed[12:]),)
    return None


def _parts(text):
    if any(ord(char) <= 32 or ord(char) == 127 or char == "\\" for char in text):
        return None
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is the check: a bad port raises
    except ValueError:
        return None
    return parts
