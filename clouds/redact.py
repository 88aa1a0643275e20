"""Take the secrets out of what goes into a journal or a log."""

import base64
import binascii
import hashlib
import json
import logging
import re
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

MASK = "***"
_EXACT = {"pass", "pin", "sms", "cert", "authorization", "cookie", "setcookie", "captcha", "sign"}
_EXACT |= {"key", "userkey", "linkkey", "qrid", "ewmid"}  # these alone open a page or a code
_PARTS = ("password", "passwd", "pwd", "secret", "securet", "token", "accesskey", "apikey", "certpin")
_HARMLESS = {"tokentype", "tokenheader", "tokenprefix", "tokenlifetime"}
_FILE = re.compile(r"(?:data:[\w/+.;-]{0,60},)?[A-Za-z0-9+/_-][A-Za-z0-9+/_=\s-]{511,}")
_FORM = re.compile(r"[^\s=&{}<>]+=[^\s&{}<>]*(?:&[^\s=&{}<>]+=[^\s&{}<>]*)*")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
_LONG = re.compile(r"[0-9A-Za-z+/=_.-]{16,}")
_DIGIT = re.compile(r"[0-9]")
_QUERY = re.compile(r"\?\S+")
_LEAST = 4  # characters of a secret: what is shorter stands in texts by chance
_NESTED = 3  # levels of JSON in strings of JSON
_ADDRESS = re.compile(r"(?:file|pdf|ofd|xml|image)url$")
_IN_TEXT = re.compile(
    r"""(?ix)
    (?<![a-z]) ( authorization | access_?token | app_?token | refresh_?token | token | password | passwd
      | pwd | pass | app_?secu?ret | client_?secret | secret | sms | pin | user_?key | link_?key | sign )
    ( ["']? \s* [:=] \s* ["']? (?: bearer\s+ | basic\s+ )? ) [^\s"'&,;}<]+
    """
)


def redact(value, secrets=()):
    """Return a copy of ``value`` (dict, list, text of JSON, form or anything) fit for a journal.

    Values under secret-looking keys become ``***``, and so does every occurrence of the strings in ``secrets``.
    Base64 files shrink to size and digest, addresses of files lose what signs them. JSON in base64 becomes JSON
    text, or a secret could hide in it.
    """
    known = sorted({str(secret) for secret in secrets if len(str(secret or "")) >= _LEAST}, key=len, reverse=True)
    return _redact(value, known)


def secrets_in(*parts):
    """Return the texts under secret-looking keys of ``parts`` (dicts of what is sent): what must not show where the
    peer repeats it."""
    items = [item for part in parts for item in (part or {}).items()]
    return {str(value) for key, value in items if value and _is_secret(key)}


def without(text, secrets):
    """Return ``text`` without ``secrets``, whether they stand there as they are, in JSON, in a form or an address."""
    for secret in sorted({str(secret) for secret in secrets}, key=len, reverse=True):
        if len(secret) >= _LEAST:
            text = _hide(text, sorted(_written(secret), key=len, reverse=True))
    return text


def _written(secret):
    """Return the ways in which ``secret`` is written in an answer: plain, in a form, in JSON and in JSON in a string
    of JSON.
    """
    forms = {secret, quote(secret, safe=""), quote_plus(secret)}
    level = {secret}
    for _level in range(_NESTED):
        level = {json.dumps(form, ensure_ascii=pure)[1:-1] for form in level for pure in (True, False)}
        forms |= level
    return forms


def without_codes(text):
    """Return ``text`` without what looks like a token: an answer that can't be read may have one in it."""
    return _LONG.sub(lambda found: MASK if _DIGIT.search(found[0]) else found[0], text)


class HideSecrets(logging.Filter):
    """Takes the secrets out of the texts a library logs, and the queries of addresses whole: tokens and keys stand
    there, and what signs the address of a file."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(
                _QUERY.sub(f"?{MASK}", _masked(arg)) if isinstance(arg, str) else arg for arg in record.args
            )
        return True


def _redact(value, known):
    if isinstance(value, dict):
        return {key: _redact_item(key, item, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redact(item, known) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _digest("bytes", bytes(value))
    if isinstance(value, str):
        return _hide(_redact_text(value, known), known)
    return value


def _redact_item(key, item, known):
    if _is_secret(key) and item not in (None, ""):
        return MASK
    if isinstance(item, str) and _ADDRESS.search(_bare(key)):
        return _hide(_unsigned(item), known)
    return _redact(item, known)


def _unsigned(address):
    """Return the address of a file without its query: who has that may fetch the file."""
    place, mark, query = address.partition("?")
    return f"{place}?{MASK}" if mark and query else address


def _bare(key):
    return re.sub(r"[^a-z0-9]", "", str(key).rpartition("[")[2].lower())


def _is_secret(key):
    name = _bare(key)
    if name in _HARMLESS:
        return False
    return name in _EXACT or any(part in name for part in _PARTS)


def _redact_text(text, known):
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _dumped(_redact(json.loads(text, parse_float=_number), known))
        except (ValueError, RecursionError):
            pass
    inner = _json_in_base64(text)
    if inner:
        return _redact_text(inner, known)
    if len(text) >= 512 and _FILE.fullmatch(text):
        return _digest("base64", text.encode())
    address, mark, query = text.partition("?")
    if mark and address.startswith(("http://", "https://")) and not any(map(str.isspace, address)):
        return address + mark + _redact_text(query, known)
    if "=" in text and _FORM.fullmatch(text):
        pairs = parse_qsl(text, keep_blank_values=True)
        return urlencode([(key, MASK if _is_secret(key) else value) for key, value in pairs], safe="[]*")
    return _masked(text)


def _dumped(value):
    """Return the JSON of ``value``, with lone surrogates as escapes: no database holds them."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def _masked(text):
    return _IN_TEXT.sub(rf"\1\2{MASK}", text)


def _number(text):
    """Return a JSON number as float where that keeps its value, else as it is written."""
    number = float(text)
    try:
        return number if Decimal(repr(number)) == Decimal(text) else text
    except InvalidOperation:
        return text


def _json_in_base64(text):
    """Return the text of the JSON object or array in base64 ``text``, "" where there is none."""
    if len(text) % 4 or text[:1] not in "eWICD" or not _BASE64.fullmatch(text):
        return ""
    try:
        inner = base64.b64decode(text, validate=True).decode()
        return inner if isinstance(json.loads(inner), (dict, list)) else ""
    except (binascii.Error, ValueError, RecursionError):
        return ""


def _hide(text, known):
    for secret in known:
        text = text.replace(secret, MASK)
    return text


def _digest(kind, data):
    return f"<{kind}, {len(data)} long, sha256 {hashlib.sha256(data).hexdigest()[:16]}>"
