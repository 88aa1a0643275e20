"""票单云's eleven calls (docs/protocols/piaodanyun.md#calls), mounted under /piaodanyun.

What a cloud owes the program (app.py): `CALLS` and `find_call()`, `exchange()` to read a request,
`authorise()` and `answer()` to act on it, `refusal()` and `render()` to tell the outcome, and
`fault_before()`/`fault_after()` for the fault kinds told in its own words.
"""
from . import answers, auth, faults, files, form, issue, login, query, red
from .protocol import Call, Exchange

EXTERIOR = '/qdjk/fullExteriorInvoke/'
NAME = 'piaodanyun'

CALLS = {
    '/obtainToken': Call(
        'obtainToken', auth.obtain_token, needs_token=False, subject='tenant_id',
        fields=('phone', 'phone_email', 'pass', 'tenant_id', 'token_type')),
    EXTERIOR + 'getFaceImg': Call(
        'getFaceImg', login.face_image, method='GET',
        fields=('nsrsbh', 'type', 'username'), required=('nsrsbh', 'username')),
    EXTERIOR + 'blueTicket': Call(
        'blueTicket', issue.blue_ticket, issue.FIELDS, issue.REQUIRED, lines=True,
        subject='xhdwsbh'),
    EXTERIOR + 'getInvoicePdfOfd': Call(
        'getInvoicePdfOfd', files.invoice_file,
        ('username', 'downflag', 'nsrsbh', 'fphm', 'kprq', 'addSeal'),
        ('downflag', 'nsrsbh', 'fphm')),
    EXTERIOR + 'loginDppt': Call(
        'loginDppt', login.login,
        ('nsrsbh', 'sms', 'cert', 'ewmlx', 'ewmid', 'pin', 'username', 'password'),
        ('nsrsbh', 'username', 'password')),
    EXTERIOR + 'invoiceQueryMx': Call(
        'invoiceQueryMx', query.detail, ('username', 'nsrsbh', 'fphm', 'fpqqlsh'),
        ('username', 'nsrsbh')),
    '/qdjk/allElectricInvoice/getCreditLine': Call(
        'getCreditLine', query.credit_line, ('nsrsbh', 'username'), ('nsrsbh', 'username')),
    '/qdjk/fullApplets/queryFaceAuthState': Call(
        'queryFaceAuthState', login.face_state, ('nsrsbh', 'username'), ('nsrsbh', 'username')),
    EXTERIOR + 'retInviceMsg': Call(
        'retInviceMsg', red.blue_for_red,
        ('username', 'nsrsbh', 'fphm', 'sqyy', 'xhdwsbh', 'kprq', 'tdyslxDm'),
        ('username', 'nsrsbh', 'fphm')),
    EXTERIOR + 'hzxxbsq': Call(
        'hzxxbsq', red.apply_form,
        ('username', 'xhdwsbh', 'yfphm', 'chyydm', 'sqyy', 'sdfpbz', 'hzxxbcheck'),
        ('username', 'xhdwsbh', 'yfphm', 'chyydm', 'sqyy'), subject='xhdwsbh'),
    EXTERIOR + 'hzfpkj': Call(
        'hzfpkj', red.issue_red,
        ('username', 'fpqqlsh', 'xhdwsbh', 'tzdbh', 'yfphm', 'tdyslxDm'),
        ('username', 'fpqqlsh', 'xhdwsbh', 'tzdbh', 'yfphm'), subject='xhdwsbh'),
}

# The addresses downflag 4 gives out; they need no token, like the bureau's own.
FILES = '/files/exportDzfpwjEwm'

# What stands in place of an answer before the deed, and the answer to a caller in a hurry.
UNSENT = b'{"code":999,"msg":"SANDBOX","data":null}'
TOO_FAST = '{"code": 429, "msg": "请求过于频繁,请稍后再试", "data": null}'.encode()

fault_before = faults.before
fault_after = faults.after
render = answers.render
refusal = answers.refusal
download = files.download


def find_call(world, path, request):
    return CALLS.get(path)


def exchange(world, call, request):
    """Reads the request; raises Refused where the form itself is wrong."""
    return Exchange(world, call, request, form.read(request, call, world.piaodanyun))


def authorise(exchange):
    if exchange.call.needs_token:
        auth.check_token(exchange)


def answer(exchange):
    """Checks what every call has in common, then acts."""
    call = exchange.call
    exchange.demand(*call.required)
    if call.needs_token:
        auth.check_tenant(exchange)
        auth.check_pace(exchange)
        if call.name in exchange.quirks.session_calls:
            auth.check_session(exchange)
    return call.handle(exchange)

