"""The three kinds of messages, saveBill in its four shapes: what names tickets, and how they were sorted."""

from decimal import Decimal
from itertools import groupby

from ..records import ZERO
from . import tickets


def save_bill(user, slips):
    """What pressing 导入 sends: the shape follows the billType of the userKey."""
    return {"type": "saveBill", "data": {**_document(user), **SHAPES[user.bill_type](slips)}}


def _plain(slips):
    sums = _sums(slips)
    totals = {"invoicesAmount": sums["totalAmount"], "invoicesTaxAmount": sums["taxAmount"]}
    return {"data": [_ticket(slip) for slip in slips], **totals, **_all(slips)}


def _travel(slips):
    """Groups by kind of cost."""
    groups = _grouped(slips, lambda slip: tickets.kind_of(slip).cost)
    return {"data": [_cost(each) for each in groups], **_totals(slips), "allSize": len(slips), **_all(slips)}


def _cost(slips):
    kind = tickets.kind_of(slips[0])
    about = {"costName": kind.cost_name, "costType": kind.cost, "size": len(slips)}
    rows = [{**_ticket(slip), "classify": kind.cost, "classifyName": kind.cost_name} for slip in slips]
    return {"invoiceData": rows, **about, "invoiceDate": slips[0].told["invoiceDate"], **_sums(slips)}


def _purchase(slips):
    """By supplier and goods; beside them the payees, spelt as buyers."""
    payees = {slip.told["salerTaxNo"]: _payee_as_buyer(slip) for slip in slips}
    parts = {}
    for slip in slips:
        whole = {"goodsName": tickets.goods(slip), "detailAmount": slip.net, "taxAmount": slip.tax}
        for item in slip.told.get("items") or [whole]:
            parts.setdefault((slip.told["salerTaxNo"], item["goodsName"]), []).append((slip, item))
    bought = {"buyerInfo": list(payees.values()), "purchaseInfo": [_bought(part) for part in parts.values()]}
    return {"data": bought, **_all(slips)}


def _payee_as_buyer(slip):
    payee = _told(slip, "salerName salerTaxNo salerAddressPhone salerAccount")
    return {key.replace("saler", "buyer"): value for key, value in payee.items()}


def _bought(part):
    slip, item = part[0]
    num, amount = (sum(Decimal(each.get(key) or 0) for _, each in part) for key in ("num", "detailAmount"))
    return {
        **_told(slip, "salerName salerTaxNo invoiceDate"),
        "goodsName": item["goodsName"],
        "goodsCode": item.get("goodsCode", ""),
        "unit": item.get("unit", ""),
        "num": f"{num}" if num else "",
        "unitPrice": f"{amount / num:.8f}" if num else "",
        **{key: f"{sum(Decimal(each[key]) for _, each in part):.2f}" for key in ("detailAmount", "taxAmount")},
        "size": str(len(part)),
        "invoiceData": list(dict.fromkeys(each.serial for each, _ in part)),
    }


def _payees(slips):
    """One row for each payee's tax number and account; serial numbers with commas [?]."""
    groups = _grouped(slips, lambda slip: (slip.told["salerTaxNo"], slip.told["salerAccount"]))
    return {"type": "savebill", "data": [_payee(each) for each in groups], **_totals(slips)}


def _payee(slips):
    payee = _told(slips[0], "salerTaxNo salerName salerAddressPhone salerAccount")
    item = next(iter(slips[0].told.get("items") or ()), {})
    goods = {"goodsName": tickets.goods(slips[0]), "goodsCode": item.get("goodsCode", "")}
    code, number = tickets.code_no(slips[0])
    about = {"invoiceType": slips[0].kind, "invoiceCode": code, "invoiceNo": number}
    rate = {"taxRate": item.get("taxRate", "")}
    return {**payee, **_sums(slips), **about, **goods, **rate, "serialNo": _joined(slips)}


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


def _totals(slips):
    sums = _sums(slips)
    return {"invoicesTotalAmount": sums["totalAmount"], "invoicesTaxAmount": sums["taxAmount"]}


def _all(slips):
    is_electronic = all(tickets.kind_of(slip).is_electronic for slip in slips)
    return {"isElectronicInvoice": is_electronic, "invoiceSerialNos": _joined(slips)}
