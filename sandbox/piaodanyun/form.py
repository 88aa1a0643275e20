"""Reads a form body with keys like fyxm[0][spmc], as strictly as the documents allow, and renders answers."""

import re
from decimal import Decimal
from urllib.parse import parse_qsl

from ..protocol import Exchange as BaseExchange
from ..protocol import Refused, digest, dump, words
from ..records import request_key
from . import elements

LINE_KEY = re.compile(r"(fyxm|cepz)\[(\d+)\]\[(\w+)\]")
ARRAY_KEY = re.compile(r"(\w+)(\[\d*\])")
ROW_FIELDS = {
    ("blueTicket", "fyxm"): words("fphxz spmc ggxh dw spsl dj je sl se hsbz spbm yhzcbs lslbs zzstsgl mtzlDm"),
    ("blueTicket", "cepz"): words("pzlx fpdm fphm zzfphm pzhm kjrq bz bckcje pzhjje"),
    ("hzxxbsq", "fyxm"): words("xh spsl je se hsbz"),
}
ARRAYS = ("sqyy",)


class Exchange(BaseExchange):
    """Raises Refused where the form itself is wrong."""

    cloud = "piaodanyun"

    def __init__(self, world, call, request):
        super().__init__(world, call, request)
        self.form = _read(request, call)  # 'fyxm[0][spmc]' → text

    @property
    def uid(self):
        return self.text("fpqqlsh")

    @property
    def realm(self):
        """Whose orders the caller knows: empty for the taxpayer's first tenant."""
        first = self.world.taxpayer(self.tax_no).tenant_id
        return "" if self.token is None or self.token.owner == first else str(self.token.owner)

    @property
    def order(self):
        """What is known of the request id."""
        return self.world.requests.get(request_key(self.uid, self.realm))

    @property
    def username(self):
        return self.text("username")

    def text(self, key, default=""):
        return self.form.get(key, default)

    def digest(self):
        return digest(self.form)


def _read(request, call):
    """The flat form of this request; arrays are joined with a comma."""
    if call.method == "GET":
        return request.args.to_dict()
    if request.mimetype != "application/x-www-form-urlencoded":
        raise Refused(f"请求格式不正确,Content-Type不支持{request.mimetype or '空'}")
    try:
        pairs = parse_qsl(request.get_data().decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict")
    except UnicodeError:
        raise Refused("请求内容编码不正确,应为UTF-8") from None
    form = {}
    for key, value in pairs:
        array = ARRAY_KEY.fullmatch(key)
        name = array[1] if array and array[1] in ARRAYS else key
        line = LINE_KEY.fullmatch(name)
        if name in ARRAYS:
            form[name] = ",".join(filter(None, [form.get(name), value]))
        elif name in form:
            raise Refused(f"参数{name}重复")
        else:
            form[name] = value
        is_row = (line and line[3] in ROW_FIELDS.get((call.name, line[1]), ())) or elements.is_key(name)
        if name not in call.fields and not (call.lines and is_row):
            raise Refused(f"未知参数{name}")
    return form


def lines(form, name="fyxm", label="发票明细"):
    """The rows of that name in order; their indices must run 0, 1, 2, …"""
    rows = {}
    for key, value in form.items():
        match = LINE_KEY.fullmatch(key)
        if match and match[1] == name:
            rows.setdefault(int(match[2]), {})[match[3]] = value
    if sorted(rows) != list(range(len(rows))):
        raise Refused(f"{label}{name}下标必须从0开始连续")
    return [rows[index] for index in range(len(rows))]


# --- and what goes out ---


def render(answer):
    """The body of the HTTP answer, as bytes."""
    text = answer.text or ("成功" if answer.code is None else "")
    body = {"code": 200 if answer.code is None else answer.code, "msg": text}
    if answer.both:
        body["message"] = text
    body["data"] = answer.data
    if answer.total is not None:
        body["total"] = answer.total
    return dump(body)


def plain(value):
    """A number as text, as short as the documents' examples: '1', '0.99'."""
    value = Decimal(value)
    if value == value.to_integral_value():
        return str(value.quantize(Decimal(1)))
    return format(value.normalize(), "f")
