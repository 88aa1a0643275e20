"""金蝶发票云: no secret in journal or log, and a journaled answer that can still be read."""

import json
import logging
from decimal import Decimal

import pytest

from ..clouds.base import FIND, ISSUE, RawAnswer
from ..clouds.errors import OutcomeUnknown
from ..clouds.redact import MASK, redact
from .test_clouds_kingdee_fapiao import FAPIAO, GOODS
from .test_clouds_kingdee_server import (
    DRAFT,
    SECRETS,
    UID,
    access_token,
    calls,
    client,
    cloud,
    config,
    encoded,
    http,
    ok,
    read,
    refused,
)
from .test_clouds_server import reset

KEYS = ["app_secret", "appSecuret", "appSecret", "app_token", "apptoken", "access_token", "client_secret"]


@pytest.mark.parametrize("key", KEYS)
def test_the_secrets_of_the_two_calls(key):
    shown = {key: MASK, "user": "13825207590"}
    hidden = {key: "s3cret", "user": "13825207590"}
    assert redact(hidden) == shown
    assert redact({"data": [hidden]}) == {"data": [shown]}
    assert json.loads(redact(json.dumps(hidden))) == shown


@pytest.mark.parametrize("key", KEYS)
def test_secrets_in_texts_and_addresses(key):
    for text in (
        f"{key}=s3cret&x=1",
        f"POST /api?{key}=s3cret&x=1",
        f"https://c.test/a?x=1&{key}=s3cret",
        f'"{key}": "s3cret"',
    ):
        assert "s3cret" not in redact(text)


@pytest.mark.parametrize("wrap", [lambda text: text, lambda text: json.dumps({"data": text})])
@pytest.mark.parametrize("key", KEYS)
def test_secrets_in_base64(wrap, key):
    assert "s3cret" not in redact(wrap(encoded({key: "s3cret"})))
    assert encoded({key: "s3cret"}) not in redact(wrap(encoded({key: "s3cret"})))


def test_an_answer_in_the_journal_is_read_as_it_came():
    """Long base64 shrinks to a digest; an answer must not: it is read again from the journal."""
    body = ok([{"billNo": UID, "invoiceList": [{**FAPIAO, "goods": [GOODS] * 20}]}])
    text = json.dumps(body)
    assert len(body["data"]) > 512
    assert read(FIND, redact(text)) == read(FIND, text)
    assert "收票" in redact(text), "and a person can read it"


@pytest.mark.parametrize("number", ["1234567.1234567890123", "0.1", "100.00", "1e999", "1e99999999999999999999"])
def test_the_journal_changes_no_amount(number):
    kept = json.loads(redact(f'{{"amount":{number}}}'))["amount"]
    try:
        assert Decimal(str(kept)) == Decimal(number)
    except ArithmeticError:
        assert kept == number


def test_what_only_looks_like_json_in_base64_stays():
    for text in ("eyJhIjox", "e30x", "W10x", "ICAgICAg", "eyJhIjoxfQ=", "CCCCCCCC", "DDDDDDDD"):
        assert redact(text) == text


def test_frozen_payloads_hold_no_secret():
    payload = client().freeze(ISSUE, DRAFT, UID)
    assert redact(payload) == payload
    assert "12345678" not in repr(config())


def test_no_secret_in_logs_or_errors(caplog):
    """The token stands in the address as well, and urllib3 logs addresses."""
    caplog.set_level(logging.DEBUG)
    answers = {"login": access_token("s3cret"), "BILL_PUSH": http(refused("x")), "BILL_INVOICE_QUERY": reset}
    with cloud(**answers) as (kingdee, server):
        kingdee.send(ISSUE, [])
        assert "s3cret" in calls(server)[0].target
        with pytest.raises(OutcomeUnknown) as lost:
            kingdee.find(UID)
    said = caplog.text + str(lost.value)
    assert "openApi?***" in said
    for secret in (*SECRETS.values(), "s3cret"):
        assert secret not in said


def test_a_raw_answer_of_a_token_is_masked():
    raw = RawAnswer(200, json.dumps({"data": {"access_token": "s3cret"}, "state": "success"}))
    assert "s3cret" not in redact(raw.text)
