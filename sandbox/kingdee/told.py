"""A fapiao in 金蝶发票云's words, the same in the query and in the callbacks."""

from ..bureau import red
from ..clock import dashed
from ..files import address
from ..protocol import renamed, words
from . import elements

KINDS = {
    (True, "digital"): "08xdp",
    (False, "digital"): "10xdp",
    (True, "electronic"): "028",
    (False, "electronic"): "026",
    (True, "paper"): "004",
    (False, "paper"): "007",
    (False, "roll"): "025",
}
NATURES = {"normal": "0", "discount": "1", "discounted": "2"}  # not the coding of BILL.PUSH
NORMAL, WAITING, REVERSED = "0", "2", "3"
LINES, CALLBACK_LINES = "goods", "invoiceDetail"  # the key of the lines in queries, and in callbacks
FILES = {"invoiceFileUrl": "OFD", "invoicePdfFileUrl": "PDF", "invoiceXmlFileUrl": "XML"}
HEAD = """
    buyerName=buyer_name buyerTaxpayerId=buyer_no buyerBankAndAccount=buyer_bank buyerAddressAndTel=buyer_address
    buyerRecipientMail=buyer_mail buyerRecipientPhone=buyer_phone sellerName=seller_name
    sellerTaxpayerId=seller_no sellerBankAndAccount=seller_bank sellerAddressAndTel=seller_address
    drawer payee reviewer remark totalAmount=net totalTaxAmount=tax includeTaxAmount=gross"""
LINE = """
    billNo=bill billSourceId=source goodsName=name revenueCode=code specification=spec units=unit amount=net
    taxAmount=tax includeTaxAmount=gross privilegeContent=policy"""
# What only a fapiao that is there can say.
EMPTY = words("invoiceNum invoiceDate originalInvoiceNumber redInfoBillNo")


def invoices(world, bill, lines_key=LINES):
    """Its fapiao; what failed with the reason; what waits as the switch says."""
    listed, waits = [], world.kingdee.waiting_as == "entry"
    for order in bill.orders:
        if order.fapiao:
            listed.append(fapiao(world, world.fapiao[order.fapiao], bill.number, bill.number, lines_key))
        elif order.error or waits:
            listed.append(unissued(order.draft, bill.number, order.number, order.error, lines_key))
    if not listed and (bill.error or waits):
        listed.append(unissued(bill.draft, bill.number, "", bill.error, lines_key))
    return listed


def fapiao(world, record, bill_no, serial, lines_key=LINES):
    """An issued one. The sandbox draws no picture of a page, and a digital fapiao has no check code."""
    rest = red.left(world, record).values() if not record.red else ()
    return {
        **_head(record, bill_no, serial, record.request, lines_key),
        "invoiceStatus": REVERSED if record.reversed_by else NORMAL,
        "issueErrorMessage": "",
        "invoiceCode": "" if record.is_digital else record.code,
        "invoiceNum": record.number if record.is_digital else record.short,
        "invoiceDate": dashed(record.issued_at),
        # The one address of a picture that there is: what is drawn is a PDF.
        "invoiceImageUrl": "" if record.is_digital else address(world, "kingdee", record.number, "PDF"),
        **{key: address(world, "kingdee", record.number, kind) for key, kind in FILES.items()},
        "originalInvoiceNumber": record.original,
        "redInfoBillNo": record.red_form,
        "invoiceProperty": "1" if record.red else "0",
        "canRedAmount": round(sum(line.net for line in rest), 2),
        "canRedTaxAmount": round(sum(line.tax for line in rest), 2),
    }


def known_as(item):
    """Under which number the world knows what an item tells of."""
    return item["invoiceCode"] + item["invoiceNum"]


def unissued(draft, bill_no, order_no, error, lines_key=LINES):
    """One that isn't there: waiting, or failed with its reason."""
    return {
        **_head(draft, bill_no, bill_no, order_no, lines_key),
        "invoiceStatus": WAITING,
        "issueErrorMessage": error,
        **dict.fromkeys((*EMPTY, *FILES), ""),
        "invoiceProperty": "0",
    }


def _head(record, bill_no, serial, order_no, lines_key):
    return {
        "billNo": bill_no,
        "serialNo": serial,
        "orderNo": order_no,
        "invoiceType": KINDS.get((record.special, record.form), ""),
        **dict.fromkeys(("invoiceCode", "checkCode", "invoiceImageUrl"), ""),
        "buyerProperty": "1" if record.natural_person else "0",
        **renamed(HEAD, record),
        **elements.head(record),
        lines_key: [_line(line, position) for position, line in enumerate(record.lines, 1)],
    }


def _line(line, position):
    """Amounts exclude tax, whatever was sent; prices are text of ten places, as in [docs]."""
    return {
        "detailRowNo": position,
        **renamed(LINE, line),
        "lineProperty": NATURES[line.nature],
        "quantity": "" if line.quantity is None else f"{line.quantity:f}",
        "price": "" if line.price is None else f"{line.net_price:.10f}",
        "taxRate": str(line.rate),
        "includeTaxPrice": "" if line.price is None else f"{line.gross_price:.10f}",
        "privilegeFlag": "1" if line.preferential else "0",
    }
