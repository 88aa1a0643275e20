"""blueTicket: reads some 50 fields into a draft, and asks the bureau."""

import re
from functools import partial

from .. import values
from ..bureau import issue as bureau
from ..clock import dashed
from ..protocol import Answer, Refused, renamed, words
from ..records import Fapiao, Line, Voucher
from . import auth, elements, form

REQUIRED = words("username fpqqlsh fplxdm kplx xhdwsbh xhdwmc xhdwdzdh xhdwyhzh ghdwmc hjje hjse jshj")
OPTIONAL = f"""
    qdbz zpFppzDm zzfpdm zzfphm
    tdyslxDm ghdwsbh ghdwdzdh ghdwyhzh zsfs kce kpr skr fhr gfkhdh gfkhyx slsm bz gfzrrbs xfzrrbs gfxxConfirm
    spflxConfirm sfzsgmfyhzh sfzsxsfyhzh {" ".join(elements.FLAT_KEYS)}"""
LINE_REQUIRED = words("fphxz spmc je sl se hsbz spbm")
# Texts that go into draft and line as they are.
TEXTS = renamed("""
    seller_no=xhdwsbh seller_name=xhdwmc seller_address=xhdwdzdh seller_bank=xhdwyhzh buyer_no=ghdwsbh
    buyer_name=ghdwmc buyer_address=ghdwdzdh buyer_bank=ghdwyhzh buyer_phone=gfkhdh buyer_mail=gfkhyx remark=bz
    drawer=kpr payee=skr reviewer=fhr small_reason=slsm username""")
LINE_TEXTS = renamed("name=spmc code=spbm spec=ggxh unit=dw coal=mtzlDm")
TYPES = {  # special?, and what it is made of
    "81": (True, "digital"),
    "82": (False, "digital"),
    "85": (True, "digital_paper"),
    "86": (False, "digital_paper"),
}
SHEETS = {True: ("1130", "1160"), False: ("04", "05", "000008101200", "000008101500")}  # zpFppzDm, by special
SHEET_LINES = 8  # with more it is a list (清单)
SHEET = words("qdbz zpFppzDm zzfpdm zzfphm")
NATURES = {"0": "normal", "1": "discount", "2": "discounted"}
ZERO_KINDS = {"": "", "0": "", "1": "exempt", "2": "untaxed", "3": "zero"}
number, money = (partial(read, exact=True) for read in (values.number, values.money))
MAX_UID = 40
ISSUING = "发票正在开具中,请稍后查询开票结果"


def blue_ticket(exchange):
    check_new(exchange)
    draft = read_draft(exchange)
    doubts = {"ask_buyer": "gfxxConfirm", "ask_person": "spflxConfirm"}
    bureau.check(exchange.world, draft, **{key: exchange.text(name) == "1" for key, name in doubts.items()})
    auth.demand_face(exchange)
    request = open_request(exchange)
    if exchange.defer is not None:
        bureau.later(exchange.world, request, draft, exchange.defer.params)
        raise Refused(ISSUING)
    return blue_answer(bureau.blue(exchange.world, request, draft))


def blue_answer(fapiao):
    told = {"Fphm": fapiao.number, "Kprq": dashed(fapiao.issued_at), "Gmfyx": None, "GmfSsjswjgdm": None}
    if fapiao.code:
        told |= {"zzfpdm": fapiao.code, "zzfphm": fapiao.short}
    return Answer(told)


# --- the request id, shared with the red fapiao ---


def check_new(exchange):
    """税号_自定义编号, at most 40 characters in all, under which nothing was issued."""
    uid, world, request = exchange.uid, exchange.world, exchange.order
    if len(uid) > MAX_UID:
        raise Refused(f"发票请求流水号不能超过{MAX_UID}个字符")
    if not re.fullmatch(re.escape(exchange.tax_no) + "_[0-9A-Za-z_-]+", uid):
        raise Refused('发票请求流水号格式不正确,应为"税号_自定义编号"')
    if request is None or request.state == "failed" or not world.settings.deduplicate:
        return
    if request.state == "pending":
        raise Refused("发票正在开具中,请勿重复提交")
    if request.digest != exchange.digest():
        raise Refused("发票请求流水号已存在且内容不一致,请更换流水号")
    raise Refused(f"该流水号已成功开具发票,发票号码:{request.numbers[0]},请勿重复开具")


def open_request(exchange):
    order = (exchange.uid, "piaodanyun", exchange.tax_no, exchange.digest(), exchange.realm)
    return bureau.request_for(exchange.world, *order)


# --- reading the form ---


def read_draft(exchange):
    text = exchange.text
    (special, made_of), lines = _read_kind(exchange.form, text), []
    for position, row in enumerate(form.lines(exchange.form), 1):
        with values.row(position):
            lines.append(_read_line(row))
    sheet = _read_sheet(exchange, special, made_of, len(lines))
    return Fapiao(
        **sheet,
        **elements.read(exchange.form, lines),
        **{name: text(key) for name, key in TEXTS.items()},
        net=money(exchange.form, "hjje", "合计金额"),
        tax=money(exchange.form, "hjse", "合计税额"),
        gross=money(exchange.form, "jshj", "价税合计"),
        lines=lines,
        special=special,
        form=made_of,
        levy=values.choice(exchange.form, "zsfs", ("0", "1", "2", "3"), "0", "征收方式"),
        deduction=money(exchange.form, "kce", "扣除额"),
        vouchers=[_read_voucher(row) for row in form.lines(exchange.form, "cepz", "差额凭证")],
        natural_person=values.choice(exchange.form, "gfzrrbs", ("N", "Y"), "N", "购方自然人标识") == "Y",
        show_buyer_bank=text("sfzsgmfyhzh") in ("y", "Y"),
        show_seller_bank=text("sfzsxsfyhzh") in ("y", "Y"),
        cloud="piaodanyun",
    )


def _read_kind(given, text):
    if text("fplxdm") not in TYPES:
        raise Refused(f"发票类型代码{text('fplxdm')}不支持")
    if text("kplx") != "0":
        raise Refused("开具红字发票请先申请红字信息表,蓝字发票开票类型应为0")
    values.choice(given, "xfzrrbs", ("N", "Y"), "N", "销方自然人标识")
    return TYPES[text("fplxdm")]


def _read_sheet(exchange, special, made_of, count):
    """The sheet of a digital fapiao on paper: named, of a kind that fits, and not printed on before."""
    given = {key: exchange.text(key) for key in SHEET}
    if made_of != "digital_paper":
        if any(given.values()):
            raise Refused("只有数电纸票可以填写纸质发票信息")
        return {}
    exchange.demand("zpFppzDm", "zzfpdm", "zzfphm")
    if given["zpFppzDm"] not in SHEETS[special]:
        raise Refused(f"纸票票种代码{given['zpFppzDm']}不正确")
    if not re.fullmatch(r"\d{10}(\d\d)?", given["zzfpdm"]) or not re.fullmatch(r"\d{8}", given["zzfphm"]):
        raise Refused("纸质发票代码应为10或12位数字,纸质发票号码应为8位数字")
    if (given["qdbz"] == "1") != (count > SHEET_LINES):
        raise Refused(f"明细超过{SHEET_LINES}行时清单标志qdbz应为1,否则为空")
    sheet = (given["zzfpdm"], given["zzfphm"])
    if any((each.code, each.short) == sheet for each in exchange.world.fapiao.values()):
        raise Refused(f"纸质发票{given['zzfpdm']}{given['zzfphm']}已使用")
    return {"code": sheet[0], "short": sheet[1]}


def _read_line(row):
    values.demand(row, LINE_REQUIRED)
    return Line(
        **{name: row.get(key, "") for name, key in LINE_TEXTS.items()},
        nature=NATURES[values.choice(row, "fphxz", NATURES, label="发票行性质")],
        quantity=number(row, "spsl", 13, "数量"),
        price=number(row, "dj", 13, "单价"),
        amount=money(row, "je", "金额"),
        rate=number(row, "sl", 3, "税率"),
        tax=money(row, "se", "税额"),
        inclusive=values.choice(row, "hsbz", ("0", "1"), label="含税标志") == "1",
        preferential=values.choice(row, "yhzcbs", ("0", "1"), "0", "优惠政策标识") == "1",
        zero_kind=ZERO_KINDS[values.choice(row, "lslbs", ZERO_KINDS, "", "零税率标识")],
        policy=row.get("zzstsgl", ""),
    )


def _read_voucher(row):
    values.demand(row, ("pzlx", "bckcje", "pzhjje"))
    kind = row["pzlx"]
    own = "fphm" if kind == "01" else "zzfphm" if kind in ("02", "03", "04") else "pzhm"
    if any(row.get(key) for key in ("fphm", "zzfphm", "pzhm") if key != own):
        raise Refused(f"凭证类型{kind}的号码应填写在{own}")
    return Voucher(
        kind,
        money(row, "pzhjje", "凭证合计金额"),
        money(row, "bckcje", "本次扣除金额"),
        row.get(own, ""),
        row.get("fpdm", ""),
        row.get("kjrq", ""),
        row.get("bz", ""),
    )
