"""The three kinds of messages, saveBill in its four shapes. Spelt as the documents do, mistakes included."""

from decimal import Decimal
from itertools import groupby

from ..records import ZERO
from . import shapes


def save_bill(user, slips):
    """What pressing 导入 sends: the shape follows the billType of the userKey."""
    shown = {"billnumber": user.bill_number, "bxd_key": user.bxd_key, "userid": user.eid}
    return {"type": "saveBill", "data": {**shown, **SHAPES[user.bill_type](slips)}}


def _plain(slips):
    totals = {"invoicesAmount": _sum(slips, "total"), "invoicesTaxAmount": _sum(slips, "tax")}
    return {"data": [_short(slip) for slip in slips], **totals, **_all(slips)}


def _short(slip):
    return {
        **_ticket(slip),
        **_told(slip, "invoiceDate buyerName buyerTaxNo"),
        **_checked(slip),
        "taxRate": shapes.rate(slip),
        "goodsCood": shapes.first_item(slip)["goodsCode"],
        "sallerName": slip.told["salerName"],
        "sallerTaxNo": slip.told["salerTaxNo"],
    }


def _travel(slips):
    """Groups by kind of cost."""

    def cost(slip):
        return shapes.kind_of(slip).cost

    groups = [_group(list(each)) for _, each in groupby(sorted(slips, key=cost), cost)]
    totals = {"invoicesTotalAmount": _sum(slips, "total"), "invoicesTaxAmount": _sum(slips, "tax")}
    return {"data": groups, **totals, "allSize": len(slips), **_all(slips)}


def _group(slips):
    kind = shapes.kind_of(slips[0])
    about = {"costName": kind.cost_name, "costType": kind.cost, "size": len(slips)}
    about["invoiceDate"] = slips[0].told["invoiceDate"]
    return {"invoiceData": [_traveller(slip) for slip in slips], **about, **_sums(slips)}


def _traveller(slip):
    told, kind, item = slip.told, shapes.kind_of(slip), shapes.first_item(slip)
    return {
        **_ticket(slip),
        **_told(slip, "salerName salerTaxNo salerAccount salerAddressPhone invoiceDate seatGrade"),
        "stationGeton": told.get("stationGetOn") or told.get("placeOfDeparture", ""),
        "stationGetoff": told.get("stationGetOff") or told.get("destination", ""),
        "classify": kind.cost,
        "classifyName": kind.cost_name,
        "taxRate": shapes.rate(slip),
        "goodsCode": item["goodsCode"],
        "goodsName": item["goodsName"],
        "airItemsArr": _flights(slip),
    }


def _flights(slip):
    if shapes.kind_of(slip).shape != "air":
        return []
    return [_told(slip, "placeOfDeparture destination flightNum seatGrade airTime")]


def _purchase(slips):
    """By supplier and goods; the payers' data beside them."""
    payers = "buyerName buyerTaxNo buyerAddressPhone buyerAccount"
    buyers = {slip.told["buyerTaxNo"]: _told(slip, payers) for slip in slips}
    parts = {}
    for slip in slips:
        for item in slip.told.get("items") or [_whole(slip)]:
            parts.setdefault((slip.told["salerTaxNo"], item["goodsName"]), []).append((slip, item))
    bought = {"buyerInfo": list(buyers.values()), "purchaseInfo": [_bought(part) for part in parts.values()]}
    return {"type": "", "data": bought, **_all(slips)}


def _whole(slip):
    """A ticket without lines as its one line."""
    name = shapes.kind_of(slip).name
    return {**shapes.first_item(slip), "goodsName": name, "detailAmount": f"{slip.net}", "taxAmount": f"{slip.tax}"}


def _bought(part):
    slip, item = part[0]
    net, tax = (sum((Decimal(each[key]) for _, each in part), ZERO) for key in ("detailAmount", "taxAmount"))
    count = sum((Decimal(each["num"] or 1) for _, each in part), Decimal(0))
    return {
        **_told(slip, "salerName salerTaxNo invoiceDate"),
        **{key: item[key] for key in ("goodsName", "goodsCode", "unit")},
        "num": str(count),
        "unitPrice": f"{net / count:.2f}" if count else "",
        "size": str(len(part)),
        "detailAmount": f"{net:.2f}",
        "taxAmount": f"{tax:.2f}",
        "invoiceData": list(dict.fromkeys(each.serial for each, _ in part)),
    }


def _payees(slips):
    """One row for each payee's tax number and account; serial numbers with commas [?]."""

    def payee(slip):
        return slip.told["salerTaxNo"], slip.told["salerAccount"]

    groups = [_payee(list(each)) for _, each in groupby(sorted(slips, key=payee), payee)]
    totals = {"invoicesTotalAmount": _sum(slips, "total"), "invoicesTaxAmount": _sum(slips, "tax")}
    return {"type": "savebill", "data": groups, **totals}


def _payee(slips):
    item = shapes.first_item(slips[0])
    return {
        **_told(slips[0], "salerTaxNo salerName salerAddressPhone salerAccount"),
        **_ticket(slips[0]),
        **_sums(slips),
        "goodsCode": item["goodsCode"],
        "goodsName": item["goodsName"],
        "taxRate": shapes.rate(slips[0]),
        "serialNo": _joined(slips),
    }


SHAPES = {"": _plain, "Tra": _travel, "Pur": _purchase, "BizOut": _payees}


# --- the other two ---


def save_entries(user, slips):
    """An object for one ticket, else an array; and once more as redundant traList."""
    rows = [_row(slip) for slip in slips]
    groups = [_entry_group(slips)] if slips else []
    shown = {"bxd_key": user.bxd_key, "branch_id": user.branch_id}
    return {"type": "saveEntrys", "data": {**shown, "list": rows[0] if len(rows) == 1 else rows, "traList": groups}}


def _row(slip):
    code, number = shapes.code_no(slip)
    goods = shapes.first_item(slip)["goodsCode"]
    own = {"fplx": slip.kind, "spbm": goods, "fpdm": code, "fphm": number, "fid": slip.serial}
    return {**own, "jshj": slip.total, "se": slip.tax, "kprq": slip.told["invoiceDate"]}


def _entry_group(slips):
    group = _group(slips)
    rows = [{**_row(slip), "jshj": f"{slip.total}", "se": f"{slip.tax}"} for slip in slips]
    amounts = {key: f"{group[key]:.2f}" for key in ("amount", "taxAmount", "totalAmount")}
    return {**group, **amounts, "invoiceData": rows, "size": str(len(slips))}


def update_invoice(user, slip):
    sellers = {"sallerName": slip.told["salerName"], "sallerTaxNo": slip.told["salerTaxNo"]}
    goods = shapes.first_item(slip)["goodsCode"]
    shown = {"billnumber": user.bill_number, "bxd_key": user.bxd_key, "userid": user.eid}
    data = {**_ticket(slip), **_checked(slip), **sellers, "goodsCode": goods}
    return {"type": "updateInvoice", "data": {"data": data, **shown}}


# --- pieces ---


def _ticket(slip):
    code, number = shapes.code_no(slip)
    names = {"serialNo": slip.serial, "invoiceType": slip.kind, "invoiceCode": code, "invoiceNo": number}
    return {**names, "amount": shapes.net(slip), "totalAmount": slip.total, "taxAmount": slip.tax}


def _told(slip, keys):
    return {key: slip.told.get(key, "") for key in keys.split()}


def _checked(slip):
    return {"checkStatus": int(slip.check_status), "expenseStatus": int(slip.status)}


def _sums(slips):
    return {"amount": _sum(slips, "net"), "taxAmount": _sum(slips, "tax"), "totalAmount": _sum(slips, "total")}


def _sum(slips, name):
    return sum((getattr(slip, name) for slip in slips), ZERO)


def _joined(slips):
    return ",".join(slip.serial for slip in slips)


def _all(slips):
    electronic = bool(slips) and all("electronic" in shapes.kind_of(slip).marks for slip in slips)
    return {"invoiceSerialNos": _joined(slips), "isElectronicInvoice": electronic}
