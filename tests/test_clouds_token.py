"""票单云: the access token – how it is asked for, shared, kept and renewed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from ..clouds.base import CREDIT, ISSUE, TokenSlot
from ..clouds.errors import LoginRequired, NotSent, RateLimited, TokenRefused
from . import test_clouds_seed as seed
from .test_clouds_server import cloud, http, reset, silence

NOW = datetime(2025, 1, 1, tzinfo=timezone.utc)
EXPIRED = {"code": 401, "msg": "token已过期", "data": None}
BAD_TOKENS = [
    EXPIRED,
    {"code": "2004", "msg": "x"},
    {"code": 2005, "msg": "x"},
    {"code": 20000, "msg": "token不能为空"},
    {"code": 999, "msg": "无效的token"},
    {"code": 40000, "msg": "令牌已失效"},
]


def token(text="T"):
    return http({"code": 200, "msg": "成功", "data": text})


def asked(server):
    return [request for request in server.requests if request.path == "/obtainToken"]


def test_what_is_asked():
    with cloud() as (client, server):
        client.test()
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/obtainToken")
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "phone": "13500000000",
        "phone_email": "13500000000",
        "pass": "open-sesame",
        "tenant_id": 4711,
        "token_type": "TaxApi",
    }


def test_as_a_form_if_set_so():
    options = {"tenant_number": 7, "token_body": "form"}
    with cloud(config_changes={"options": options}) as (client, server):
        client.test()
    assert server.requests[0].form["tenant_id"] == "7"
    assert server.requests[0].form["phone_email"] == "13500000000"


@pytest.mark.parametrize(
    "unread",
    [
        http(seed.PARAMETER_EMPTY),
        http("", status="415 Unsupported"),
        http("<html>", status="400 Bad"),
        http({"code": 999, "msg": "Content-Type不支持application/json"}),
    ],
)
def test_the_other_form_is_tried_where_nothing_was_read(unread):
    """assumption: JSON as in the paper's example, though its other bodies are forms"""
    with cloud(obtainToken=[unread, token()]) as (client, server):
        client.test()
    assert server.requests[1].form["pass"] == "open-sesame"


@pytest.mark.parametrize(
    "data",
    ["TOKEN", {"token": "TOKEN"}, {"access_token": "TOKEN", "x": 1}, {"accessToken": "TOKEN"}, " TOKEN\n"],
)
def test_every_shape_of_a_token(data):
    """assumption: no document shows a successful answer"""
    slot = TokenSlot()
    with cloud(slot, now=lambda: NOW, obtainToken=token(data)) as (client, _server):
        client.test()
    assert slot.token == "TOKEN"
    assert slot.changed
    assert slot.expires_at == NOW + timedelta(hours=2)


def test_a_lifetime_the_cloud_names_counts():
    slot = TokenSlot()
    answer = token({"token": "T", "expires_in": "600"})
    with cloud(slot, now=lambda: NOW, obtainToken=answer) as (client, _server):
        client.test()
    assert slot.expires_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("data", [None, "", {}, [], {"token": None}, {"token": 1.5}, "票", "a\nb", 0])
def test_no_token_in_a_success(data):
    with cloud(obtainToken=token(data)) as (client, _server), pytest.raises(NotSent):
        client.test()


def test_header_and_prefix_are_settings():
    options = {"tenant_number": 7, "token_header": "X-Token", "token_prefix": "Bearer "}
    with cloud(config_changes={"options": options}, getCreditLine=http(seed.CREDIT)) as (client, server):
        client.credit_line()
    assert server.requests[1].headers["x-token"] == "Bearer T1"
    assert "authorization" not in server.requests[1].headers


# --- Failures


@pytest.mark.parametrize("body", [seed.WRONG_PASSWORD, seed.PARAMETER_EMPTY])
def test_wrong_credentials(body):
    with cloud(obtainToken=http(body)) as (client, _server), pytest.raises(LoginRequired) as caught:
        client.test()
    assert caught.value.need == "credentials"


def test_http_401_for_a_token_is_about_credentials():
    refusal = http("no", status="401 No")
    with cloud(obtainToken=refusal) as (client, _server), pytest.raises(LoginRequired) as caught:
        client.test()
    assert caught.value.need == "credentials"


def test_a_wrong_password_is_tried_once_a_batch():
    with cloud(obtainToken=http(seed.WRONG_PASSWORD)) as (client, server):
        for _time in range(3):
            with pytest.raises(LoginRequired):
                client.send(ISSUE, {})
        assert len(asked(server)) == 1
        with pytest.raises(LoginRequired):
            client.test()
        assert len(asked(server)) == 2, "an explicit test asks again"


@pytest.mark.parametrize(
    "change",
    [
        {"secrets": {}},
        {"options": {}},
        {"options": {"tenant_number": "abc"}},
        {"options": {"tenant_number": 0}},
        {"secrets": {"phone": "1"}},
    ],
)
def test_credentials_that_are_missing_here(change):
    with cloud(config_changes=change) as (client, server):
        with pytest.raises(LoginRequired) as caught:
            client.send(ISSUE, {})
        assert server.requests == []
    assert caught.value.need == "credentials"


@pytest.mark.parametrize(
    "answer",
    [reset, None, http("<html>"), http("", status="500 E"), http({"code": 999, "msg": "系统异常"}), silence],
)
def test_an_order_without_a_token_is_not_sent(answer):
    """Whatever became of the token's own call, the order wasn't made."""
    with cloud(obtainToken=answer, config_changes={"read_timeout": 0.1}) as (client, server):
        with pytest.raises(NotSent):
            client.send(ISSUE, {})
        assert not [request for request in server.requests if "blueTicket" in request.path]


def test_pace_of_the_token_interface():
    slow = http("", status="429 Slow", headers=["Retry-After: 9"])
    with cloud(obtainToken=slow) as (client, _server), pytest.raises(RateLimited) as caught:
        client.send(ISSUE, {})
    assert caught.value.retry_after == 9


@pytest.mark.parametrize("answer", [{"code": 429}, {"code": 999, "msg": "请求过于频繁"}])
def test_pace_of_the_token_interface_in_its_own_words(answer):
    with cloud(obtainToken=http(answer)) as (client, _server), pytest.raises(RateLimited):
        client.send(ISSUE, {})


@pytest.mark.parametrize("answer", [{"code": 403}, {"code": 999, "msg": "接口未开通"}])
def test_no_right_to_a_token(answer):
    with cloud(obtainToken=http(answer)) as (client, _server), pytest.raises(LoginRequired) as caught:
        client.send(ISSUE, {})
    assert caught.value.need == "permission"


# --- Kept and renewed


def test_a_stored_token_is_used():
    slot = TokenSlot("OLD", NOW + timedelta(hours=1))
    with cloud(slot, now=lambda: NOW, getCreditLine=http(seed.CREDIT)) as (client, server):
        client.credit_line()
    assert [request.headers.get("authorization") for request in server.requests] == ["OLD"]
    assert not slot.changed


@pytest.mark.parametrize("left", [-1, 0, 299])
def test_a_token_near_its_end_is_replaced_first(left):
    slot = TokenSlot("OLD", NOW + timedelta(seconds=left))
    with cloud(slot, now=lambda: NOW, getCreditLine=http(seed.CREDIT)) as (client, server):
        client.credit_line()
    assert server.requests[1].headers["authorization"] == "T1"
    assert slot.changed


def test_a_short_lifetime_does_not_ask_for_every_call():
    options = {"tenant_number": 1, "token_lifetime": "60"}
    with cloud(now=lambda: NOW, config_changes={"options": options}, getCreditLine=http(seed.CREDIT)) as (
        client,
        server,
    ):
        client.credit_line()
        client.credit_line()
        assert len(asked(server)) == 1


@pytest.mark.parametrize("refusal", BAD_TOKENS, ids=str)
def test_an_order_is_made_once_whatever_is_said_of_the_token(refusal):
    slot = TokenSlot("OLD", NOW + timedelta(hours=1))
    answers = [http(refusal), http(seed.BLUE_TICKET)]
    with cloud(slot, now=lambda: NOW, blueTicket=answers) as (client, server):
        with pytest.raises(TokenRefused):
            client.read(ISSUE, client.send(ISSUE, {"fpqqlsh": "x"}))
        assert client.read(ISSUE, client.send(ISSUE, {"fpqqlsh": "x"})).number == "22111111111111111180"
    orders = [request for request in server.requests if "blueTicket" in request.path]
    assert [order.headers["authorization"] for order in orders] == ["OLD", "T1"]
    assert orders[0].form == orders[1].form


@pytest.mark.parametrize("refusal", BAD_TOKENS, ids=str)
def test_a_refused_token_is_renewed_once_and_the_question_repeated(refusal):
    slot = TokenSlot("OLD", NOW + timedelta(hours=1))
    answers = [http(refusal), http(seed.CREDIT)]
    with cloud(slot, now=lambda: NOW, getCreditLine=answers) as (client, server):
        client.credit_line()
    asked_for = [request for request in server.requests if "getCreditLine" in request.path]
    assert [request.headers["authorization"] for request in asked_for] == ["OLD", "T1"]


@pytest.mark.parametrize("body", ["unauthorized", {"code": 999, "msg": "x"}, {"code": 200, "msg": "x"}])
def test_a_token_refused_by_http_is_renewed(body):
    answers = [http(body, status="401 No"), http(seed.CREDIT)]
    with cloud(TokenSlot("OLD"), getCreditLine=answers) as (client, server):
        client.credit_line()
        assert len(server.requests) == 3


def test_a_token_refused_twice_is_given_up():
    with cloud(TokenSlot("OLD"), getCreditLine=http(EXPIRED)) as (client, server):
        with pytest.raises(NotSent) as caught:
            client.credit_line()
        assert len(server.requests) == 3
    assert caught.value.text == "token已过期"


def test_an_order_that_may_have_been_read_is_not_repeated():
    with cloud(blueTicket=http({"code": 999, "msg": "局端内部异常"})) as (client, server):
        client.send(ISSUE, {})
        assert len(server.requests) == 2


def test_threads_share_one_renewal():
    together = threading.Barrier(8)

    def credit(request):
        if request.headers["authorization"] == "OLD":
            together.wait(5)
            return http(EXPIRED)
        return http(seed.CREDIT)

    with cloud(TokenSlot("OLD"), getCreditLine=credit) as (client, server):
        with ThreadPoolExecutor(8) as pool:
            lines = list(pool.map(lambda _n: client.credit_line(), range(8)))
        assert len(asked(server)) == 1
    assert len({line.left for line in lines}) == 1


class CountedLock:
    """A lock that tells how many have come to its door."""

    def __init__(self):
        self.lock, self.came = threading.Lock(), threading.Semaphore(0)

    def __enter__(self):
        self.came.release()
        self.lock.acquire()

    def __exit__(self, *_exc):
        self.lock.release()


def test_threads_share_one_failure():
    def obtain(_request):
        for _thread in range(4):
            assert door.came.acquire(timeout=5)
        return reset

    def order(_n):
        with pytest.raises(NotSent) as caught:
            client.send(CREDIT, {})
        return caught.value

    with cloud(obtainToken=obtain) as (client, server):
        door = client._tokens._lock = CountedLock()
        with ThreadPoolExecutor(4) as pool:
            assert len(set(map(id, pool.map(order, range(4))))) == 1
        assert len(asked(server)) == 1
