"""金蝶发票助手: what holds for any answer whatsoever."""

import contextlib
import json
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds import reading
from ..clouds.base import ASSISTANT, EFFECTS
from ..clouds.errors import CloudError
from ..clouds.kingdee.assistant import messages, sign, tickets
from ..clouds.kingdee.assistant.answers import opened, serials_in
from ..clouds.kingdee.assistant.shapes import SHAPES
from ..clouds.picking import Told
from ..clouds.reading import exact_sum
from .test_clouds_assistant_journeys import FLIGHT
from .test_clouds_assistant_server import client, raw
from .test_clouds_assistant_tickets import COMMON

KEYS = (
    *COMMON,
    *FLIGHT,
    "errcode",
    "description",
    "data",
    "type",
    "msgId",
    "list",
    "traList",
    "invoiceData",
    "purchaseInfo",
    "buyerInfo",
    "invoiceSerialNos",
    "items",
    "airItemsArr",
    "fid",
    "time",
    "trip",
    "taxRate",
    "costType",
    "classify",
    "num",
    "unitPrice",
    "detailAmount",
    "size",
    "allSize",
    "isElectronicInvoice",
    "branch_id",
    "attachmentSerialNos",
)
WORDS = (
    "0000",
    "saveBill",
    "saveEntrys",
    "updateInvoice",
    "20200102",
    "2020-01-02",
    "1e9",
    "[]",
    "{}",
    "-",
    "%",
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(WORDS)
    | st.sampled_from(sorted(SHAPES))
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=8),
    max_leaves=20,
)


@given(ANYTHING, st.sampled_from([200, 204, 400, 401, 403, 404]), st.sampled_from(sorted(ASSISTANT)))
@settings(max_examples=200, deadline=None)
def test_reading_raises_nothing_but_errors_of_the_contract(body, status, operation):
    with contextlib.suppress(CloudError):
        assert isinstance(client().read(operation, raw(json.dumps(body), status)), Told)


@given(ANYTHING)
@settings(max_examples=300, deadline=None)
def test_messages_and_tickets_of_anything(data):
    known = reading.loads(json.dumps(data))
    message = messages.read(known)
    if message is not None:
        assert all(isinstance(serial, str) and serial for serial in message.serials)
        assert len(set(message.serials)) == len(message.serials)
        json.dumps(message.raw)
        for group in message.groups:
            assert set(group.serials) <= set(message.serials), "a group names no ticket beside those of its message"
            assert group.size is None or group.size >= 0
    for ticket in tickets.read(known):
        assert ticket.fapiao.number
        assert ticket.fapiao.type_code in SHAPES
        json.dumps(ticket.raw)


@given(st.dictionaries(st.sampled_from(KEYS), SCALARS), st.sampled_from(sorted(SHAPES)))
@settings(max_examples=300, deadline=None)
def test_a_ticket_of_anything(row, kind):
    found = tickets.ticket_of(reading.loads(json.dumps({**row, "invoiceType": kind})) or {})
    for amount in (found.fapiao.amount_untaxed, found.fapiao.amount_tax, found.fapiao.amount_total):
        assert amount is None or isinstance(amount, Decimal)


@given(st.text())
@settings(deadline=None)
def test_only_the_code_makes_a_success(text):
    """The samples look for "0000" anywhere in the answer."""
    answer = opened(raw(json.dumps({"errcode": "3000", "description": text + "0000", "data": "0000"})))
    assert not answer.ok


@given(st.text(), st.text(), st.integers(min_value=0))
def test_a_signature_is_thirty_two_lower_case_hex_digits(client_id, secret, timestamp):
    found = sign(client_id, secret, timestamp)
    assert len(found) == 32
    assert set(found) <= set("0123456789abcdef")


@given(st.lists(st.decimals(-(10**20), 10**20, places=20), max_size=5))
def test_sums_are_exact(amounts):
    assert Fraction(exact_sum(*amounts) or 0) == sum(map(Fraction, amounts))


@given(st.lists(st.text("abcdef0123456789", min_size=1, max_size=33), unique=True))
def test_serial_numbers_survive_the_comma(serials):
    assert serials_in(",".join(serials)) == tuple(serials)
    assert serials_in(serials) == tuple(serials)
    assert serials_in([{"serialNo": serial} for serial in serials]) == tuple(serials)


def test_all_reports_are_effects():
    assert client().capabilities <= EFFECTS
