"""The files of an expense ticket: a PDF of its details, and a picture that says which ticket it is."""

import io

from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from . import qr
from .pdf import SONG

WIDTH, HEIGHT = 190 * mm, 130 * mm
ROWS = 17  # of a column


def pdf(slip):
    pdfmetrics.registerFont(UnicodeCIDFont(SONG))
    stream = io.BytesIO()
    # invariant: the same ticket gives the same bytes.
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(f"SANDBOX {slip.serial}")
    canvas.setFont(SONG, 8)
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 15 * mm, "SANDBOX 沙箱数据 无法律效力")
    rows = [("价税合计", f"{slip.total}"), ("税额", f"{slip.tax}"), ("serialNo", slip.serial)]
    rows += [(key, value) for key, value in slip.told.items() if isinstance(value, str) and value]
    for number, (label, value) in enumerate(rows[: 2 * ROWS]):
        column, row = divmod(number, ROWS)
        canvas.drawString((10 + 90 * column) * mm, HEIGHT - (25 + 5.5 * row) * mm, f"{label}: {value[:40]}")
    canvas.save()
    return stream.getvalue()


def png(slip):
    return qr.png(f"SANDBOX {slip.serial} {slip.kind} {slip.total}")
