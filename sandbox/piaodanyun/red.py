"""Reversing: may it be, the form, the red fapiao."""

from .. import values
from ..bureau import issue as bureau
from ..bureau import red
from ..clock import dashed
from ..protocol import Answer, Refused, renamed
from ..records import RedLine
from . import auth, issue
from .auth import NOT_FOUND
from .form import lines, plain
from .query import ZERO_CODES, type_code


def blue_for_red(exchange):
    """retInviceMsg: the blue fapiao with its sign turned, and what the buyer did with it."""
    sides = set(filter(None, exchange.text("sqyy", "2").split(",")))
    if not sides <= {"2", "3"}:
        raise Refused("申请类型sqyy只能为2或3")
    if "3" in sides:
        exchange.demand("xhdwsbh", "kprq")
    fapiao = _original(exchange, exchange.text("fphm"))
    _check_applicant(exchange, fapiao, sides)
    red.reversible(fapiao)
    rest = red.left(exchange.world, fapiao)
    return Answer(_mirror(fapiao, rest, _application(exchange.world, fapiao)), both=True)


def _application(world, fapiao):
    """sqdh: the number of the form that holds its lines already, if one does."""
    form = red.latest(world, fapiao.number)
    return form.number if form is not None and form.state in red.OPEN and not form.red_number else ""


def _check_applicant(exchange, fapiao, sides):
    asks = exchange.tax_no
    if "3" not in sides and asks != fapiao.seller_no:
        raise Refused(NOT_FOUND)
    if "3" not in sides:
        return
    if asks not in (fapiao.buyer_no, fapiao.seller_no) or exchange.text("xhdwsbh") != fapiao.seller_no:
        raise Refused(NOT_FOUND)
    _check_details(exchange, fapiao)


def _check_details(exchange, fapiao):
    """A buyer names when the original was issued, and its special element if it has one."""
    if exchange.text("kprq") != dashed(fapiao.issued_at):
        raise Refused("原发票开票日期不正确,格式应为yyyy-MM-dd HH:mm:ss")
    if exchange.text("tdyslxDm") != fapiao.special_kind:
        raise Refused("特定要素类型代码tdyslxDm与原发票不一致")


def _original(exchange, number):
    """The fapiao to be reversed, once the bureau shows it."""
    world = exchange.world
    fapiao = world.fapiao.get(number)
    if fapiao is None or not world.is_shown(fapiao, world.settings.red_lag):
        raise Refused(NOT_FOUND)
    return fapiao


def _mirror(fapiao, rest, application):
    """What is left of it; its lines keep their own numbers, discounts counted."""
    own = """
        fphm=number xhdwsbh=seller_no xhdwmc=seller_name ghdwmc=buyer_name zsfs=levy XfsytDm=consumption_use
        ZzsytDm=vat_use FprzztDm=booked"""
    return {
        **renamed(own, fapiao),
        "message": "成功,本张发票可以开负数!",
        "ghdwsbh": fapiao.buyer_no or None,
        "kprq": dashed(fapiao.issued_at),
        "hjje": -sum(line.net for line in rest.values()),
        "hjse": -sum(line.tax for line in rest.values()),
        "fplxdm": type_code(fapiao),
        "tdyslxdm": fapiao.special_kind or None,
        "jbr": fapiao.handler or None,
        "mxzb": [_mirror_line(line, row + 1, application) for row, line in rest.items()],
    }


def _mirror_line(line, number, application):
    price, quantity = line.net_price, line.quantity
    return {
        **renamed("sl=rate dw=unit spmc=name ggxh=spec spbm=code", line),
        "xh": number,
        "se": -line.tax,
        "je": -line.net,
        "zxbm": "",
        "hsbz": "",
        "bb": "",
        "sqdh": application,
        "spdj": price and plain(price),
        "spsl": quantity and plain(-quantity),
        "yhzcbs": "1" if line.preferential else "0",
        "zzstsgl": line.policy or None,
        "lslbs": ZERO_CODES[line.zero_kind],
    }


def apply_form(exchange):
    """hzxxbsq: a new form, or without hzxxbcheck=1 the one applied for before."""
    world, side = exchange.world, exchange.text("sqyy")
    if side not in ("2", "3"):
        raise Refused("申请类型sqyy只能为2或3")
    fapiao = _original(exchange, exchange.text("yfphm"))
    if fapiao.seller_no != exchange.tax_no:
        raise Refused(NOT_FOUND)
    if exchange.text("nsrsbh"):  # [family] a buyer says who they are, and which original they mean
        if side != "3" or exchange.text("nsrsbh") != fapiao.buyer_no:
            raise Refused(NOT_FOUND)
        _check_details(exchange, fapiao)
    electronic = values.choice(exchange.form, "sdfpbz", ("", "0", "1")) == "1"
    if electronic and fapiao.form != "digital_paper":
        raise Refused("只有数电纸票才需要sdfpbz")
    # Whose forms the cloud knows of; None: of any applicant.
    form = red.latest(world, fapiao.number, None if exchange.quirks.portal_forms else ("piaodanyun",))
    if form is None or exchange.text("hzxxbcheck") == "1":
        form = red.apply(world, fapiao, exchange.text("chyydm"), side, "piaodanyun", _parts(exchange, fapiao))
        form.electronic = electronic
    told = {**renamed("xxbztDm=state xxbbh=number uuid=uid", form), "sqsj": dashed(form.applied_at)}
    return Answer({**told, "xxbzt": red.STATES[form.state]}, both=True)


def _parts(exchange, fapiao):
    """bfch=1 [family]: the rows of fyxm are parts of the blue lines, everything negative."""
    partial, rows = values.choice(exchange.form, "bfch", ("", "0", "1")) == "1", lines(exchange.form)
    if not partial:
        if rows or exchange.text("hjje") or exchange.text("hjse"):
            raise Refused("全额红冲不需要明细和合计金额")
        return []
    if exchange.text("chyydm") == red.WRONGLY_ISSUED:
        raise Refused('部分红冲时红冲原因不允许选择"01,开票有误"')
    totals = values.money(exchange.form, "hjje"), values.money(exchange.form, "hjse")
    if fapiao.form == "digital_paper" and len(fapiao.lines) > issue.SHEET_LINES:
        head = rows.pop(0) if rows else {}
        if head.get("xh") != "0" or (values.money(head, "je"), values.money(head, "se")) != totals:
            raise Refused("清单发票第一行应为合计行,xh为0")
    parts = []
    for position, row in enumerate(rows, 1):
        with values.row(position):
            parts.append(_part(row, fapiao))
    if not parts:
        raise Refused("部分红冲时明细不能为空")
    nets = [part.amount - part.tax * fapiao.lines[part.row].inclusive for part in parts]
    if totals != (-sum(nets), -sum(part.tax for part in parts)):
        raise Refused("合计金额、合计税额与红字明细之和不一致")
    return parts


def _part(row, fapiao):
    values.demand(row, ("xh", "je", "se"))
    xh, quantity = values.number(row, "xh", 0), values.number(row, "spsl", 13)
    amount, tax = values.money(row, "je"), values.money(row, "se")
    if amount >= 0 or tax > 0 or (quantity is not None and quantity >= 0):
        raise Refused("红字明细金额、税额和数量应为负数")
    own = red.by_row(fapiao.lines)
    if int(xh) - 1 not in own:
        raise Refused(f"蓝字发票第{xh}行不存在")
    line = own[int(xh) - 1]
    gross = values.choice(row, "hsbz", ("", "0", "1")) == "1"
    amount += tax * (line.inclusive - gross)
    # the form has no key for the price: it stays that of the blue line
    return RedLine(int(xh) - 1, -amount, -tax, quantity and -quantity, quantity and line.price)


def issue_red(exchange):
    """hzfpkj: only on a form that needs no confirmation, or that both sides have confirmed."""
    issue.check_new(exchange)
    world, form = exchange.world, exchange.world.red_forms.get(exchange.text("tzdbh"))
    if form is None or form.blue != exchange.text("yfphm"):
        raise Refused("红字信息表编号不存在或与原发票号码不匹配")
    if form.red_number and world.settings.deduplicate:
        raise Refused(f"该红字确认单已开具红字发票{form.red_number}")
    if form.state not in red.ISSUABLE:
        raise Refused(f"红字确认单状态为{red.STATES[form.state]},不能开具红字发票")
    if world.fapiao[form.blue].seller_no != exchange.tax_no:
        raise Refused("销方税号与原发票不一致")
    if world.fapiao[form.blue].form == "digital_paper" and not form.electronic:
        # a red one on paper needs the number of its sheet, which this call has no key for
        raise Refused("纸质发票号码不能为空")
    auth.demand_face(exchange)
    return red_answer(bureau.red(world, issue.open_request(exchange), form))


def red_answer(fapiao):
    own = """
        fphm=number xhdwsbh=seller_no ghdwsbh=buyer_no xhdwmc=seller_name ghdwmc=buyer_name jshj=gross
        xxbbh=red_form"""
    return Answer({**renamed(own, fapiao), "kprq": dashed(fapiao.issued_at)}, "负数发票开具成功", both=True)
