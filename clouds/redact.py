"""Take the secrets out of what goes into a journal or a log."""

import hashlib
import json
import re
from urllib.parse import parse_qsl, urlencode

MASK = "***"
_EXACT = {"pass", "pin", "sms", "cert", "authorization", "cookie", "setcookie", "captcha", "sign"}
_PARTS = ("password", "passwd", "pwd", "secret", "securet", "token", "accesskey", "apikey", "certpin")
_HARMLESS = {"tokentype", "tokenheader", "tokenprefix", "tokenlifetime"}
_FILE = re.compile(r"(?:data:[\w/+.;-]{0,60},)?[A-Za-z0-9+/_-][A-Za-z0-9+/_=\s-]{511,}")
_FORM = re.compile(r"[^\s=&{}<>]+=[^\s&{}<>]*(?:&[^\s=&{}<>]+=[^\s&{}<>]*)*")
_IN_TEXT = re.compile(
    r"""(?ix)
    (?<![a-z]) ( authorization | access_?token | app_?token | refresh_?token | token | password | passwd
      | pwd | pass | app_?secu?ret | client_?secret | secret | sms | pin )
    ( ["']? \s* [:=] \s* ["']? (?: bearer\s+ | basic\s+ )? ) [^\s"'&,;}<]+
    """
)


def redact(value, secrets=()):
    """Return a copy of ``value`` (dict, list, text of JSON, form or anything) fit for a journal.

    Values under secret-looking keys become ``***``, base64 files shrink to size and digest, and so
    does every occurrence of the strings in ``secrets``.
    """
    known = sorted({str(secret) for secret in secrets if len(str(secret or "")) >= 4}, key=len, reverse=True)
    return _redact(value, known)


def _redact(value, known):
    if isinstance(value, dict):
        return {
            key: MASK if _is_secret(key) and item not in (None, "") else _redact(item, known)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_redact(item, known) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _digest("bytes", bytes(value))
    if isinstance(value, str):
        return _hide(_redact_text(value, known), known)
    return value


def _is_secret(key):
    name = re.sub(r"[^a-z0-9]", "", str(key).rpartition("[")[2].lower())
    if name in _HARMLESS:
        return False
    return name in _EXACT or any(part in name for part in _PARTS)


def _redact_text(text, known):
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.dumps(_redact(json.loads(text), known), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    if len(text) >= 512 and _FILE.fullmatch(text):
        return _digest("base64", text.encode())
    address, mark, query = text.partition("?")
    if mark and address.startswith(("http://", "https://")) and not any(map(str.isspace, address)):
        return address + mark + _redact_text(query, known)
    if "=" in text and _FORM.fullmatch(text):
        pairs = parse_qsl(text, keep_blank_values=True)
        return urlencode([(key, MASK if _is_secret(key) else value) for key, value in pairs], safe="[]*")
    return _IN_TEXT.sub(rf"\1\2{MASK}", text)


def _hide(text, known):
    for secret in known:
        text = text.replace(secret, MASK)
    return text


def _digest(kind, data):
    return f"<{kind}, {len(data)} long, sha256 {hashlib.sha256(data).hexdigest()[:16]}>"
