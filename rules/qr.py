"""The text of a fapiao's QR code, and its checksum.

``01,type,code,number,amount,YYYYMMDD,check code,CRC``; a digital fapiao has neither code nor check code and
its amount is gross. Source: docs/protocols/tax-rules.md#qr-code.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from .amounts import plain, round2
from .codes import QR_NAMES, QR_TYPES


@dataclass(frozen=True)
class QrCode:
    """Content of a QR code. ``amount`` is gross on a digital fapiao, tax-exclusive on older ones.

    ``crc_ok`` is ``False`` if the checksum fits neither variant and ``None`` if there is none. It is only a
    warning, since some genuine fapiao have checksums that fit neither.
    """

    type: str
    number: str
    amount: Decimal | None
    date: date | None
    code: str = ""
    check_code: str = ""
    crc_ok: bool | None = None

    @property
    def is_digital(self):
        """Whether this is a 数电票."""
        return self.type in QR_NAMES


def crc16(text):
    """Return the CRC-16 of ``text``: polynomial 0x8005, initial 0, no reflection."""
    crc = 0
    for byte in text.encode():
        crc ^= byte << 8
        for _bit in range(8):
            crc = (crc << 1 ^ 0x8005 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def crc16_reflected(text):
    """Return the reflected variant (CRC-16/ARC), found in one public sample."""
    crc = 0
    for byte in text.encode():
        crc ^= byte
        for _bit in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def text(kind, number, gross, day):
    """Return the QR text of a digital fapiao.

    ``kind`` is SPECIAL, ORDINARY or a QR type code, ``gross`` yuan as a Decimal or its text, ``day`` a date.
    """
    body = f"01,{QR_TYPES.get(kind, kind)},,{number},{plain(round2(gross))},{day:%Y%m%d},,"
    return f"{body}{crc16(body):04X}"


def parse(text):
    """Return the :class:`QrCode` of ``text``, or ``None`` if it is no fapiao's QR text."""
    parts = (text or "").strip().rstrip(",").split(",")
    if len(parts) < 6 or parts[0] != "01" or not (parts[1].isdigit() and parts[3].isdigit()):
        return None
    parts = [part.strip() for part in (*parts, "", "")][:8]
    _version, type_code, code, number, amount, day, check_code, crc = parts
    return QrCode(
        type=type_code,
        number=number,
        amount=_amount(amount),
        date=_date(day),
        code=code,
        check_code=check_code,
        crc_ok=_crc_ok(text.strip(), crc),
    )


def _crc_ok(text, crc):
    if not crc:
        return None
    body = text.rstrip(",")[: -len(crc)]
    try:
        return int(crc, 16) in (crc16(body), crc16_reflected(body))
    except ValueError:
        return False


def _amount(text):
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return round2(amount) if amount.is_finite() else None


def _date(text):
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return None
