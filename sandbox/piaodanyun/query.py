"""invoiceQueryMx, getCreditLine and getInvoicePdfOfd: what the cloud knows about a fapiao and the month."""

import base64
import re
import uuid

from .. import files
from ..bureau.issue import month
from ..clock import compact, dashed
from ..protocol import Answer, Refused, renamed
from . import elements
from .auth import NOT_FOUND
from .form import plain
from .issue import TYPES

# Chosen by us: the documents only show 00 on a normal one.
NORMAL, REVERSED = "00", "02"
HEAD = """
    skr=payee kpr=drawer fhr=reviewer ghdwdm=buyer_no ghdwmc=buyer_name GFKHDH=buyer_phone GFKHYX=buyer_mail
    xhdwdm=seller_no xhdwmc=seller_name xhdwdzdh=seller_address xhdwyhzh=seller_bank kpdwdm=seller_no czydm=username
    slsm=small_reason bz=remark fpdm=code zzfphm=short fphm=number yfphm=original tzdbh=red_form zsfs=levy"""
TYPE_CODES = {kind: code for code, kind in TYPES.items()}  # by special?, and what it is made of
NATURE_CODES = {"normal": "0", "discount": "1", "discounted": "2"}
ZERO_CODES = {"": "", "exempt": "1", "untaxed": "2", "zero": "3"}
KINDS = {"1": "PDF", "2": "OFD", "3": "XML"}


def detail(exchange):
    """By number, or by the request id; with both given, both must agree."""
    number, uid = exchange.text("fphm"), exchange.uid
    if not (number or uid):
        raise Refused("发票号码和发票请求流水号不能同时为空")
    order = exchange.order if uid else None
    if order and order.state == "pending":
        if order.queries_left is not None:
            order.queries_left -= 1
        raise Refused("发票正在开具中,请稍后查询")
    if order and order.state == "failed":
        raise Refused(f"发票开具失败:{order.failure}")
    fapiao = _find(exchange, number)
    if fapiao is None or not exchange.world.is_shown(fapiao):
        raise Refused(NOT_FOUND)
    # Its seller is told of it; its buyer as well, but not by the seller's own id.
    own = exchange.tax_no == fapiao.seller_no
    if not own and (uid or exchange.tax_no != fapiao.buyer_no):
        raise Refused(NOT_FOUND)
    # The id is between seller and cloud: no other tenant is told it, and the bureau's portal knows none.
    own = own and fapiao.cloud and exchange.realm == fapiao.tenant
    return Answer(_head(fapiao, fapiao.request if own else ""), both=True)


def _find(exchange, number):
    known = exchange.order.numbers if exchange.order else []
    if not number:
        return exchange.world.fapiao[known[0]] if known else None
    return None if exchange.uid and number not in known else exchange.world.fapiao.get(number)


def _head(fapiao, request_id):
    """The documents' example has more keys, all without content."""
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, fapiao.number))
    return {
        **renamed(HEAD, fapiao),
        **elements.head(fapiao),
        "id": identity,
        "kce": plain(fapiao.deduction or 0),
        "tdys": fapiao.elements,
        "ghdwyhzh": fapiao.buyer_bank or " ",
        "ghdwdzdh": fapiao.buyer_address or " ",
        "hjje": plain(fapiao.net),
        "se": plain(fapiao.tax),
        "jshj": plain(fapiao.gross),
        "fpqqlsh": request_id,
        "kprq": compact(fapiao.issued_at),
        "dqsj": dashed(fapiao.issued_at),
        "hcFphm": fapiao.reversed_by or None,
        "fpzt": REVERSED if fapiao.reversed_by else NORMAL,
        "fplxdm": type_code(fapiao),
        "sfwzzfp": "1" if fapiao.form == "digital_paper" else "0",
        "tdyslxDm": fapiao.special_kind,
        "zyspmc": fapiao.lines[0].name,
        "zbmx": [_row(fapiao, line, number, identity) for number, line in enumerate(fapiao.lines, 1)],
    }


def type_code(fapiao):
    return TYPE_CODES.get((fapiao.special, fapiao.form), "")


def _row(fapiao, line, number, parent):
    """Amounts come back tax-exclusive (hsbz 0), whatever was sent; 18 decimals as text."""
    return {
        **renamed("spmc=name ggxh=spec dw=unit spsl=quantity spbm=code zzstsgl=policy hsje=gross", line),
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{fapiao.number}/{number}")),
        "mxid": parent,
        "fphm": fapiao.number,
        "fpmxxh": str(number),
        "hsbz": "0",
        "fphxz": NATURE_CODES[line.nature],
        "je": f"{line.net:.18f}",
        "sl": plain(line.rate),
        "se": plain(line.tax),
        "spdj": line.net_price,
        "hsdj": line.gross_price,
        "lslbs": ZERO_CODES[line.zero_kind],
        "yhzcbs": "1" if line.preferential else "0",
        "kprq": compact(fapiao.issued_at),
        "xhdwdm": fapiao.seller_no,
        "kpdwdm": fapiao.seller_no,
    }


def credit_line(exchange):
    taxpayer = exchange.world.taxpayer(exchange.tax_no)
    figures = month(taxpayer, exchange.world.clock.now())
    total, used = taxpayer.credit_total, figures["used"]
    amounts = {"zsxed": total, "sysxed": total - used, "fpejse": figures["tax"], "ysysxed": used}
    amounts["fphjje"] = figures["net"]
    return Answer(
        {"kjlpzs": plain(figures["count"]), **{key: f"{each:.2f}" for key, each in amounts.items()}}, both=True
    )


def invoice_file(exchange):
    """PDF, OFD and XML as base64, or the addresses that serve them."""
    world, flag, given = exchange.world, exchange.text("downflag"), exchange.text("kprq")
    if flag not in (*KINDS, "4"):
        raise Refused(f'获取版式类型downflag"{flag}"不合法')
    fapiao = world.fapiao.get(exchange.text("fphm"))
    known = fapiao is not None and exchange.tax_no in (fapiao.seller_no, fapiao.buyer_no)
    if not known or not world.is_shown(fapiao):
        raise Refused(NOT_FOUND)
    if given and not re.fullmatch(r"\d{14}", given):
        raise Refused("开票日期格式不正确,应为yyyyMMddHHmmss")
    moment = compact(fapiao.issued_at)
    if given and given != moment:
        raise Refused("开票日期与发票不一致")
    if flag == "4":
        more = {"Kprq": moment, "Czsj": int(fapiao.issued_at.timestamp() * 1000)}
        kinds = {f"{kind.lower()}Url": kind for kind in KINDS.values()}
        urls = {key: files.address(world, "piaodanyun", fapiao.number, kind, **more) for key, kind in kinds.items()}
        return Answer(urls, both=True)
    draw, _type = files.FAPIAO[KINDS[flag]]
    options = {"seal": True} if flag == "1" and exchange.text("addSeal") == "1" else {}
    # Drawn after the lock is free again: a long PDF must not hold up the bureau.
    packed = files.zipped if flag == "3" else bytes
    return Answer(lambda: base64.b64encode(packed(draw(fapiao, **options))).decode())
