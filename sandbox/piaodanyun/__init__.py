"""票单云's eleven calls, mounted under /piaodanyun."""

from ..protocol import Answer, Call, words
from . import auth, faults, form, issue, login, query, red
from .form import render

NAME = "piaodanyun"
EXTERIOR = "/qdjk/fullExteriorInvoke/"
WHO = ("nsrsbh", "username")
RED_ISSUE = words("username fpqqlsh xhdwsbh tzdbh yfphm")
RED_APPLY = words("username xhdwsbh yfphm chyydm sqyy")


def _call(name, handle, fields, required=WHO, subject="nsrsbh", **more):
    return Call(name, handle, (*required, *words(fields)), required, subject=subject, **more)


CALLS = {
    f"{EXTERIOR}{call.name}": call
    for call in (
        _call("getFaceImg", login.face_image, "type", method="GET"),
        _call("blueTicket", issue.blue_ticket, issue.OPTIONAL, issue.REQUIRED, "xhdwsbh", lines=True),
        _call("getInvoicePdfOfd", query.invoice_file, "username kprq addSeal", ("downflag", "nsrsbh", "fphm")),
        _call("loginDppt", login.login, "sms cert ewmlx ewmid pin", (*WHO, "password")),
        _call("invoiceQueryMx", query.detail, "fphm fpqqlsh"),
        _call("retInviceMsg", red.blue_for_red, "sqyy xhdwsbh kprq tdyslxDm", (*WHO, "fphm")),
        _call("hzxxbsq", red.apply_form, "sdfpbz hzxxbcheck", RED_APPLY, "xhdwsbh"),
        _call("hzfpkj", red.issue_red, "tdyslxDm", RED_ISSUE, "xhdwsbh"),
    )
} | {
    "/obtainToken": _call(
        "obtainToken", auth.obtain_token, "phone phone_email pass tenant_id token_type", (), "tenant_id", auth="none"
    ),
    "/qdjk/allElectricInvoice/getCreditLine": _call("getCreditLine", query.credit_line, ""),
    "/qdjk/fullApplets/queryFaceAuthState": _call("queryFaceAuthState", login.face_state, ""),
}
BUSY = {"code": 429, "msg": "请求过于频繁,请稍后再试", "data": None}
fault_before, fault_after = faults.before, faults.after
exchange = form.Exchange


def find_call(world, path, request):
    return CALLS.get(path)


def authorise(exchange):
    if exchange.call.auth == "token":
        auth.check_token(exchange)


def answer(exchange):
    """Checks what every call has in common, then acts."""
    call = exchange.call
    exchange.demand(*call.required)
    if call.auth == "token":
        auth.check_tenant(exchange)
        if call.name in exchange.quirks.session_calls:
            auth.check_session(exchange)
    return call.handle(exchange)


def refusal(error, call):
    """A refusal has the documents' 999 shape, except obtainToken, whose examples are shorter."""
    short = call.name == "obtainToken"
    return Answer(error.data, error.text, error.code, both=not short, total=None if short else 0)
