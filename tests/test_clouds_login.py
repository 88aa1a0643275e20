"""票单云: logging in to the tax bureau, face authentication, credit line."""

import json
from decimal import Decimal

import pytest

from ..clouds.base import LOGIN, CreditLine, FaceQr, LoginStep, RawAnswer, TokenSlot
from ..clouds.errors import LoginRequired, OutcomeUnknown, Rejected
from ..clouds.registry import open_cloud
from . import test_clouds_seed as seed
from .test_clouds_server import TAX_NO, cloud, config, http

PNG = "iVBORw0KGgoAAAANSUhEUg=="
WHO = {"username": "13800000000", "password": "bureau-pass", "nsrsbh": TAX_NO}


def ok(data=None, text="成功"):
    return http({"code": 200, "msg": text, "data": data})


def no(text, code=999):
    return http({"code": code, "msg": text, "data": None})


def login(answer, *args, **kwargs):
    with cloud(loginDppt=answer) as (client, server):
        step = client.login(*args, **kwargs)
        return step, server.requests[-1].form


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        ({"method": "sms"}, {}),
        ({"method": "sms", "code": "123456"}, {"sms": "123456"}),
        ({"method": "cert"}, {"cert": "1"}),
        ({"method": "soft_cert", "pin": "secret"}, {"cert": "2", "pin": "secret"}),
        ({"method": "soft_cert"}, {"cert": "2"}),
        ({"method": "face_qr"}, {"ewmlx": "1"}),
        ({"method": "app_qr"}, {"ewmlx": "10"}),
        ({"method": "app_qr", "qr_id": "E1"}, {"ewmlx": "10", "ewmid": "E1"}),
    ],
)
def test_what_is_sent(arguments, form):
    answer = ok({"ewmid": "E1", "ewm": PNG} if "ewmlx" in form and "ewmid" not in form else None)
    assert login(answer, **arguments)[1] == {**WHO, **form}


def test_the_passwords_are_not_in_the_payload():
    client = open_cloud(config("https://cloud.example.com"), TokenSlot())
    assert client.freeze(LOGIN, {"method": "cert"}) == {"nsrsbh": TAX_NO, "cert": "1"}
    with pytest.raises(ValueError, match="telepathy"):
        client.freeze(LOGIN, {"method": "telepathy"})


def test_sms_in_two_steps():
    assert login(ok(), "sms")[0].state == "sms_sent"
    assert login(http(seed.LOGIN_DONE), "sms", code="123456")[0] == LoginStep("done", text="成功")


def test_no_sms_needed():
    """assumption: a first call may find the session alive"""
    assert login(ok(text="已登录,无需登录"), "sms")[0].state == "done"


@pytest.mark.parametrize("text", ["短信验证码错误", "验证码已过期", "验证码不正确"])
def test_a_wrong_sms_code_is_refused(text):
    with pytest.raises(Rejected) as caught:
        login(no(text), "sms", code="000000")
    assert caught.value.text == text


def test_an_sms_code_that_is_due():
    with pytest.raises(LoginRequired) as caught:
        login(no("请输入短信验证码"), "cert")
    assert caught.value.need == "sms"


@pytest.mark.parametrize("method", ["cert", "soft_cert"])
def test_certificates_in_one_step(method):
    assert login(http(seed.LOGIN_DONE), method)[0].state == "done"


def test_the_seeds_unregistered_user():
    with pytest.raises(LoginRequired) as caught:
        login(http(seed.LOGIN_UNREGISTERED), "cert")
    assert caught.value.need == "credentials"
    assert caught.value.text.startswith("可信错误")


@pytest.mark.parametrize("key", ["ewm", "qrcode", "base64", "ewmBase64", "img"])
@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_a_picture_under_any_name(key, prefix):
    """assumption: the paper doesn't name the key of the picture"""
    step, _form = login(ok({"ewmid": "E1", key: prefix + PNG}), "app_qr")
    assert step == LoginStep("qr", qr_id="E1", qr_png=PNG, text="成功")


def test_a_code_to_draw():
    step, _form = login(ok({"ewmid": "E1", "ewm": "https://etax/qr?x=1"}), "face_qr")
    assert (step.state, step.qr_text, step.qr_png) == ("qr", "https://etax/qr?x=1", "")


@pytest.mark.parametrize("data", [None, {}, {"ewmid": "E1"}, "text"])
def test_no_code_to_scan(data):
    with pytest.raises(OutcomeUnknown):
        login(ok(data), "app_qr")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (http(seed.LOGIN_DONE), "done"),
        (ok(None), "done"),
        (ok(None, "登录成功"), "done"),
        (ok({"slzt": "1"}), "waiting"),
        (ok({"slzt": 2}), "done"),
        (ok({"slzt": "3"}), "expired"),
        (ok(None, "等待扫码"), "waiting"),
        (ok({"ewmid": "E1"}, "登录成功"), "done"),
        (ok("88a5cfc741ff", "请使用该编号"), "done"),
        (ok({"ewmid": "E1", "ewm": PNG}), "waiting"),
        (ok(None, "二维码已过期"), "expired"),
        (no("二维码未扫描"), "waiting"),
        (no("二维码已失效,请重新获取"), "expired"),
    ],
)
def test_a_scan_in_its_states(answer, state):
    """assumption: the paper doesn't say how a scan that is awaited looks"""
    step, _form = login(answer, "app_qr", qr_id="E1")
    assert step.state == state


def test_no_scan_needed():
    """assumption: a first call may find the session alive"""
    assert login(ok(None, "已登录"), "app_qr")[0].state == "done"


def test_other_refusals():
    with pytest.raises(Rejected):
        login(no("证书不匹配"), "cert")
    with pytest.raises(Rejected):
        login(no("请在手机上确认"), "cert")
    with pytest.raises(OutcomeUnknown):
        login(no("系统异常"), "cert")
    with pytest.raises(LoginRequired):
        login(no("密码错误"), "cert")
    with pytest.raises(OutcomeUnknown):
        login(http("<html>"), "cert")


def test_reading_a_step_again_without_its_form():
    client = open_cloud(config("https://cloud.example.com"), TokenSlot())
    assert client.read(LOGIN, RawAnswer(200, seed.LOGIN_DONE)).state == "done"
    for data in (None, {"x": 1}):
        raw = RawAnswer(200, json.dumps({"code": 200, "data": data}))
        assert client.read(LOGIN, raw).state == "sms_sent"


# --- Face


@pytest.mark.parametrize(("app", "kind"), [("tax", "1"), ("income", "2")])
def test_a_face_code(app, kind):
    with cloud(getFaceImg=http(seed.FACE_IMG)) as (client, server):
        code = client.face_qr(app)
    assert code == FaceQr("5246703dc22842b5a3d7826f375e6c7d", json.loads(seed.FACE_IMG)["data"]["ewm"])
    request = server.requests[1]
    assert (request.method, request.path) == ("GET", "/qdjk/fullExteriorInvoke/getFaceImg")
    assert request.query == {"username": "13800000000", "nsrsbh": TAX_NO, "type": kind}
    assert request.headers["authorization"] == "T1"


def test_no_face_code():
    with cloud(getFaceImg=ok({"rzid": "1"})) as (client, _server), pytest.raises(OutcomeUnknown):
        client.face_qr()
    with pytest.raises(ValueError, match="wechat"):
        open_cloud(config("https://cloud.example.com"), TokenSlot()).face_qr("wechat")


def test_face_state():
    with cloud(queryFaceAuthState=http(seed.FACE_STATE)) as (client, server):
        assert client.face_needed() is True
    assert server.requests[1].path == "/qdjk/fullApplets/queryFaceAuthState"
    assert server.requests[1].form == {"username": "13800000000", "nsrsbh": TAX_NO}


# --- Credit line


def test_credit_line_on_the_wire():
    with cloud(getCreditLine=http(seed.CREDIT)) as (client, server):
        assert str(client.credit_line().left) == "2995145.63"
    assert server.requests[1].path == "/qdjk/allElectricInvoice/getCreditLine"
    assert server.requests[1].form == {"username": "13800000000", "nsrsbh": TAX_NO}


@pytest.mark.parametrize("answer", [http(seed.CREDIT_PLACEHOLDERS), ok(None), ok({}), ok("x"), no("x")])
def test_no_credit_line(answer):
    with cloud(getCreditLine=answer) as (client, _server), pytest.raises(OutcomeUnknown):
        client.credit_line()


def test_all_six_figures_of_the_credit_line():
    with cloud(getCreditLine=http(seed.CREDIT)) as (client, _server):
        assert client.credit_line() == CreditLine(
            total=Decimal("3000000.00"),
            left=Decimal("2995145.63"),
            used=Decimal("4854.37"),
            count=1,
            amount=Decimal("4854.37"),
            tax=Decimal("145.63"),
        )


@pytest.mark.parametrize("key", ["zsxed", "sysxed", "ysysxed", "kjlpzs", "fphjje", "fpejse"])
def test_each_figure_of_the_credit_line_is_read(key):
    figures = json.loads(seed.CREDIT)["data"]
    with cloud(getCreditLine=[ok(figures), ok({**figures, key: "7.00"})]) as (client, _server):
        assert client.credit_line() != client.credit_line()


def test_half_a_credit_line():
    with cloud(getCreditLine=ok({"sysxed": "1.5"})) as (client, _server):
        assert client.credit_line() == CreditLine(total=None, left=Decimal("1.5"))
