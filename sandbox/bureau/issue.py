"""Issues blue fapiao, exactly as often as it is told to, and counts."""

from dataclasses import replace
from datetime import timedelta

from ..errors import Refused
from ..records import Request
from . import credit, heads, lines, red_lines
from .red_lines import folded

# Sandbox numbers are told from real ones by 9999 behind year and region.
MARKER = "9999"


def check(world, draft, **doubts):
    seller = world.taxpayer(draft.seller_no)
    heads.check(draft, seller, world.buyers, **doubts)
    lines.check(draft)
    heads.check_totals(draft)
    credit.demand(seller, draft.net, world.clock.now())


def blue(world, request, draft):
    """Gives the draft its number and time. From here on it exists."""
    fapiao = _number(world, replace(draft, request=request.uid, tenant=request.tenant))
    seller = world.taxpayer(fapiao.seller_no)
    credit.consume(seller, fapiao)
    _remember(world, request, fapiao)
    return fapiao


def later(world, request, draft, params):
    """Accepts the draft; the bureau finishes after so long, or at so many queries."""
    if request.draft is not None:
        blue(world, request, request.draft)  # accepted twice: both are issued
    request.state = "pending"
    request.draft = draft
    request.queries_left = params.get("queries")
    if request.queries_left is None:
        request.ready_at = world.clock.now() + timedelta(seconds=params.get("seconds", 60))
    world.pending[request.key] = request
    world.requests[request.key] = request


def finish(world, request):
    """The bureau gets round to an accepted draft; the credit may have gone meanwhile."""
    world.pending.pop(request.key, None)
    draft, request.draft = request.draft, None
    try:
        if request.failure:
            raise Refused(request.failure)
        credit.demand(world.taxpayer(draft.seller_no), draft.net, world.clock.now())
    except Refused as error:
        request.state = "issued" if request.numbers else "failed"
        request.failure = error.text
        return None
    return blue(world, request, draft)


def red(world, request, form):
    """The mirror image of the blue fapiao, or of the part its form names."""
    original = world.fapiao[form.blue]
    fapiao = _number(world, _reversed(original, request, form))
    form.red_number = fapiao.number
    if not red_lines.left(world, original):
        original.reversed_by = fapiao.number
    seller = world.taxpayer(fapiao.seller_no)
    credit.restore(seller, original, fapiao)
    _remember(world, request, fapiao)
    return fapiao


def request_for(world, uid, cloud, tax_no, digest, tenant=""):
    fresh = Request(uid, cloud, tax_no, digest, tenant=tenant)
    return world.requests.get(fresh.key, fresh)


def _remember(world, request, fapiao):
    request.state = "issued"
    request.numbers.append(fapiao.number)
    world.requests[request.key] = request
    world.fapiao[fapiao.number] = fapiao


def _number(world, draft):
    now = world.clock.now().replace(microsecond=0)
    region = world.taxpayer(draft.seller_no).region
    number = f"{now:%y}{region}{MARKER}{world.next_serial():012d}"
    return replace(draft, number=number, issued_at=now)


def _reversed(original, request, form):
    lines = [_reversed_line(line) for line in _lines_to_reverse(original, form)]
    net, tax = -original.net, -original.tax
    if form.lines:
        net, tax = sum(line.net for line in lines), sum(line.tax for line in lines)
    return replace(
        original,
        lines=lines,
        net=net,
        tax=tax,
        gross=net + tax,
        request=request.uid,
        original=original.number,
        red_form=form.number,
        reversed_by="",
        cloud=request.cloud,
        tenant=request.tenant,
        consumption_use="00",
        vat_use="03",
        booked="00",
        remark=f"被红冲蓝字数电票号码:{original.number} 红字发票信息确认单编号:{form.number}",
    )


def _lines_to_reverse(original, form):
    if not form.lines:
        return folded(original.lines)
    rows = red_lines.by_row(original.lines)
    return [
        replace(rows[part.row], amount=part.amount, tax=part.tax, quantity=part.quantity, price=part.price)
        for part in form.lines
    ]


def _reversed_line(line):
    quantity = None if line.quantity is None else -line.quantity
    return replace(line, amount=-line.amount, tax=-line.tax, quantity=quantity)
