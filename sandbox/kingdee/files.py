"""The addresses of a fapiao's files, and what they serve. They need no token."""
import hashlib
from urllib.parse import urlencode

from ..render import ofd, pdf, xml

PATH = '/files/invoice'
TYPES = {'PDF': 'application/pdf', 'OFD': 'application/ofd', 'XML': 'application/xml'}
DRAW = {'PDF': pdf.draw, 'OFD': ofd.draw, 'XML': xml.draw}


def address(world, fapiao, kind):
    query = urlencode({'invoiceNum': fapiao.number, 'type': kind, 'sign': _sign(fapiao.number)})
    return f'{world.url}/kingdee{PATH}?{query}'


def _sign(number):
    return hashlib.sha256(f'SANDBOX-kingdee-{number}'.encode()).hexdigest()[:16]


def download(world, args):
    """The bytes and type of an address handed out; None for a wrong one."""
    number, kind = args.get('invoiceNum', ''), args.get('type')
    with world.acting():
        fapiao = world.fapiao.get(number)
    if fapiao is None or kind not in TYPES or args.get('sign') != _sign(number):
        return None
    return DRAW[kind](fapiao), TYPES[kind]
