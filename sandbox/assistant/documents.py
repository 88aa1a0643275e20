"""Documents and their tickets: cache, save, status, delete (docs/protocols/kingdee-assistant.md#documents)."""
import base64
import binascii
import hashlib

from ..errors import Refused
from . import journal, rules
from .protocol import Answer
from .records import STATES, UNUSED, Document, serials_of

DONE = '成功'
COVERS = ('pdf', 'jpg', 'jpeg', 'png', 'bmp', 'gif', 'tif', 'tiff', 'ofd')


# --- finding ---

def key_of(exchange):
    """Without a bxd_key the document's number stands for it."""
    return exchange.text('bxd_key') or exchange.text('billnumber')


def find(exchange):
    document = exchange.world.documents.get(f'{exchange.tax_no}/{key_of(exchange)}')
    return None if document is None or document.deleted else document


def _open(exchange):
    """The document, made where it isn't there yet; its number may have changed meanwhile."""
    document = find(exchange) or Document(exchange.tax_no, key_of(exchange), '')
    document.number = exchange.text('billnumber')
    document.client_id, document.eid = exchange.client.client_id, exchange.text('eid')
    document.bill_type_id = exchange.text('billTypeId')
    exchange.world.documents[document.key] = document
    exchange.world.keep(document)
    return document


def _demand(exchange, *more):
    exchange.demand('tin', 'eid', 'billTypeId', 'billnumber', *more)


def slip(world, serial):
    found = world.slips.get(serial)
    if found is None or found.replaced_by:
        raise Refused(f'发票流水号{serial}不存在')
    return found


# --- cache and save ---

def cache(exchange):
    _demand(exchange)
    lines = _lines(exchange)
    document = _open(exchange)
    document.cached = lines
    journal.note(exchange, document, serials=serials_of(lines))
    return Answer(bare=True)


def save(exchange):
    _demand(exchange)
    lines, cover = _lines(exchange), _cover(exchange)
    document = _open(exchange)
    serials = serials_of(lines)
    for serial in serials:
        _demand_free(exchange, slip(exchange.world, serial), document, _may_repeat(exchange))
    before = journal.states(exchange.world, {*serials, *document.serials})
    for serial in set(document.serials) - set(serials):
        _free(exchange.world, document, serial)
    document.lines, document.cached, document.saved = lines, None, True
    document.cover = cover or document.cover
    journal.note(exchange, document, serials=serials, before=before, cover=cover.get('number', ''))
    return Answer(bare=True)


def _may_repeat(exchange):
    return exchange.user is not None and exchange.user.ticket_param[0] == '1'


def _lines(exchange):
    given = exchange.body.get('data')
    if not isinstance(given, list):
        raise Refused('参数data应为数组')
    return [_line(exchange, each) for each in given]


def _line(exchange, given):
    if not isinstance(given, dict) or not isinstance(given.get('fid'), list):
        raise Refused('参数fid应为数组')
    serials = [str(each) for each in given['fid']]
    for serial in serials:
        slip(exchange.world, serial)
    return {'entryid': str(given.get('entryid') or ''), 'fid': serials,
            'costTypeId': str(given.get('costTypeId') or ''),
            'costTypeName': str(given.get('costTypeName') or '')}


def _cover(exchange):
    content = exchange.text('coverBase64')
    if not content:
        return {}
    exchange.demand('coverFileType', 'coverNumber')
    if exchange.text('coverFileType').lower() not in COVERS:
        raise Refused('coverFileType不支持')
    try:
        raw = base64.b64decode(content.encode('ascii'), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Refused('coverBase64不是合法的base64字符串') from None
    return {'type': exchange.text('coverFileType'), 'number': exchange.text('coverNumber'), 'size': len(raw),
            'sha256': hashlib.sha256(raw).hexdigest(), 'content': content}


def _demand_free(exchange, slip, document, may_repeat):
    if rules.elsewhere(slip, document.key) and not may_repeat:
        raise Refused(f'发票{slip.told.get("invoiceNo") or slip.serial}已报销,不允许重复报销',
                      exchange.quirks.claimed_code)


# --- status ---

def update_status(exchange):
    _demand(exchange, 'expenseStatus')
    status = exchange.text('expenseStatus')
    if status not in STATES:
        raise Refused(f'expenseStatus"{status}"不合法')
    document = find(exchange)
    if document is None or not document.saved:
        raise Refused(f'单据{exchange.text("billnumber")}不存在')
    written = _written_back(exchange, document)
    slips = [slip(exchange.world, serial) for serial in document.serials]
    before = journal.states(exchange.world, document.serials)
    may_repeat = exchange.text('ticketParam')[:1] == '1'
    for each in slips:
        if status != UNUSED:
            _demand_free(exchange, each, document, may_repeat)
    for each in slips:
        _set_status(exchange.world, document, each, status)
        if each.serial in written:
            each.deduction = written[each.serial]
    document.status = status
    exchange.world.keep(document)
    journal.note(exchange, document, status=status, serials=document.serials, before=before)
    return Answer(text=DONE)


def _written_back(exchange, document):
    """invoiceData by serial number: whether the tax may be deducted, how much, why it is turned out."""
    given = exchange.body.get('invoiceData') or []
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise Refused('参数invoiceData应为数组')
    for each in given:
        if str(each.get('serialNo')) not in document.serials:
            raise Refused(f'发票流水号{each.get("serialNo")}不在单据{document.number}中')
        if str(each.get('canBeDeduction', '')) not in ('', '0', '1'):
            raise Refused('canBeDeduction应为0或1')
    return {str(each['serialNo']): {key: '' if each.get(key) is None else str(each[key]) for key in (
        'canBeDeduction', 'entryAmount', 'outputReason')} for each in given}


def _set_status(world, document, slip, status):
    if status == UNUSED:
        _free(world, document, slip.serial)
        return
    slip.status, slip.document = status, document.key
    world.keep(slip)


def _free(world, document, serial):
    """Unused again, unless another document uses it."""
    found = world.slips[serial]
    if found.document in ('', document.key):
        found.status, found.document, found.deduction = UNUSED, '', {}
        world.keep(found)


# --- deleting; a repeat finds nothing to do and succeeds ---

def delete_entry(exchange):
    _demand(exchange, 'branch_id')
    document, line = find(exchange), exchange.text('branch_id')
    if document is None:
        return Answer(text=DONE)
    kept = [each for each in document.lines if each['entryid'] != line]
    _shrink(exchange, document, kept, line)
    if document.cached is not None:
        document.cached = [each for each in document.cached if each['entryid'] != line]
    return Answer(text=DONE)


def delete(exchange):
    _demand(exchange)
    document = find(exchange)
    if document is not None:
        _shrink(exchange, document, [])
        document.cached, document.deleted, document.saved, document.status = None, True, False, UNUSED
        document.cover = {}
    return Answer(text=DONE)


def _shrink(exchange, document, kept, line=''):
    world = exchange.world
    gone = [serial for serial in document.serials if serial not in serials_of(kept)]
    before = journal.states(world, gone)
    for serial in gone:
        _free(world, document, serial)
    document.lines = kept
    world.keep(document)
    journal.note(exchange, document, line=line, serials=gone, before=before)


def replace(world, old, new):
    """A ticket got another serial number: the documents that hold it follow."""
    for document in world.documents.values():
        for lines in (document.lines, document.cached or ()):
            for line in lines:
                if old in line['fid']:
                    line['fid'] = [new if each == old else each for each in line['fid']]
                    world.keep(document)
