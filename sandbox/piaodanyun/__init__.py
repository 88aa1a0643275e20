"""票单云's eleven calls, mounted under /piaodanyun."""

from ..protocol import Answer, Call, words
from . import auth, form, issue, query, red
from .form import render

NAME = "piaodanyun"
EXTERIOR = "/qdjk/fullExteriorInvoke/"
WHO = ("nsrsbh", "username")
RED_ISSUE = words("username fpqqlsh xhdwsbh tzdbh yfphm")
FORM_OPTIONAL = "sdfpbz hzxxbcheck nsrsbh kprq tdyslxDm bfch hjje hjse"
RED_APPLY = words("username xhdwsbh yfphm chyydm sqyy")


def _call(name, handle, fields, required=WHO, subject="nsrsbh", **more):
    return Call(name, handle, required, (*required, *words(fields)), subject=subject, **more)


CALLS = {
    f"{EXTERIOR}{call.name}": call
    for call in (
        _call("getFaceImg", auth.face_image, "type", method="GET"),
        _call("blueTicket", issue.blue_ticket, issue.OPTIONAL, issue.REQUIRED, "xhdwsbh", lines=True),
        _call("getInvoicePdfOfd", query.invoice_file, "username kprq addSeal", ("downflag", "nsrsbh", "fphm")),
        _call("loginDppt", auth.login, "sms cert ewmlx ewmid pin", (*WHO, "password")),
        _call("invoiceQueryMx", query.detail, "fphm fpqqlsh"),
        _call("retInviceMsg", red.blue_for_red, "sqyy xhdwsbh kprq tdyslxDm", (*WHO, "fphm")),
        _call("hzxxbsq", red.apply_form, FORM_OPTIONAL, RED_APPLY, "xhdwsbh", lines=True),
        _call("hzfpkj", red.issue_red, "tdyslxDm", RED_ISSUE, "xhdwsbh"),
    )
} | {
    "/obtainToken": _call(
        "obtainToken", auth.obtain_token, "phone phone_email pass tenant_id token_type", (), "tenant_id", auth="none"
    ),
    "/qdjk/allElectricInvoice/getCreditLine": _call("getCreditLine", query.credit_line, ""),
    "/qdjk/fullApplets/queryFaceAuthState": _call("queryFaceAuthState", auth.face_state, ""),
}
BUSY = {"code": 429, "msg": "请求过于频繁,请稍后再试", "data": None}
exchange = form.Exchange

# --- what it says in its own words when a fault strikes (faults.strike) ---

FAULTS = {
    "maybe_issued": ("发票可能已开具,请查询开票结果", 10400),
    "gateway_504": ("请求局端超时:504 Gateway Time-out", 999),
    "bureau_error": ("局端内部异常,请稍后再试", 999),
    "not_found": (auth.NOT_FOUND, 999),
    "refused": ("授信额度不足,无法开具", 999),
    "issuing": (issue.ISSUING, 999),  # after the deed: issued, and not said
    "expired_token": auth.EXPIRED,
    "session_lost": auth.SESSION_TEXTS["lost"],
    "face_due": ("需要进行人脸识别认证", auth.FACE_DUE),
}
EFFECTS = {
    "session_lost": lambda exchange, fault: setattr(auth.bureau_user(exchange), "session", "lost"),
    "face_due": lambda exchange, fault: setattr(auth.bureau_user(exchange), "face_due", True),
}
OWN = {"no_number": lambda exchange, fault: Answer(dict.fromkeys(("Fphm", "Kprq", "Gmfyx", "GmfSsjswjgdm")))}
ORDERS = {
    "blueTicket": lambda exchange, fapiao: issue.blue_answer(fapiao),
    "hzfpkj": lambda exchange, fapiao: red.red_answer(fapiao),
}
NUMBERS = ("Fphm", "fphm")


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
