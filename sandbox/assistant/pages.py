"""Pages: choose, adjust, view, show, edit (docs/protocols/kingdee-assistant.md#pages). Each says SANDBOX."""
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Response

from .. import wire
from ..errors import Refused
from . import auth, desk, documents, kinds, shapes
from .records import STATES, serials_of

PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent.parent / 'templates'), autoescape=True,
                    trim_blocks=True, lstrip_blocks=True)
GRIDS = {'1111': '全部', '1100': 'PC上传、手机端推送', '0011': '扫码枪、扫描仪'}
SOURCES = ('socket', 'polling')


class Visit:
    """One look at a page: whose it is, and what was pressed."""

    def __init__(self, world, request):
        self.world, self.request = world, request
        self.user = auth.user_key(world, request.args.get('userKey', ''))
        self.link_key = request.args.get('linkKey', '')
        self.pressed = request.form if request.method == 'POST' else {}

    @property
    def serials(self):
        return self.request.form.getlist('serial')

    def show(self, template, title, **values):
        return PAGES.get_template(f'assistant_{template}.html').render(
            title=title, user=self.user, world=self.world, states=STATES, kinds=kinds.KINDS,
            code_no=shapes.code_no, **values)

    def done(self, letter):
        return self.show('done', 'SANDBOX', letter=letter)

    def document_slips(self, entry=None):
        document = self.world.documents.get(self.user.document)
        serials = serials_of(document.shown, entry) if document else self.user.serials
        return [self.world.slips[serial] for serial in serials if serial in self.world.slips]


# --- the pages ---

def _choose(visit):
    args = visit.request.args
    source, grid = args.get('sourceType') or 'socket', args.get('gridParam') or '1111'
    if source not in SOURCES or grid not in GRIDS:
        raise Refused('gridParam应为1111、1100或0011,sourceType应为socket或polling')
    if not visit.link_key:
        raise Refused('linkKey不能为空')
    if 'import' in visit.pressed:
        return visit.done(desk.choose(visit.world, visit.user, visit.link_key, visit.serials, source))
    _collect(visit)
    return visit.show('choose', '选择发票', wallet=desk.wallet(visit.world, visit.user), button='import',
                      label='导入', chosen=(), grid=GRIDS[grid])


def _collect(visit):
    """What uploading, scanning or taking a picture would do: a ticket comes into the wallet."""
    world, user = visit.world, visit.user
    if 'add' in visit.pressed:
        world.give_ticket(user.eid, visit.pressed['kind'], user.tin, title=user.title)
    if 'fill' in visit.pressed:
        for code in kinds.KINDS:
            world.give_ticket(user.eid, code, user.tin, title=user.title)


def _adjust(visit):
    _demand_branch(visit)
    if 'save' in visit.pressed:
        return visit.done(desk.adjust(visit.world, visit.user, visit.link_key, visit.serials))
    _collect(visit)
    chosen = desk.line_serials(visit.world, visit.user)
    return visit.show('choose', '调整分录发票', wallet=desk.wallet(visit.world, visit.user), button='save',
                      label='保存', chosen=chosen, grid='')


def _demand_branch(visit):
    if not visit.user.branch_id:
        raise Refused('获取userKey时branch_id必须传')


def _view_line(visit):
    _demand_branch(visit)
    return visit.show('list', '分录发票', slips=visit.document_slips(visit.user.branch_id))


def _view_document(visit):
    return visit.show('list', '单据发票', slips=visit.document_slips())


def _show(visit):
    slip = documents.slip(visit.world, visit.request.args.get('serialNo', ''))
    return visit.show('show', kinds.KINDS[slip.kind].name, slip=slip,
                      details=shapes.details(visit.world, slip))


def _edit(visit):
    slip = documents.slip(visit.world, visit.request.args.get('serialNo', ''))
    if 'save' in visit.pressed:
        changes = {key: visit.pressed[key] for key in desk.FIELDS if key in visit.pressed}
        return visit.done(desk.edit(visit.world, visit.user, visit.link_key, slip.serial, changes))
    fields = {key: desk.current(slip, key) for key in desk.FIELDS
              if key in ('totalAmount', 'taxAmount') or key in slip.told}
    return visit.show('edit', '修改发票', slip=slip, fields=fields, key_fields=desk.KEY_FIELDS)


PATHS = {
    '/m4-web/fpzs/index': _choose,
    '/m4-web/fpzs/expense/branch/update': _adjust,
    '/m4-web/fpzs/expense/branch/info': _view_line,
    '/m4-web/fpzs/expense/invoice/list': _view_document,
    '/m4-web/fpzs/expense/showInvoice': _show,
    '/m4-web/fpzs/invoice/update': _edit,
}


def respond(app, path, request, entry):
    """The page, or the reason why not, as HTML. Faults call it `page`."""
    world = app.world
    struck = world.faults.draw('page', request.args)
    entry.faults = [str(fault) for fault in struck]
    early = next((fault for fault in struck if fault.when == 'before' and fault.kind in wire.KINDS), None)
    if early is not None:
        return wire.spoil(early, b'', request.environ, b'')
    body, entry.status, entry.text = _page(world, path, request)
    entry.code = entry.status
    for fault in struck:
        if fault.kind == 'delay':
            app.sleep(fault.params.get('seconds', 1))
        elif fault.kind in wire.KINDS:
            return wire.spoil(fault, body.encode(), request.environ, b'')
    return Response(body, entry.status, content_type='text/html;charset=UTF-8')


def _page(world, path, request):
    handle = PATHS.get(path)
    if handle is None:
        return 'SANDBOX 404', 404, ''
    try:
        with world.acting():
            return handle(Visit(world, request)), 200, ''
    except Refused as error:
        problem = PAGES.get_template('assistant_problem.html').render(title='SANDBOX', problem=error.text)
        return problem, 400, error.text
