"""What the cloud tells of its own accord: 5.1.01 return, 5.1.02 by fapiao, 5.1.03 by bill."""

import base64
import copy
from datetime import timedelta

from ..errors import Refused
from ..protocol import dump
from . import queue, told
from .records import Delivery

OPENED, REVERSED = "INVOICE.OPEN", "INVOICE.RED"
RETURNED = "BILL.RETURN"  # [?] interfaceCode of 5.1.01
GOOD, BAD = "0", "9999"  # [docs]


def address(world, account_id, system):
    tenant = world.kingdee_tenants.get(account_id)
    return tenant.systems.get(system, "") if tenant else ""


def settle(world):
    """Tells of what the queue issued by now."""
    for bill, made in queue.settle(world):
        issued(world, bill, made)


def issued(world, bill, made):
    """After an attempt to issue: by bill everything there is, by fapiao what is new or failed."""
    url, style = address(world, bill.account_id, bill.system), world.kingdee.callback_style
    if url and style in ("bill", "both"):
        items = told.invoices(world, bill, told.CALLBACK_LINES)
        # Judge by the presence of a number: returnCode can't tell where only a part failed.
        error = next((item["issueErrorMessage"] for item in items if not item["invoiceNum"]), "")
        _send(world, "bill", bill.number, url, _body(OPENED, items, error))
    for order in bill.orders if url and style in ("fapiao", "both") else ():
        if order in made or order.error:
            _send(world, "fapiao", bill.number, url, _by_fapiao(world, bill, order))


def _by_fapiao(world, bill, order):
    number, key = bill.number, told.CALLBACK_LINES
    if order.fapiao:
        return _body(OPENED, told.fapiao(world, world.fapiao[order.fapiao], number, number, key), "")
    return _body(OPENED, told.unissued(order.draft, number, order.number, order.error, key), order.error)


def returned(world, bill):
    """5.1.01; its payload stands in no source [?]."""
    url = address(world, bill.account_id, bill.system)
    if url:
        data = {"billNo": bill.number, "serialNo": bill.number, "sellerTaxpayerId": bill.tax_no}
        _send(world, "return", bill.number, url, _body(RETURNED, {**data, "returnReason": bill.error}, ""))


def reversed_(world, red, account_id, system):
    """A red fapiao; by bill in an array, as the blue ones."""
    url, style = address(world, account_id, system), world.kingdee.callback_style
    bill = next((line.bill for line in red.lines if line.bill), "")
    item = told.fapiao(world, red, bill, red.request, told.CALLBACK_LINES)
    for data in ([item] if style != "fapiao" else None, item if style != "bill" else None):
        if url and data:
            _send(world, "red", red.number, url, _body(REVERSED, data, ""))


def _body(interface, data, error):
    """`data` is packed only when it is sent, so that it can still be forged."""
    code, text = (BAD, error) if error else (GOOD, "success")
    return {"interfaceCode": interface, "returnCode": code, "returnMsg": text, "data": data, "bizControl": ""}


def _send(world, kind, about, url, body):
    waits = world.kingdee.callback_intervals
    due = world.clock.now() + timedelta(seconds=float(waits[0]) if waits else 0)
    number = max((each.number for each in world.deliveries.values()), default=0) + 1
    state = "held" if world.kingdee.hold_callbacks else "waiting"
    delivery = world.deliveries[str(number)] = Delivery(number, kind, about, url, copy.deepcopy(body), due, state)
    return delivery


def wire_body(delivery, _quirks=None):
    """What goes out."""
    return {**delivery.body, "data": base64.b64encode(dump(delivery.body["data"])).decode()}


def forge(world, number, url, bill, changes):
    """A body that isn't true: of a bill there is, changed; or of one that was never pushed."""
    if not url:
        raise Refused("未配置回调地址")
    items = told.invoices(world, bill, told.CALLBACK_LINES) if bill else []
    if bill and not items:
        items = [told.unissued(bill.draft, number, "", "", told.CALLBACK_LINES)]
    unknown = {"billNo": number, "serialNo": number, "invoiceStatus": told.NORMAL, "issueErrorMessage": ""}
    items = [{**item, **changes} for item in items or [{**unknown, "invoiceNum": "26319999" + "9" * 12}]]
    by_bill = world.kingdee.callback_style in ("bill", "both")
    return _send(world, "forged", number, url, _body(OPENED, items if by_bill else items[0], ""))
