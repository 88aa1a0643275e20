"""The text of a digital fapiao's QR code: ``01,type,,number,gross,YYYYMMDD,,CRC``.

Source: docs/protocols/tax-rules.md#qr-code.
"""

from .amounts import plain, round2
from .document import ORDINARY, SPECIAL

TYPES = {SPECIAL: "31", ORDINARY: "32"}


def crc16(text):
    """Return the CRC-16 of ``text``: polynomial 0x8005, initial 0, no reflection."""
    crc = 0
    for byte in text.encode():
        crc ^= byte << 8
        for _bit in range(8):
            crc = (crc << 1 ^ 0x8005 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def text(kind, number, gross, day):
    """Return the QR text of a digital fapiao.

    ``kind`` is SPECIAL or ORDINARY, ``gross`` yuan as a Decimal or its text, ``day`` a date.
    """
    body = f"01,{TYPES[kind]},,{number},{plain(round2(gross))},{day:%Y%m%d},,"
    return f"{body}{crc16(body):04X}"
