"""The pages people see: choose, adjust, view, show, edit. Each says SANDBOX."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Response

from ..protocol import Refused
from . import auth, desk, tickets
from .records import TOLD, serials_of

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.globals.update(states=TOLD, kinds=tickets.KINDS, code_no=tickets.code_no)
WAYS = ("socket", "polling")
GRIDS = {"1111": "全部", "1100": "PC上传、手机端推送", "0011": "扫码枪、扫描仪"}


class Visit:
    """One look at a page: whose it is, and what was pressed."""

    def __init__(self, world, request):
        self.world, self.request = world, request
        self.user = auth.user_key(world, request.args.get("userKey", ""))
        self.link_key = request.args.get("linkKey", "")
        self.pressed = request.form if request.method == "POST" else {}
        self.serials = request.form.getlist("serial")

    def show(self, template, title, **values):
        page = PAGES.get_template(f"assistant_{template}.html")
        return page.render(title=title, user=self.user, world=self.world, **values)

    def wallet(self, title, button, label, **values):
        """The page to choose from, after what uploading or scanning would do: tickets come into the wallet."""
        if "add" in self.pressed:
            self.world.give_ticket(self.user.eid, self.pressed["kind"], self.user.tin, title=self.user.title)
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
    grid, way = args.get("gridParam") or "1111", args.get("sourceType") or "socket"
    if grid not in GRIDS:
        raise Refused("gridParam应为1111、1100或0011")
    if not visit.link_key:
        raise Refused("linkKey不能为空")
    if way not in WAYS:
        raise Refused("sourceType应为socket或polling")
    if "import" in visit.pressed:
        return visit.done(desk.choose(visit.world, visit.user, visit.link_key, visit.serials, way))
    return visit.wallet("选择发票", "import", "导入", chosen=(), grid=GRIDS[grid])


def _adjust(visit):
    if "save" in visit.pressed:
        return visit.done(desk.adjust(visit.world, visit.user, visit.link_key, visit.serials))
    chosen = desk.line_serials(visit.world, visit.user)
    return visit.wallet("调整分录发票", "save", "保存", chosen=chosen, grid="")


def _view(visit):
    """The tickets of the line the userKey is for, or of the document."""
    is_line = "/branch/" in visit.request.path
    slips = visit.document_slips(visit.user.branch_id if is_line else None)
    return visit.show("list", "分录发票" if is_line else "单据发票", slips=slips)


def _show(visit):
    slip = tickets.find(visit.world, visit.request.args.get("serialNo", ""))
    return visit.show("show", tickets.kind_of(slip).name, slip=slip, details=tickets.details(visit.world, slip))


def _edit(visit):
    slip = tickets.find(visit.world, visit.request.args.get("serialNo", ""))
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
    "/m4-web/fpzs/expense/branch/info": _view,
    "/m4-web/fpzs/expense/invoice/list": _view,
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
            visit = Visit(world, request)
            if "/branch/" in path and not visit.user.branch_id:
                raise Refused("获取userKey时branch_id必须传")
            body = handle(visit)
    except Refused as error:
        body, status = PAGES.get_template("assistant_problem.html").render(title="SANDBOX", problem=error.text), 400
    return Response(body, status, content_type="text/html;charset=UTF-8")
