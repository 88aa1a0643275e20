"""The PDF of a fapiao or of an expense ticket. Plain: only what a person compares."""

import io

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from . import qr

SONG = "STSong-Light"
WIDTH, HEIGHT = A4[0], 140 * mm  # the size of a real one
ROWS_PER_PAGE = 12
TICKET_ROWS = 19  # of a column
WARNING = "SANDBOX 沙箱数据 无法律效力"
# Title, left edge in mm, characters that fit.
COLUMNS = (("项目名称", 9, 18), ("规格型号", 76, 7), ("单位", 98, 4), ("数量", 108, 11), ("单价", 128, 13))
COLUMNS += (("金额", 150, 12), ("税率", 172, 6), ("税额", 184, 12))


def _canvas(stream, title):
    pdfmetrics.registerFont(UnicodeCIDFont(SONG))
    # invariant: the same fapiao gives the same bytes, however it is fetched.
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(f"SANDBOX {title}")
    return canvas


def _write(canvas, texts):
    """Texts by their place in mm from the upper left corner, and their size."""
    for x, y, size, text in texts:
        canvas.setFont(SONG, size)
        canvas.drawString(x * mm, HEIGHT - y * mm, text)


def draw_ticket(slip):
    stream = io.BytesIO()
    canvas = _canvas(stream, slip.serial)
    told = {"价税合计": f"{slip.total}", "税额": f"{slip.tax}", "serialNo": slip.serial, **slip.told}
    rows = [f"{key}: {value[:40]}" for key, value in told.items() if isinstance(value, str) and value]
    _write(canvas, [(75, 15, 8, WARNING)])
    for number, text in enumerate(rows[: 2 * TICKET_ROWS]):
        column, row = divmod(number, TICKET_ROWS)
        _write(canvas, [(10 + 90 * column, 25 + 5.5 * row, 8, text)])
    canvas.save()
    return stream.getvalue()


def draw(fapiao, seal=False):
    """On as many pages as its lines need."""
    stream = io.BytesIO()
    canvas = _canvas(stream, fapiao.number)
    _keep_qr(canvas, fapiao)
    rows = [row for line in fapiao.lines for row in _rows(line)]
    starts = range(0, len(rows), ROWS_PER_PAGE)
    for page, start in enumerate(starts, 1):
        _write(canvas, _head(fapiao, f"共{len(starts)}页 第{page}页"))
        for place, cells in enumerate([[title for title, *_ in COLUMNS], *rows[start : start + ROWS_PER_PAGE]]):
            y = 56 + 4.5 * place
            _write(canvas, [(x, y, 8, text) for (_, x, _width), text in zip(COLUMNS, cells, strict=True)])
        _write(canvas, _foot(fapiao, seal))
        canvas.doForm("qr")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _head(fapiao, pages):
    kind = "增值税专用发票" if fapiao.special else "普通发票"
    return [
        (70, 15, 18, f"{'红字' if fapiao.red else ''}电子发票({kind})"),
        (80, 22, 8, WARNING),
        (148, 13, 9, f"发票号码:{fapiao.number}"),
        (148, 19, 9, f"开票日期:{fapiao.issued_at:%Y}年{fapiao.issued_at:%m}月{fapiao.issued_at:%d}日"),
        (148, 25, 8, pages),
        (9, 36, 9, f"名称:{fapiao.buyer_name[:24]}"),
        (109, 36, 9, f"名称:{fapiao.seller_name[:24]}"),
        (9, 44, 8.5, f"纳税人识别号:{fapiao.buyer_no}"),
        (109, 44, 8.5, f"纳税人识别号:{fapiao.seller_no}"),
    ]


def _foot(fapiao, seal):
    buyer_bank = f"购方开户银行:{fapiao.buyer_bank}" if fapiao.show_buyer_bank and fapiao.buyer_bank else ""
    seller_bank = f"销方开户银行:{fapiao.seller_bank}" if fapiao.show_seller_bank and fapiao.seller_bank else ""
    note = ";".join(filter(None, [fapiao.remark, buyer_bank, seller_bank])).replace("\n", " ")
    return [
        (9, 116, 9, f"合计 ¥{fapiao.net:.2f} ¥{fapiao.tax:.2f}  价税合计 ¥{fapiao.gross:.2f}"),
        (9, 122, 8, f"备注 {note[:62]}"),
        (9, 126, 8, note[62:124]),
        (9, 133, 9, f"开票人:{fapiao.drawer or '沙箱'}"),
        (140, 133, 9, f"{fapiao.seller_name[:12]} SANDBOX 发票专用章" if seal else ""),
    ]


def _rows(line):
    """Texts that are too long run on over rows of their own."""
    rate = {"exempt": "免税", "untaxed": "不征税"}.get(line.zero_kind, f"{(line.rate * 100).normalize():f}%")
    amounts = (f"{line.net:.2f}", rate, f"{line.tax:.2f}" if line.rate else "***")
    cells = (line.name, line.spec, line.unit, _plain(line.quantity), _plain(line.net_price), *amounts)
    sized = [(text, width) for text, (_title, _x, width) in zip(cells, COLUMNS, strict=True)]
    count = max(-(-len(text) // width) for text, width in sized)
    return [[text[width * row : width * (row + 1)] for text, width in sized] for row in range(count)]


def _plain(value):
    return "" if value is None else f"{round(value, 8).normalize():f}"


def _keep_qr(canvas, fapiao):
    """Drawn once and used on every page: 400 pages would take a minute otherwise."""
    canvas.beginForm("qr")
    widget = QrCodeWidget(qr.fapiao_text(fapiao), barLevel="M")
    x1, y1, x2, y2 = widget.getBounds()
    size = 20 * mm
    drawing = Drawing(size, size, transform=[size / (x2 - x1), 0, 0, size / (y2 - y1), 0, 0])
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, 8 * mm, HEIGHT - 27 * mm)
    canvas.endForm()
