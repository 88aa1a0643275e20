"""The addresses of a ticket's files, and what they serve. They need no token."""
import hashlib
import io
from urllib.parse import urlencode

from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from ..render import qr
from ..render.pdf import SONG
from . import kinds

PATH = '/files/ticket'
TYPES = {'pdf': 'application/pdf', 'png': 'image/png'}
WIDTH, HEIGHT = 190 * mm, 130 * mm
ROWS = 17       # of a column


def address(world, slip, kind):
    query = urlencode({'serialNo': slip.serial, 'type': kind, 'sign': _sign(slip.serial)})
    return f'{world.url}/assistant{PATH}?{query}'


def _sign(serial):
    return hashlib.sha256(f'SANDBOX-assistant-{serial}'.encode()).hexdigest()[:16]


def download(world, args):
    """The bytes and type of an address handed out; None for a wrong one."""
    serial, kind = args.get('serialNo', ''), args.get('type')
    with world.acting():
        slip = world.slips.get(serial)
    if slip is None or kind not in TYPES or args.get('sign') != _sign(serial):
        return None
    return DRAW[kind](slip), TYPES[kind]


def pdf(slip):
    pdfmetrics.registerFont(UnicodeCIDFont(SONG))
    stream = io.BytesIO()
    # invariant: the same ticket gives the same bytes.
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(f'SANDBOX {slip.serial}')
    canvas.setFont(SONG, 15)
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 15 * mm, kinds.KINDS[slip.kind].name)
    canvas.setFont(SONG, 8)
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 20 * mm, 'SANDBOX 沙箱数据 无法律效力')
    rows = [('价税合计', f'{slip.total}'), ('税额', f'{slip.tax}'), ('serialNo', slip.serial)]
    rows += [(key, value) for key, value in slip.told.items() if isinstance(value, str) and value]
    for number, (label, value) in enumerate(rows[:2 * ROWS]):
        column, row = divmod(number, ROWS)
        canvas.drawString((10 + 90 * column) * mm, HEIGHT - (30 + 5.5 * row) * mm, f'{label}: {value[:40]}')
    canvas.save()
    return stream.getvalue()


def png(slip):
    """A picture that says which ticket it is, to whoever scans it."""
    return qr.png(f'SANDBOX {slip.serial} {slip.kind} {slip.total}')


DRAW = {'pdf': pdf, 'png': png}
