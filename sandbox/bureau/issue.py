"""Issues fapiao, exactly as often as it is asked to; the credit line of the month (授信额度), and the ledger."""

from dataclasses import replace
from datetime import timedelta

from ..protocol import Refused, renamed
from ..records import ZERO, Request
from .checks import check_head, check_lines, check_totals
from .red import by_row, folded, left

# Sandbox numbers are told from real ones by 9999 behind year and region.
MARKER = "9999"


def check(world, draft, **doubts):
    seller = world.taxpayer(draft.seller_no)
    check_head(draft, seller, world.buyers, **doubts)
    check_lines(draft)
    check_totals(draft)
    _demand_credit(seller, draft.net, world.clock.now())


def blue(world, request, draft):
    """Gives the draft its number and time. From here on it exists."""
    name = draft.buyer_name
    if draft.natural_person and not name.endswith("（个人）"):
        name += "（个人）"  # printed behind the name of a person
    fapiao = _number(world, replace(draft, buyer_name=name, request=request.uid, tenant=request.tenant))
    figures = month(world.taxpayer(fapiao.seller_no), fapiao.issued_at)
    figures["used"] += fapiao.net
    figures["net"] += fapiao.net
    figures["tax"] += fapiao.tax
    figures["count"] += 1
    return _remember(world, request, fapiao)


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
        _demand_credit(world.taxpayer(draft.seller_no), draft.net, world.clock.now())
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
    if not left(world, original):
        original.reversed_by = fapiao.number
    # Only a reversal in the month of issue gives the amount back.
    if f"{original.issued_at:%Y-%m}" == f"{fapiao.issued_at:%Y-%m}":
        month(world.taxpayer(fapiao.seller_no), fapiao.issued_at)["used"] += fapiao.net
    return _remember(world, request, fapiao)


def request_for(world, uid, cloud, tax_no, digest, tenant=""):
    fresh = Request(uid, cloud, tax_no, digest, tenant=tenant)
    return world.requests.get(fresh.key, fresh)


def _remember(world, request, fapiao):
    request.state = "issued"
    request.numbers.append(fapiao.number)
    world.requests[request.key] = request
    world.fapiao[fapiao.number] = fapiao
    return fapiao


def _number(world, draft):
    now = world.clock.now().replace(microsecond=0)
    region, serial = world.taxpayer(draft.seller_no).region, world.next_serial()
    if draft.is_digital:
        return replace(draft, number=f"{now:%y}{region}{MARKER}{serial:012d}", issued_at=now)
    # A tax control device: a code of ten digits on a special sheet, else of twelve, and a number of eight. The marker
    # stands where the region would.
    roll, short = divmod(serial, 10**8)
    code = f"{MARKER}{now:%y}{roll % 10**4:04d}"
    code, short = (code if draft.form == "paper" else f"0{code}1"), f"{short:08d}"
    return replace(draft, code=code, short=short, number=code + short, issued_at=now)


def _reversed(original, request, form):
    rows, lines = by_row(original.lines), folded(original.lines)
    if form.lines:
        lines = [
            replace(rows[part.row], amount=part.amount, tax=part.tax, quantity=part.quantity, price=part.price)
            for part in form.lines
        ]
    lines = [
        replace(line, amount=-line.amount, tax=-line.tax, quantity=line.quantity and -line.quantity) for line in lines
    ]
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
        code="",
        short="",
        consumption_use="00",
        vat_use="03",
        booked="00",
        form="digital" if form.electronic else original.form,
        remark=f"被红冲蓝字数电票号码:{original.number} 红字发票信息确认单编号:{form.number}",
    )


# --- the credit line, which counts tax-exclusive amounts ---


def month(taxpayer, moment):
    """The running figures of one month."""
    return taxpayer.months.setdefault(f"{moment:%Y-%m}", {"used": ZERO, "net": ZERO, "tax": ZERO, "count": 0})


def credit_left(taxpayer, moment):
    return taxpayer.credit_total - month(taxpayer, moment)["used"]


def _demand_credit(taxpayer, net, moment):
    rest = credit_left(taxpayer, moment)
    if net > rest:
        raise Refused(f"授信额度不足,剩余授信额度为{rest:.2f}元,本次开票金额为{net:.2f}元")


# --- the ledger ---


def ledger(world, tax_no=None):
    """What was issued, one plain dict a fapiao in the order of issue, to be compared with the books of the seller."""
    partly = {each.original for each in world.fapiao.values() if each.red}
    return [_row(each, partly) for each in world.fapiao.values() if tax_no in (None, each.seller_no)]


def _row(fapiao, partly):
    rest = "partly_reversed" if fapiao.number in partly else "normal"
    return {
        **renamed("number cloud tenant seller_tax_no=seller_no buyer_tax_no=buyer_no original", fapiao),
        # What the caller called the order; nothing where people at the bureau issued it.
        "uid": (",".join(fapiao.bills) or fapiao.request) if fapiao.cloud else "",
        "color": "red" if fapiao.red else "blue",
        "status": "reversed" if fapiao.reversed_by else rest,
        "total": f"{fapiao.gross:.2f}",
        "tax": f"{fapiao.tax:.2f}",
        "issued_at": fapiao.issued_at.isoformat(),
    }
