"""QR codes: the text on a fapiao with its checksum, and pictures to scan."""

import io

import qrcode

from ..clock import SHANGHAI


def png(text):
    """A PNG picture of this text."""
    stream = io.BytesIO()
    qrcode.make(text, box_size=6, border=2).save(stream, "PNG")
    return stream.getvalue()


def ticket(slip):
    return png(f"SANDBOX {slip.serial} {slip.kind} {slip.total}")


def fapiao_text(fapiao):
    """01,type,,number,gross,YYYYMMDD,,CRC."""
    kind, day = "31" if fapiao.special else "32", fapiao.issued_at.astimezone(SHANGHAI)
    text = f"01,{kind},,{fapiao.number},{fapiao.gross:.2f},{day:%Y%m%d},,"
    return f"{text}{crc(text):04X}"


def crc(text):
    """CRC-16, polynomial 0x8005, initial 0, no reflection."""
    value = 0
    for byte in text.encode():
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x8005 if value & 0x8000 else value << 1) & 0xFFFF
    return value
