"""A peer that repeats what it was sent, or breaks off: no secret shows in answers, errors and tracebacks."""

import logging
import traceback
from unittest import mock

import pytest
import requests

from ..clouds import redact
from ..clouds.errors import CloudError, OutcomeUnknown
from .test_clouds_server import http, serving, transport

SECRET = 'pass+/&="密-1'
TOKEN = "TOKEN.0123456789"
FORMS = [
    SECRET,
    "pass%2B%2F%26%3D%22%E5%AF%86-1",
    'pass+/&=\\"\\u5bc6-1',
    'pass+/&=\\"密-1',
]


def echo(status="200 OK"):
    return lambda request: http(
        f"<pre>{request.body.decode()} {request.target} {request.headers} {FORMS}</pre>", status, "text/html"
    )


def shown(status, **sent):
    """Return what the caller gets to see of an answer that repeats what was sent."""
    with serving(echo(status)) as server:
        road = transport(server.url)
        try:
            if "form" in sent:
                return road.post_form("/x", sent["form"], headers=sent.get("headers")).text
            return road.post_json("/x", sent["body"], headers=sent.get("headers"), params=sent.get("params")).text
        except CloudError as error:
            return "".join(traceback.format_exception(error))
        finally:
            road.close()


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "429 Too Many", "502 Bad Gateway"])
@pytest.mark.parametrize("kind", ["form", "body"])
def test_what_was_sent_is_taken_out(status, kind):
    said = shown(
        status,
        **{kind: {"password": SECRET, "name": "visible"}},
        headers={"Authorization": f"Bearer {TOKEN}"},
        params={"access_token": TOKEN},
    )
    assert redact.MASK in said
    for secret in (*FORMS, TOKEN):
        assert secret not in said
    assert "visible" in said


def test_short_and_other_values_stay():
    assert redact.without("1234 ab", {"ab", ""}) == "1234 ab"
    assert redact.secrets_in({"nsrsbh": "91", "pass": "", "sms": 12}, None) == {"12"}


def test_a_traceback_quotes_no_address():
    """Libraries put the whole address into their errors."""
    with serving(http({})) as server:
        road = transport(server.url)

        def fail(_session, prepared, **_settings):
            raise requests.exceptions.SSLError(f"Max retries exceeded with url: {prepared.url}")

        with mock.patch.object(requests.Session, "send", fail), pytest.raises(OutcomeUnknown) as lost:
            road.get("/x", params={"access_token": TOKEN})
        road.close()
    assert TOKEN not in "".join(traceback.format_exception(lost.value))


def test_an_unreadable_answer_shows_no_token():
    half = '{"code":200,"data":"eyJhbGciOiJIUzI1NiJ9.abc'
    assert "eyJhbGci" not in redact.without_codes(half)
    for words in ("RemoteDisconnectedAtOnce", "数据中心accountId不正确", "[Errno 111] refused"):
        assert redact.without_codes(words) == words


def test_what_signs_the_address_of_a_file_is_not_logged(caplog):
    caplog.set_level(logging.DEBUG)
    with serving(http(b"%PDF-1.7")) as server:
        road = transport(server.url)
        road.download(f"{server.url}/file?Jym=SIGNED&Fphm=1")
        road.get("/x", params={"key": "SIGNED"})
        road.close()
    assert "SIGNED" not in caplog.text
    assert "/x?***" in caplog.text


def test_a_code_of_digits_changes_no_number_of_an_answer():
    with serving(lambda request: http('{"fphm": "26310000000123456789"}', "200 OK", "application/json")) as server:
        road = transport(server.url)
        try:
            answer = road.post_json("/x", {"sms": "123456", "pin": "26310000"})
        finally:
            road.close()
    assert answer.text == '{"fphm": "26310000000123456789"}'
