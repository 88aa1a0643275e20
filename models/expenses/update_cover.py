"""The cover of a document: a one-page PDF, drawn without a browser."""

import io

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

FONT = "STSong-Light"  # included in every PDF reader, with Chinese; nothing is embedded
LONGEST = 60


def cover_pdf(title, rows):
    """Return an A4 page with ``title`` and ``rows`` of label and value, if any; same input, same bytes."""
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=A4, invariant=1)
    width, height = A4
    canvas.setTitle(title)
    canvas.setFont(FONT, 16)
    canvas.drawString(20 * mm, height - 30 * mm, title[:LONGEST])
    canvas.line(20 * mm, height - 34 * mm, width - 20 * mm, height - 34 * mm)
    canvas.setFont(FONT, 11)
    top = height - 44 * mm
    for label, value in rows:
        if value:
            canvas.drawString(20 * mm, top, str(label)[:LONGEST])
            canvas.drawString(60 * mm, top, str(value)[:LONGEST])
            top -= 8 * mm
    canvas.showPage()
    canvas.save()
    return page.getvalue()
