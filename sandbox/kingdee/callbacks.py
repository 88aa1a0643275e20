"""What the cloud tells of its own accord: 5.1.01 return, 5.1.02 by fapiao, 5.1.03 by bill.

The callbacks are kept for a test to bring, in the order it wants.
"""

import base64
import copy

from ..bureau.issue import credit_left
from ..protocol import dump
from . import queue, told
from .records import Delivery

OPENED, REVERSED = "INVOICE.OPEN", "INVOICE.RED"
RETURNED = "BILL.RETURN"  # [?] interfaceCode of 5.1.01
GOOD, BAD = "0", "9999"  # [docs]


def _address(world, account_id, system):
    return world.kingdee_tenants[account_id].systems.get(system, "")


def settle(world):
    """Tells of what the queue issued by now."""
    for bill, made in queue.settle(world):
        issued(world, bill, made)


def issued(world, bill, made):
    """After an attempt to issue: by bill everything there is, by fapiao what is new or failed."""
    url, style = _address(world, bill.account_id, bill.system), world.kingdee.callback_style
    if url and style in ("bill", "both"):
        items = told.invoices(world, bill, told.CALLBACK_LINES)
        # Judge by the presence of a number: returnCode can't tell where only a part failed.
        error = next((item["issueErrorMessage"] for item in items if not item["invoiceNum"]), "")
        _send(world, bill.number, url, _body(OPENED, items, error, _control(world, bill.tax_no)))
    for order in bill.orders if url and style in ("fapiao", "both") else ():
        if order.fapiao and order in made:
            item = told.fapiao(world, world.fapiao[order.fapiao], bill.number, bill.number, told.CALLBACK_LINES)
            _send(world, bill.number, url, _body(OPENED, item, ""))
        elif order.error:
            item = told.unissued(order.draft, bill.number, order.number, order.error, told.CALLBACK_LINES)
            _send(world, bill.number, url, _body(OPENED, item, order.error))


def returned(world, bill):
    """5.1.01; its payload stands in no source [?]."""
    url = _address(world, bill.account_id, bill.system)
    if url:
        data = {"billNo": bill.number, "serialNo": bill.number, "sellerTaxpayerId": bill.tax_no}
        _send(world, bill.number, url, _body(RETURNED, {**data, "returnReason": bill.error}, ""))


def reversed_(world, red, account_id, system):
    """A red fapiao; by bill in an array, as the blue ones."""
    url, style = _address(world, account_id, system), world.kingdee.callback_style
    bill = next((line.bill for line in red.lines if line.bill), "")
    item = told.fapiao(world, red, bill, red.request, told.CALLBACK_LINES)
    for data in ([item] if style != "fapiao" else None, item if style != "bill" else None):
        if url and data:
            control = _control(world, red.seller_no) if isinstance(data, list) else ""
            _send(world, red.number, url, _body(REVERSED, data, "", control))


def _control(world, tax_no):
    """What a callback by bill says of the credit line [docs]; this bureau limits no day."""
    left = credit_left(world.taxpayer(tax_no), world.clock.now())
    figures = {"monthSurplusLimit": f"{left:.2f}", "daySurplusLimit": "", "isWarning": "1" if left <= 0 else "0"}
    return {"issueBizType": "", "bizType": "", **figures}


def _body(interface, data, error, control=""):
    """`data` is packed only when it is sent, so that it can still be forged."""
    code, text = (BAD, error) if error else (GOOD, "success")
    return {"interfaceCode": interface, "returnCode": code, "returnMsg": text, "data": data, "bizControl": control}


def _send(world, about, url, body):
    number = max((each.number for each in world.deliveries.values()), default=0) + 1
    delivery = world.deliveries[str(number)] = Delivery(number, about, url, copy.deepcopy(body))
    return delivery


def wire_body(delivery):
    """What goes out."""
    return {**delivery.body, "data": base64.b64encode(dump(delivery.body["data"])).decode()}


def forge(world, number, bill, changes):
    """A body that isn't true: of a bill there is, changed; or of one that was never pushed."""
    items = told.invoices(world, bill, told.CALLBACK_LINES) if bill else []
    if bill and not items:
        items = [told.unissued(bill.draft, number, "", "", told.CALLBACK_LINES)]
    unknown = {"billNo": number, "serialNo": number, "invoiceStatus": told.NORMAL, "issueErrorMessage": ""}
    items = [{**item, **changes} for item in items or [{**unknown, "invoiceNum": "26319999" + "9" * 12}]]
    by_bill = world.kingdee.callback_style in ("bill", "both")
    return _send(world, number, "", _body(OPENED, items if by_bill else items[0], ""))
