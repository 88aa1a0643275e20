"""Which addresses may be called: the cloud's own base address, and the files it points at."""

import ipaddress
from urllib.parse import urlsplit

from .errors import NotSent

_PORTS = {"http": 80, "https": 443}
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def checked_base(url):
    """Return ``url`` without a trailing slash; raise :class:`NotSent` where it can't be a base address.

    Passwords travel to it, so plain http is allowed on this machine and in private networks only
    (the sandbox, a gateway of one's own).
    """
    text = (url or "").strip()
    parts = _parts(text)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotSent(
            f"The cloud's address {text!r} is not complete: it must look like https://host or "
            "https://host/path",
            code="bad_address",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise NotSent(
            "The cloud's address must hold nothing but scheme, host, port and path",
            code="bad_address",
        )
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
    host = (host or "").strip("[]").rstrip(".").lower()
    try:
        return is_private_ip(host)
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_SUFFIXES)


def is_private_ip(text):
    """Return whether the IP address ``text`` is not one of the public internet; ValueError if none."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not mapped.is_global or mapped.is_multicast


def _parts(text):
    if any(ord(char) <= 32 or ord(char) == 127 or char == "\\" for char in text):
        return None
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is the check: a bad port raises
    except ValueError:
        return None
    return parts
