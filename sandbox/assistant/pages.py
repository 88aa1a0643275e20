"""The pages people see: choose, adjust, view, show, edit. Each says SANDBOX."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Response

from ..errors import Refused
from . import auth, desk, kinds, shapes
from .records import STATES, serials_of

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.globals.update(states=STATES, kinds=kinds.KINDS, code_no=shapes.code_no)
GRIDS = {"1111": "全部", "1100": "PC上传、手机端推送", "0011": "扫码枪、扫描仪"}
SOURCES = ("socket", "polling")


class Visit:
    """One look at a page: whose it is, and what was pressed."""

    def __init__(self, world, request):
        self.world, self.request = world, request
        self.user = auth.user_key(world, request.args.get("userKey", ""))
        self.link_key = request.args.get("linkKey", "")
        self.pressed = request.form if request.method == "POST" else {}

    @property
    def serials(self):
        return self.request.form.getlist("serial")

    def show(self, template, title, **values):
        page = PAGES.get_template(f"assistant_{template}.html")
        return page.render(title=title, user=self.user, world=self.world, **values)

    def wallet(self, title, button, label, **values):
        """The page to choose from, after what uploading or scanning would do: tickets come into the wallet."""
        whose = (self.user.eid, self.user.tin)
        if "add" in self.pressed:
            self.world.give_ticket(whose[0], self.pressed["kind"], whose[1], title=self.user.title)
        if "fill" in self.pressed:
            self.world.fill_wallet(*whose, title=self.user.title)
        values["wallet"] = desk.wallet(self.world, self.user)
        return self.show("choose", title, button=button, label=label, **values)

    def done(self, letter):
        return self.show("done", "SANDBOX", letter=letter)

    def document_slips(self, entry=None):
        document = self.world.documents.get(self.user.document)
        serials = serials_of(document.shown, entry) if document else self.user.serials
        return [self.world.slips[serial] for serial in serials if serial in self.world.slips]


# --- the pages ---


def _choose(visit):
    args = visit.request.args
    source, grid = args.get("sourceType") or "socket", args.get("gridParam") or "1111"
    if source not in SOURCES or grid not in GRIDS:
        raise Refused("gridParam应为1111、1100或0011,sourceType应为socket或polling")
    if not visit.link_key:
        raise Refused("linkKey不能为空")
    if "import" in visit.pressed:
        return visit.done(desk.choose(visit.world, visit.user, visit.link_key, visit.serials, source))
    return visit.wallet("选择发票", "import", "导入", chosen=(), grid=GRIDS[grid])


def _adjust(visit):
    _demand_branch(visit)
    if "save" in visit.pressed:
        return visit.done(desk.adjust(visit.world, visit.user, visit.link_key, visit.serials))
    chosen = desk.line_serials(visit.world, visit.user)
    return visit.wallet("调整分录发票", "save", "保存", chosen=chosen, grid="")


def _demand_branch(visit):
    if not visit.user.branch_id:
        raise Refused("获取userKey时branch_id必须传")


def _view_line(visit):
    _demand_branch(visit)
    return visit.show("list", "分录发票", slips=visit.document_slips(visit.user.branch_id))


def _view_document(visit):
    return visit.show("list", "单据发票", slips=visit.document_slips())


def _show(visit):
    slip = shapes.find(visit.world, visit.request.args.get("serialNo", ""))
    return visit.show("show", kinds.KINDS[slip.kind].name, slip=slip, details=shapes.details(visit.world, slip))


def _edit(visit):
    slip = shapes.find(visit.world, visit.request.args.get("serialNo", ""))
    if "save" in visit.pressed:
        changes = {key: visit.pressed[key] for key in desk.FIELDS if key in visit.pressed}
        return visit.done(desk.edit(visit.world, visit.user, visit.link_key, slip.serial, changes))
    fields = {
        key: desk.current(slip, key) for key in desk.FIELDS if key in ("totalAmount", "taxAmount") or key in slip.told
    }
    return visit.show("edit", "修改发票", slip=slip, fields=fields, key_fields=desk.KEY_FIELDS)


PATHS = {
    "/m4-web/fpzs/index": _choose,
    "/m4-web/fpzs/expense/branch/update": _adjust,
    "/m4-web/fpzs/expense/branch/info": _view_line,
    "/m4-web/fpzs/expense/invoice/list": _view_document,
    "/m4-web/fpzs/expense/showInvoice": _show,
    "/m4-web/fpzs/invoice/update": _edit,
}


def respond(world, path, request):
    """The page, or the reason why not, as HTML."""
    handle, status = PATHS.get(path), 200
    if handle is None:
        return Response("SANDBOX 404", 404)
    try:
        with world.acting():
            body = handle(Visit(world, request))
    except Refused as error:
        body, status = PAGES.get_template("assistant_problem.html").render(title="SANDBOX", problem=error.text), 400
    return Response(body, status, content_type="text/html;charset=UTF-8")
