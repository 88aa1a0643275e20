"""金蝶发票云: app_token and access_token – how they are asked for, shared, kept and renewed, and refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from ..clouds.base import FIND, ISSUE, TokenSlot
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown, RateLimited, TokenRefused
from ..clouds.words import explain
from .test_clouds_kingdee_server import UID, access_token, app_token, calls, cloud, http, ok, refused
from .test_clouds_server import reset, silence

NOW = datetime(2025, 1, 1, tzinfo=timezone.utc)
BILL = http(ok([{"billNo": UID, "invoiceList": []}]))
EXPIRED = refused("access_token已过期", "401")


def milliseconds(moment):
    return int(moment.timestamp() * 1000)


def no_token(text, code="1", key="error_desc"):
    data = {"success": False, key: text, "error_code": code}
    return http({"data": data, "state": "error"})


def asked(server, word="getAppToken"):
    return [request for request in server.requests if request.path.endswith(f"/api/{word}.do")]


# --- What is asked


def test_both_calls_as_in_the_seed():
    with cloud(path="/ierp", getAppToken=app_token("12324eroeutrekdfgfkdkkk")) as (client, server):
        client.test()
    first, second = server.requests
    assert (first.method, first.path) == ("POST", "/ierp/api/getAppToken.do")
    assert first.json == {
        "appId": "CASHINV",
        "appSecuret": "12345678",
        "appSecret": "12345678",
        "tenantid": "devbiz",
        "accountId": "1534920374578620490",
        "language": "zh_CN",
    }
    assert (second.method, second.path) == ("POST", "/ierp/api/login.do")
    assert second.json == {
        "user": "13825207590",
        "apptoken": "12324eroeutrekdfgfkdkkk",
        "tenantid": "devbiz",
        "accountId": "1534920374578620490",
        "usertype": "Mobile",
    }


def test_the_user_may_stand_in_the_accounts_own_field():
    with cloud(config_changes={"username": "ops", "options": {"cloud_user": ""}}) as (client, server):
        client.test()
    assert asked(server, "login")[0].json["user"] == "ops"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secrets": {}}, "no_application"),
        ({"options": {"app_key": ""}}, "no_application"),
        ({"options": {"datacenter": ""}}, "no_application"),
        ({"options": {"cloud_user": ""}}, "no_user"),
        ({"options": {"user_type": "Name"}}, "no_user"),
    ],
)
def test_what_is_missing_here_is_said_without_a_call(change, code):
    with cloud(config_changes=change) as (client, server):
        with pytest.raises(LoginRequired) as caught:
            client.send(ISSUE, [])
        assert not server.requests
    assert (caught.value.code, caught.value.need) == (code, "credentials")


# --- Kept


def test_the_token_lives_as_long_as_the_cloud_says():
    slot = TokenSlot()
    ends = NOW + timedelta(minutes=90)
    with cloud(slot, now=lambda: NOW, login=access_token("TOKEN", milliseconds(ends))) as (client, _server):
        client.test()
    assert (slot.token, slot.changed) == ("TOKEN", True)
    assert abs(slot.expires_at - ends) <= timedelta(seconds=1)


@pytest.mark.parametrize("ends", [None, 0, 1535680289307, milliseconds(NOW + timedelta(days=400)), "soon"])
def test_two_hours_where_it_names_no_sensible_end(ends):
    slot = TokenSlot()
    with cloud(slot, now=lambda: NOW, login=access_token("TOKEN", ends)) as (client, _server):
        client.test()
    assert slot.expires_at == NOW + timedelta(hours=2)


def test_a_stored_token_is_used():
    slot = TokenSlot("OLD", NOW + timedelta(hours=1))
    with cloud(slot, now=lambda: NOW, BILL_INVOICE_QUERY=BILL) as (client, server):
        client.find(UID)
    assert [request.headers["access_token"] for request in server.requests] == ["OLD"]
    assert not slot.changed


@pytest.mark.parametrize("left", [-1, 0, 299])
def test_a_token_near_its_end_is_replaced_first(left):
    slot = TokenSlot("OLD", NOW + timedelta(seconds=left))
    with cloud(slot, now=lambda: NOW, BILL_INVOICE_QUERY=BILL) as (client, server):
        client.find(UID)
    assert calls(server)[0].headers["access_token"] == "T1"


def test_a_short_lifetime_does_not_ask_for_every_call():
    ends = milliseconds(NOW + timedelta(seconds=60))
    with cloud(now=lambda: NOW, login=access_token("T", ends), BILL_INVOICE_QUERY=BILL) as (client, server):
        client.find(UID)
        client.find(UID)
        assert len(asked(server)) == 1


def test_threads_share_one_refresh():
    with cloud(BILL_INVOICE_QUERY=BILL) as (client, server):
        with ThreadPoolExecutor(8) as pool:
            assert len(list(pool.map(client.find, [UID] * 8))) == 8
        assert (len(asked(server)), len(asked(server, "login"))) == (1, 1)


# --- Renewed

UNREAD = [
    EXPIRED,
    refused("access_token失效,请重新获取", "1"),
    refused("invalid access_token", "x"),
    {"data": {"success": False, "error_code": "401", "error_desc": "token expired"}, "state": "error"},
    refused("未进行接口授权", "403"),
]


@pytest.mark.parametrize("refusal", UNREAD, ids=str)
def test_a_refused_token_is_renewed_once_and_the_question_repeated(refusal):
    slot = TokenSlot("OLD", NOW + timedelta(hours=1))
    with cloud(slot, now=lambda: NOW, BILL_INVOICE_QUERY=[http(refusal), BILL]) as (client, server):
        client.find(UID)
    first, second = calls(server)
    assert [first.headers["access_token"], second.headers["access_token"]] == ["OLD", "T1"]
    assert first.json["data"] == second.json["data"], "the same question"
    assert first.json["requestId"] != second.json["requestId"]


@pytest.mark.parametrize("refusal", UNREAD, ids=str)
def test_an_order_is_made_once_whatever_is_said_of_the_token(refusal):
    """A misleading answer after the deed would make a second fapiao; "not authorised" may be an expired token."""
    slot = TokenSlot("OLD", NOW + timedelta(hours=1))
    with cloud(slot, now=lambda: NOW, BILL_PUSH=[http(refusal), http(ok())]) as (client, server):
        with pytest.raises((TokenRefused, LoginRequired)):
            client.read(ISSUE, client.send(ISSUE, [{"billNo": UID}]))
        assert len(calls(server)) == 1
        assert client.read(ISSUE, client.send(ISSUE, [{"billNo": UID}]))
        assert [call.headers["access_token"] for call in calls(server)] == ["OLD", "T1"]


def test_a_token_refused_by_http_is_forgotten():
    slot = TokenSlot("OLD")
    with cloud(slot, BILL_PUSH=[http("no", status="401 No"), http(ok())]) as (client, server):
        with pytest.raises(TokenRefused):
            client.read(ISSUE, client.send(ISSUE, []))
        assert len(calls(server)) == 1
    assert (slot.token, slot.changed) == ("", True)


def test_a_token_refused_twice_is_given_up():
    with cloud(TokenSlot("OLD"), BILL_INVOICE_QUERY=http(EXPIRED)) as (client, server):
        with pytest.raises(NotSent) as caught:
            client.find(UID)
        assert len(server.requests) == 4
    assert "expired" in explain(caught.value)[0]


@pytest.mark.parametrize("text", ["单据编号已存在", "正在处理token", "单据重复,没有操作权限"])
def test_an_order_that_may_have_been_read_is_not_repeated(text):
    with cloud(BILL_PUSH=http(refused(text))) as (client, server):
        client.send(ISSUE, [])
        assert len(calls(server)) == 1


def test_threads_share_one_renewal():
    together = threading.Barrier(4)

    def query(request):
        if request.headers["access_token"] == "OLD":
            together.wait(5)
            return http(EXPIRED)
        return BILL

    with cloud(TokenSlot("OLD"), BILL_INVOICE_QUERY=query) as (client, server):
        with ThreadPoolExecutor(4) as pool:
            assert len(list(pool.map(client.find, [UID] * 4))) == 4
        assert len(asked(server)) == 1


# --- The errors of the paper, each with its own words and cure


@pytest.mark.parametrize(
    ("answers", "need", "words"),
    [
        ({"getAppToken": no_token("数据中心accountId参数不对")}, "credentials", "data centre"),
        (
            {"getAppToken": no_token("appId或appSecuret参数不对")},
            "credentials",
            "application's ID or its secret",
        ),
        ({"getAppToken": no_token("x", key="error_description")}, "", "could not be reached"),
        ({"login": no_token("用户不存在")}, "credentials", "wrong"),
        ({"getAppToken": no_token("请求过于频繁")}, "", "pace"),
        ({"login": no_token("账号已锁定")}, "credentials", "locked"),
    ],
)
def test_each_error_has_its_own_words(answers, need, words):
    """assumption: the texts; the paper shows them on screenshots only"""
    with cloud(**answers) as (client, server):
        with pytest.raises((LoginRequired, NotSent)) as caught:
            client.send(ISSUE, [])
        assert not calls(server)
    assert getattr(caught.value, "need", "") == need
    assert words in explain(caught.value)[0]


def test_a_question_that_is_not_authorised_has_its_own_words():
    answer = http(refused("未进行接口授权", "403"))
    with cloud(BILL_INVOICE_QUERY=answer) as (client, _server), pytest.raises(LoginRequired) as caught:
        client.find(UID)
    assert caught.value.need == "permission"
    assert "not authorised" in explain(caught.value)[0]


def test_all_four_have_different_words_and_cures():
    errors = [
        LoginRequired("数据中心accountId参数不对", need="credentials"),
        LoginRequired("appid/appsecuret参数不对", need="credentials"),
        LoginRequired("未进行接口授权", need="permission"),
        NotSent("access_token已过期", "401"),
    ]
    assert len({explain(error)[0] for error in errors}) == 4
    assert len({explain(error)[1] for error in errors}) == 4


def test_a_wrong_secret_is_tried_once_a_batch():
    with cloud(getAppToken=no_token("appSecret错误")) as (client, server):
        for _time in range(3):
            with pytest.raises(LoginRequired):
                client.send(ISSUE, [])
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["401 No", "403 No"])
def test_http_refusing_the_token_calls(status):
    with cloud(getAppToken=http("no", status=status)) as (client, _server), pytest.raises(LoginRequired):
        client.test()


@pytest.mark.parametrize("step", ["getAppToken", "login"])
@pytest.mark.parametrize(
    "answer",
    [reset, None, http("<html>"), http("", status="500 E"), no_token("系统异常"), app_token(None), silence],
    ids=range(7),
)
def test_an_order_without_a_token_is_not_sent(step, answer):
    """Whatever became of the tokens' own calls, the order wasn't made."""
    with cloud(config_changes={"read_timeout": 0.1}, **{step: answer}) as (client, server):
        with pytest.raises(NotSent):
            client.send(ISSUE, [])
        assert not calls(server)


def test_pace_of_the_token_interface():
    slow = http("", status="429 Slow", headers=["Retry-After: 9"])
    with cloud(getAppToken=slow) as (client, _server), pytest.raises(RateLimited) as caught:
        client.test()
    assert caught.value.retry_after == 9


def test_a_lost_answer_to_an_order_is_unknown():
    with cloud(BILL_PUSH=reset) as (client, _server), pytest.raises(OutcomeUnknown):
        client.send(ISSUE, [])


def test_a_question_needs_no_fresh_connection_and_an_order_does():
    with cloud(BILL_INVOICE_QUERY=BILL, BILL_PUSH=http(ok())) as (client, server):
        client.find(UID)
        before = server.connections
        client.send(FIND, client.freeze(FIND, None, UID))
        assert server.connections == before
        client.send(ISSUE, [])
        assert server.connections == before + 1
