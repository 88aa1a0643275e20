"""金蝶发票云: what it can and cannot, and bills taken back."""

import pytest

from ..clouds.base import EFFECTS, FIND, ISSUE, LOGIN, RED_CHECK, WITHDRAW
from .test_clouds_kingdee_server import TAX_NO, UID, client

# --- What the cloud can and cannot


def test_operations():
    kingdee = client()
    assert all(map(kingdee.can, (ISSUE, FIND, WITHDRAW)))
    assert not any(map(kingdee.can, (RED_CHECK, LOGIN)))
    assert WITHDRAW in EFFECTS


@pytest.mark.parametrize(
    "call",
    [
        lambda kingdee: kingdee.credit_line(),
        lambda kingdee: kingdee.login("sms"),
        lambda kingdee: kingdee.face_needed(),
        lambda kingdee: kingdee.face_qr(),
        lambda kingdee: kingdee.freeze(LOGIN, None),
        lambda kingdee: kingdee.ask(WITHDRAW, {}),
    ],
)
def test_what_it_has_not(call):
    with pytest.raises(ValueError):
        call(client())


# --- Withdrawing


def test_a_withdrawal():
    assert client().freeze(WITHDRAW, [UID, "B2"]) == {"sellerTaxpayerId": TAX_NO, "serialNos": [UID, "B2"]}
    assert client().freeze(WITHDRAW, None, UID)["serialNos"] == [UID]
    assert client(org_code="A").freeze(WITHDRAW, [UID])["orgCode"] == "A"


@pytest.mark.parametrize(("count", "is_allowed"), [(1, True), (50, True), (51, False)])
def test_fifty_at_once(count, is_allowed):
    numbers = [f"B{place}" for place in range(count)]
    if is_allowed:
        assert client().freeze(WITHDRAW, numbers)["serialNos"] == numbers
        return
    with pytest.raises(ValueError, match="at once"):
        client().freeze(WITHDRAW, numbers)


def test_a_withdrawal_of_nothing():
    with pytest.raises(ValueError, match="order's number"):
        client().freeze(WITHDRAW, [], "")
