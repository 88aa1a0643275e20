"""The three kinds of messages, saveBill in its four shapes: what names tickets, and how they were sorted."""

from decimal import Decimal
from itertools import groupby

from ..records import ZERO
from . import tickets


def save_bill(user, slips):
    """What pressing 导入 sends: the shape follows the billType of the userKey."""
    return {"type": "saveBill", "data": {**_document(user), **SHAPES[user.bill_type](slips)}}


def _plain(slips):
    return {"data": [_ticket(slip) for slip in slips], **_all(slips)}


def _travel(slips):
    """Groups by kind of cost."""
    groups = _grouped(slips, lambda slip: tickets.kind_of(slip).cost)
    return {"data": [_cost(each) for each in groups], **_all(slips)}


def _cost(slips):
    kind = tickets.kind_of(slips[0])
    about = {"costName": kind.cost_name, "costType": kind.cost, "size": len(slips)}
    return {"invoiceData": [_ticket(slip) for slip in slips], **about, **_sums(slips)}


def _purchase(slips):
    """By supplier and goods; the payers' data beside them."""
    payers = "buyerName buyerTaxNo buyerAddressPhone buyerAccount"
    buyers = {slip.told["buyerTaxNo"]: _told(slip, payers) for slip in slips}
    parts = {}
    for slip in slips:
        whole = {"goodsName": tickets.goods(slip), "detailAmount": slip.net, "taxAmount": slip.tax}
        for item in slip.told.get("items") or [whole]:
            parts.setdefault((slip.told["salerTaxNo"], item["goodsName"]), []).append((slip, item))
    bought = {"buyerInfo": list(buyers.values()), "purchaseInfo": [_bought(part) for part in parts.values()]}
    return {"data": bought, **_all(slips)}


def _bought(part):
    slip, item = part[0]
    return {
        **_told(slip, "salerName salerTaxNo"),
        "goodsName": item["goodsName"],
        **{key: f"{sum(Decimal(each[key]) for _, each in part):.2f}" for key in ("detailAmount", "taxAmount")},
        "invoiceData": list(dict.fromkeys(each.serial for each, _ in part)),
    }


def _payees(slips):
    """One row for each payee's tax number and account; serial numbers with commas [?]."""
    groups = _grouped(slips, lambda slip: (slip.told["salerTaxNo"], slip.told["salerAccount"]))
    return {"type": "savebill", "data": [_payee(each) for each in groups]}


def _payee(slips):
    payee = _told(slips[0], "salerTaxNo salerName salerAddressPhone salerAccount")
    return {**payee, **_sums(slips), "goodsName": tickets.goods(slips[0]), "serialNo": _joined(slips)}


SHAPES = {"": _plain, "Tra": _travel, "Pur": _purchase, "BizOut": _payees}


# --- the other two ---


def save_entries(user, slips):
    """An object for one ticket, else an array; and once more as redundant traList."""
    rows = [_row(slip) for slip in slips]
    groups = [{**_cost(slips), "invoiceData": rows}] if slips else []
    shown = {"bxd_key": user.bxd_key, "branch_id": user.branch_id}
    return {"type": "saveEntrys", "data": {**shown, "list": rows[0] if len(rows) == 1 else rows, "traList": groups}}


def _row(slip):
    code, number = tickets.code_no(slip)
    own = {"fplx": slip.kind, "fpdm": code, "fphm": number, "fid": slip.serial}
    return {**own, "jshj": slip.total, "se": slip.tax, "kprq": slip.told["invoiceDate"]}


def update_invoice(user, slip):
    return {"type": "updateInvoice", "data": {"data": _ticket(slip), **_document(user)}}


# --- pieces; spelt as the documents do, mistakes included ---


def _document(user):
    return {"billnumber": user.bill_number, "bxd_key": user.bxd_key, "userid": user.eid}


def _ticket(slip):
    code, number = tickets.code_no(slip)
    return {
        "serialNo": slip.serial,
        "invoiceType": slip.kind,
        "invoiceCode": code,
        "invoiceNo": number,
        **_told(slip, "invoiceDate buyerName buyerTaxNo"),
        **_sums([slip]),
        "sallerName": slip.told["salerName"],
        "sallerTaxNo": slip.told["salerTaxNo"],
        "checkStatus": int(slip.check_status),
        "expenseStatus": int(slip.status),
    }


def _grouped(slips, key):
    return [list(each) for _, each in groupby(sorted(slips, key=key), key)]


def _told(slip, keys):
    return {key: slip.told.get(key, "") for key in keys.split()}


def _sums(slips):
    keys = {"amount": "net", "taxAmount": "tax", "totalAmount": "total"}
    return {key: sum((getattr(slip, name) for slip in slips), ZERO) for key, name in keys.items()}


def _joined(slips):
    return ",".join(slip.serial for slip in slips)


def _all(slips):
    sums = _sums(slips)
    totals = {"invoicesTotalAmount": sums["totalAmount"], "invoicesTaxAmount": sums["taxAmount"]}
    return {**totals, "invoiceSerialNos": _joined(slips)}
