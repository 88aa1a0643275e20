"""The PDF of a fapiao: laid out like a 数电票, on as many pages as its lines need."""
import io
from itertools import zip_longest

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from . import qr
from .capital import capital

SONG = 'STSong-Light'
INK, BROWN, PALE = HexColor('#1a1a1a'), HexColor('#8b3a1e'), Color(0.8, 0.1, 0.1, alpha=0.09)
WIDTH, HEIGHT = A4[0], 140 * mm         # the size of a real one
LEFT, RIGHT = 8 * mm, A4[0] - 8 * mm
ROWS_PER_PAGE = 12
ROW = 4.6 * mm
# title, left edge in mm, aligned right?
COLUMNS = (('项目名称', 9, False), ('规格型号', 62, False), ('单位', 86, False), ('数量', 112, True),
           ('单价', 135, True), ('金额', 160, True), ('税率', 176, True), ('税额', 200, True))


def draw(fapiao, seal=False):
    pdfmetrics.registerFont(UnicodeCIDFont(SONG))
    stream = io.BytesIO()
    # invariant: the same fapiao gives the same bytes, however it is fetched.
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(f'SANDBOX {fapiao.number}')
    canvas.setAuthor('SANDBOX')
    rows = [row for line in fapiao.lines for row in _rows(line)]
    _keep_qr(canvas, fapiao)
    starts = range(0, len(rows), ROWS_PER_PAGE)
    for page, start in enumerate(starts, 1):
        _page(canvas, fapiao, rows[start:start + ROWS_PER_PAGE], page, len(starts), seal)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _page(canvas, fapiao, rows, page, pages, seal):
    _watermark(canvas)
    _head(canvas, fapiao, page, pages)
    _frame(canvas)
    _parties(canvas, fapiao)
    _table(canvas, rows)
    if page == pages:
        _totals(canvas, fapiao)
    _foot(canvas, fapiao)
    if seal:
        _seal(canvas, fapiao)


def _write(canvas, x, y, text, size=9, colour=INK, font=SONG, right=False):
    canvas.setFillColor(colour)
    canvas.setFont(font, size)
    (canvas.drawRightString if right else canvas.drawString)(x, y, text)


def _watermark(canvas):
    canvas.saveState()
    canvas.translate(WIDTH / 2, HEIGHT / 2)
    canvas.rotate(24)
    canvas.setFillColor(PALE)
    canvas.setFont('Helvetica-Bold', 78)
    canvas.drawCentredString(0, -20, 'SANDBOX')
    canvas.restoreState()


def _head(canvas, fapiao, page, pages):
    title = f'电子发票({"增值税专用发票" if fapiao.special else "普通发票"})'
    if fapiao.red:
        title = '红字' + title
    canvas.setFillColor(BROWN)
    canvas.setFont(SONG, 18)
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 16 * mm, title)
    canvas.setStrokeColor(BROWN)
    for gap in (19, 19.8):
        canvas.line(WIDTH / 2 - 38 * mm, HEIGHT - gap * mm, WIDTH / 2 + 38 * mm, HEIGHT - gap * mm)
    _write(canvas, WIDTH / 2, HEIGHT - 25 * mm, '', 7)
    canvas.setFont(SONG, 7)
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 24 * mm, 'SANDBOX 沙箱数据 无法律效力')
    canvas.doForm('qr')
    x = WIDTH - 62 * mm
    for row, (label, value) in enumerate((
            ('发票号码:', fapiao.number),
            ('开票日期:', f'{fapiao.issued_at:%Y}年{fapiao.issued_at:%m}月{fapiao.issued_at:%d}日'))):
        y = HEIGHT - (13 + 6 * row) * mm
        _write(canvas, x, y, label, 9, BROWN)
        _write(canvas, x + 17 * mm, y, value, 9, font='Helvetica' if row == 0 else SONG)
    if pages > 1:
        _write(canvas, x, HEIGHT - 25 * mm, f'共{pages}页 第{page}页', 8, BROWN)


def _keep_qr(canvas, fapiao):
    """Drawn once and used on every page: 400 pages would take a minute otherwise."""
    canvas.beginForm('qr')
    widget = QrCodeWidget(qr.fapiao_text(fapiao), barLevel='M')
    x1, y1, x2, y2 = widget.getBounds()
    size = 20 * mm
    drawing = Drawing(size, size, transform=[size / (x2 - x1), 0, 0, size / (y2 - y1), 0, 0])
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, LEFT, HEIGHT - 27 * mm)
    canvas.endForm()


def _frame(canvas):
    canvas.setStrokeColor(BROWN)
    canvas.setLineWidth(0.6)
    top, bottom = HEIGHT - 29 * mm, 13 * mm
    canvas.rect(LEFT, bottom, RIGHT - LEFT, top - bottom)
    for level in (49, 111, 118):        # parties, lines, total, remark (mm from the top)
        y = HEIGHT - level * mm
        canvas.line(LEFT, y, RIGHT, y)
    canvas.line(WIDTH / 2, top, WIDTH / 2, HEIGHT - 49 * mm)


def _parties(canvas, fapiao):
    for x, label, name, number in (
            (LEFT, '购买方信息', fapiao.buyer_name, fapiao.buyer_no),
            (WIDTH / 2, '销售方信息', fapiao.seller_name, fapiao.seller_no)):
        for row, char in enumerate(label):
            _write(canvas, x + 1.5 * mm, HEIGHT - (33 + 3.6 * row) * mm, char, 8, BROWN)
        canvas.line(x + 6 * mm, HEIGHT - 29 * mm, x + 6 * mm, HEIGHT - 49 * mm)
        _write(canvas, x + 8 * mm, HEIGHT - 36 * mm, '名称:', 9, BROWN)
        _write(canvas, x + 18 * mm, HEIGHT - 36 * mm, name[:24])
        _write(canvas, x + 8 * mm, HEIGHT - 44 * mm, '统一社会信用代码/纳税人识别号:', 8, BROWN)
        _write(canvas, x + 53 * mm, HEIGHT - 44 * mm, number, 8.5, font='Helvetica')


def _table(canvas, rows):
    y = HEIGHT - 53 * mm
    for title, x, right in COLUMNS:
        _write(canvas, x * mm, y, title, 8.5, BROWN, right=right)
    for cells in rows:
        y -= ROW
        for (_, x, right), text in zip(COLUMNS, cells, strict=False):
            _write(canvas, x * mm, y, text, 8, right=right)


def _rows(line):
    """A long name or specification runs on over rows of its own."""
    price = line.price
    if price is not None and line.inclusive:
        price = price / (1 + line.rate)
    names, specs = _pieces(line.name, 18), _pieces(line.spec, 8)
    rows = [[name, spec] for name, spec in zip_longest(names, specs, fillvalue='')]
    rows[0] += [line.unit[:6], _plain(line.quantity), _plain(price), f'{line.net:.2f}', _rate(line),
                f'{line.tax:.2f}' if line.rate else '***']
    return rows


def _pieces(text, width):
    return [text[start:start + width] for start in range(0, len(text), width)] or ['']


def _totals(canvas, fapiao):
    y = HEIGHT - 109.4 * mm
    _write(canvas, 14 * mm, y, '合        计', 9, BROWN)
    _write(canvas, 160 * mm, y, f'¥{fapiao.net:.2f}', 9, right=True)
    _write(canvas, 200 * mm, y, f'¥{fapiao.tax:.2f}', 9, right=True)
    y = HEIGHT - 116 * mm
    _write(canvas, 14 * mm, y, '价税合计(大写)', 9, BROWN)
    _write(canvas, 55 * mm, y, capital(fapiao.gross), 9.5)
    _write(canvas, 150 * mm, y, '(小写)', 9, BROWN)
    _write(canvas, 164 * mm, y, f'¥{fapiao.gross:.2f}', 9.5)


def _foot(canvas, fapiao):
    _write(canvas, LEFT + 1.5 * mm, HEIGHT - 122 * mm, '备注', 8, BROWN)
    notes = [fapiao.remark]
    if fapiao.show_buyer_bank and fapiao.buyer_bank:
        notes.append(f'购方开户银行:{fapiao.buyer_bank}')
    if fapiao.show_seller_bank and fapiao.seller_bank:
        notes.append(f'销方开户银行:{fapiao.seller_bank}')
    text = ';'.join(filter(None, notes)).replace('\n', ' ')
    for row in range(2):
        _write(canvas, 20 * mm, HEIGHT - (121.5 + 3.4 * row) * mm, text[row * 62:row * 62 + 62], 7.5)
    _write(canvas, 14 * mm, 7.5 * mm, '开票人:', 9, BROWN)
    _write(canvas, 28 * mm, 7.5 * mm, fapiao.drawer or '沙箱')


def _seal(canvas, fapiao):
    canvas.saveState()
    canvas.setStrokeColor(Color(0.85, 0.1, 0.1, alpha=0.7))
    canvas.setLineWidth(1.6)
    x, y = WIDTH - 40 * mm, 19 * mm
    canvas.ellipse(x - 15 * mm, y - 10 * mm, x + 15 * mm, y + 10 * mm)
    canvas.setFillColor(Color(0.85, 0.1, 0.1, alpha=0.7))
    canvas.setFont(SONG, 8)
    canvas.drawCentredString(x, y + 3 * mm, fapiao.seller_name[:12])
    canvas.drawCentredString(x, y - 2 * mm, 'SANDBOX 发票专用章')
    canvas.restoreState()


def _rate(line):
    if line.zero_kind == 'exempt':
        return '免税'
    if line.zero_kind == 'untaxed':
        return '不征税'
    return f'{(line.rate * 100).normalize():f}%'


def _plain(value):
    if value is None:
        return ''
    return f'{round(value, 8).normalize():f}'
