"""金蝶发票助手: signature and token – and that no secret is frozen, shown or logged."""

import json
import logging
from datetime import datetime, timedelta, timezone

import pytest

from ..clouds.base import DROP_VOUCHER, RECEIPT, RELATE, TELL_STATUS, TokenSlot
from ..clouds.errors import LoginRequired, NotSent, OutcomeUnknown, RateLimited
from ..clouds.kingdee.assistant import sign
from ..clouds.picking import SHOW_PAGE, VoucherReport
from ..clouds.redact import MASK, redact
from .test_clouds_assistant_server import CLIENT_ID, REPORT, SECRETS, calls, client, cloud, ok, refused
from .test_clouds_server import http, reset

NOW = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)  # 1700000000 seconds
RECEIVED = {"key": "link-1", "message_key": "m1"}


def receipt(assistant):
    return assistant.read(RECEIPT, assistant.send(RECEIPT, assistant.freeze(RECEIPT, RECEIVED)))


# --- The signature


def test_the_signature_as_md5sum_has_it():
    # printf demo-clientdemo-secret1700000000000 | md5sum
    expected = "dc4e1853af6a2386d81b0bd297b16cb3"
    assert sign("demo-client", "demo-secret", 1700000000000) == expected
    assert sign("demo-client", "demo-secret", "1700000000000") == expected


def test_bodies_are_signed_when_they_are_sent():
    with cloud(now=lambda: NOW, relate=ok()) as (assistant, server):
        frozen = assistant.freeze(RELATE, REPORT)
        assistant.send(RELATE, frozen)
    assert not {"sign", "timestamp", "client_id"} & set(frozen)
    (call,) = calls(server)
    assert call.json == {
        **frozen,
        "client_id": "demo-client",
        "timestamp": 1700000000000,
        "sign": "dc4e1853af6a2386d81b0bd297b16cb3",
    }


@pytest.mark.parametrize("change", [{"secrets": {}}, {"options": {"client_key": ""}}])
def test_missing_credentials_are_said_without_a_call(change):
    with cloud(config_changes=change) as (assistant, server):
        for call in (assistant.test, lambda: assistant.send(RELATE, {})):
            with pytest.raises(LoginRequired) as caught:
                call()
            assert (caught.value.code, caught.value.need) == ("no_client", "credentials")
        assert not server.requests


# --- The token


def test_the_token_as_in_the_seed():
    slot = TokenSlot()
    with cloud(slot, now=lambda: NOW) as (assistant, server):
        assert not assistant.is_ready()
        assistant.prepare()
        assistant.prepare()
        assert assistant.is_ready()
    (call,) = server.requests
    assert (call.method, call.path) == ("POST", "/test/base/oauth/token")
    assert call.json == {
        "client_id": "demo-client",
        "sign": "dc4e1853af6a2386d81b0bd297b16cb3",
        "timestamp": 1700000000000,
    }
    assert (slot.token, slot.changed, slot.expires_at) == ("T1", True, NOW + timedelta(hours=2))


@pytest.mark.parametrize(
    "body",
    [
        ok(access_token="T9"),
        ok({"access_token": "T9"}),
        ok('{"access_token": "T9"}'),
        ok({"accessToken": "T9", "expires_in": 600}),
    ],
)
def test_the_token_is_at_the_top_or_in_data(body):
    slot = TokenSlot()
    with cloud(slot, token=body) as (assistant, _server):
        assistant.test()
    assert slot.token == "T9"


def test_the_lifetime_the_cloud_names():
    slot = TokenSlot()
    with cloud(slot, now=lambda: NOW, token=ok(access_token="T", expires_in=600)) as (assistant, _server):
        assistant.test()
    assert slot.expires_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("answer", "kind", "need"),
    [
        (refused("签名错误"), LoginRequired, "credentials"),
        (refused("client_id不存在"), LoginRequired, "credentials"),
        (refused("应用未授权"), LoginRequired, "permission"),
        (refused("请联系金蝶管理员"), LoginRequired, "credentials"),
        (refused("请求过于频繁"), RateLimited, ""),
        (refused("系统繁忙"), NotSent, ""),
        (refused(""), NotSent, ""),
        (ok(), NotSent, ""),
        (http("<html>", content_type="text/html"), NotSent, ""),
        (http("no", status="401 No"), LoginRequired, "credentials"),
        (reset, NotSent, ""),
    ],
)
def test_a_token_that_is_not_handed_out(answer, kind, need):
    """assumption: the texts; no source shows one"""
    with cloud(token=answer) as (assistant, server):
        with pytest.raises(kind) as caught:
            receipt(assistant)
        assert not calls(server)
    assert type(caught.value) is kind
    assert getattr(caught.value, "need", "") == need


@pytest.mark.parametrize(
    "refusal",
    [
        refused("access_token已过期"),
        refused("token invalid", "1001"),
        refused("x", "401"),
        http("no", status="401 No"),
    ],
)
def test_a_refused_token_is_fetched_anew_once(refusal):
    """assumption: the words"""
    slot = TokenSlot("OLD", datetime.now(timezone.utc) + timedelta(hours=1))
    with cloud(slot, receipt=[refusal, ok()]) as (assistant, server):
        receipt(assistant)
    assert [call.query["access_token"] for call in calls(server)] == ["OLD", "T1"]
    assert slot.token == "T1"


def test_a_token_refused_twice_is_given_up():
    with cloud(TokenSlot("OLD"), receipt=refused("token失效")) as (assistant, server):
        with pytest.raises(NotSent):
            receipt(assistant)
        assert len(calls(server)) == 2


def test_a_voucher_carries_the_token_and_is_repeated_with_a_fresh_one():
    """assumption: the papers show neither token nor signature there"""
    with cloud(TokenSlot("OLD"), drop_voucher=[refused("token过期"), ok()]) as (assistant, server):
        payload = assistant.freeze(DROP_VOUCHER, VoucherReport("v1", "0001"))
        assistant.read(DROP_VOUCHER, assistant.send(DROP_VOUCHER, payload))
    assert [call.query for call in calls(server)] == [{"access_token": "OLD"}, {"access_token": "T1"}]
    assert {call.body for call in calls(server)} == {b'{"vouchNo": "0001", "vouchId": "v1"}'}


# --- Secrets


def test_no_secret_in_what_is_frozen_or_shown():
    assistant = client()
    assert "demo-secret" not in repr(assistant.config) + repr(assistant.options) + repr(assistant.slot)
    for operation in (RELATE, TELL_STATUS):
        payload = assistant.freeze(operation, REPORT.__class__("eid", "k", status="30"))
        assert redact(payload) == payload
        assert "secret" not in json.dumps(payload)


@pytest.mark.parametrize("key", ["client_secret", "sign", "access_token", "userKey"])
def test_secrets_in_journals(key):
    assert redact({key: "s3cret", "eid": "1"}) == {key: MASK, "eid": "1"}
    assert redact({"data": {key: "s3cret"}}) == {"data": {key: MASK}}
    for text in (
        json.dumps({key: "s3cret"}),
        f"https://c.test/m4-web/fpzs/index?{key}=s3cret&linkKey=x",
        f"GET /polling/fpzs/portal/receipt?key=1&{key}=s3cret HTTP/1.1",
        f'"{key}": "s3cret"',
    ):
        assert "s3cret" not in redact(text)


def test_words_that_only_look_like_a_signature_stay():
    assert redact({"design": "x", "signName": "y"}) == {"design": "x", "signName": "y"}
    assert redact("design: x, assign=y z") == "design: x, assign=y z"


def test_a_pages_address_in_a_journal():
    address = client().page(SHOW_PAGE, "u-key", serial_no="s1")
    assert "u-key" in address
    assert redact(address).endswith(f"showInvoice?userKey={MASK}&serialNo=s1")


def test_no_secret_in_logs_or_errors(caplog):
    caplog.set_level(logging.DEBUG)
    with cloud(token=ok(access_token="t0ken-long"), receipt=reset) as (assistant, server):
        with pytest.raises(OutcomeUnknown) as lost:
            receipt(assistant)
        assert "t0ken-long" in calls(server)[0].target
    said = caplog.text + str(lost.value)
    for secret in (*SECRETS.values(), "t0ken-long"):
        assert secret not in said
    assert CLIENT_ID not in str(lost.value)
