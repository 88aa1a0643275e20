"""Plain words for every error, and no secret in anything that is written down."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds import errors, words
from ..clouds.redact import MASK, redact
from ..clouds.words import explain

KINDS = [
    errors.NotSent,
    errors.NotYet,
    errors.RateLimited,
    errors.Rejected,
    errors.OutcomeUnknown,
    errors.LoginRequired,
    errors.TokenExpired,
    errors.CloudError,
]


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (errors.Rejected("可用授信额度不足"), "credit line"),
        (errors.Rejected("当前未查询到购买方纳税人信息,请确认是否继续开具"), "does not know this buyer"),
        (errors.Rejected("购方税号格式错误"), "tax number"),
        (errors.Rejected("商品编码为汇总项"), "classification code"),
        (errors.Rejected("价税合计金额不对"), "do not add up"),
        (errors.Rejected("税率不合法"), "rate"),
        (errors.Rejected("备注长度超长"), "too long"),
        (errors.Rejected("备注不能超过255个字符"), "too long"),
        (errors.Rejected("购方税号不能与销方税号相同"), "same"),
        (errors.Rejected('商品名称"套件"格式不正确,应为*简称*名称'), "short name"),
        (errors.Rejected("参数不能为空", "20000"), "missing"),
        (errors.Rejected("纳税人存在风险"), "stopped"),
        (errors.Rejected("天气不好"), "refused"),
        (errors.LoginRequired("x", need="login"), "session"),
        (errors.LoginRequired("x", need="sms"), "SMS"),
        (errors.LoginRequired("x", need="face"), "face"),
        (errors.LoginRequired("用户名或密码错误", "40000", need="credentials"), "password"),
        (errors.LoginRequired("x", need="permission"), "not allowed"),
        (
            errors.LoginRequired("可信错误:该用户未注册,请在自然人业务入口进行用户注册", need="credentials"),
            "registered",
        ),
        (errors.LoginRequired("账号已锁定", need="credentials"), "locked"),
        (errors.LoginRequired("", "no_tenant", need="credentials"), "tenant"),
        (errors.RateLimited(), "pace"),
        (errors.NotYet("token未查询到"), "two hours"),
        (errors.NotSent("Failed to resolve 'x'", "no_connection"), "name"),
        (errors.NotSent("certificate verify failed", "no_connection"), "certificate"),
        (errors.NotSent("", "bad_address"), "address"),
        (errors.NotSent("token已过期", "401"), "token"),
        (errors.NotSent("Connection refused", "no_connection"), "could not be reached"),
        (errors.OutcomeUnknown("<html>", "unreadable"), "web page"),
        (errors.OutcomeUnknown("流水号重复", "999"), "already at the cloud"),
        (errors.OutcomeUnknown("局端内部异常", "999"), "tax bureau itself"),
        (errors.OutcomeUnknown("", "10400"), "may have been issued"),
        (errors.OutcomeUnknown("Bad Gateway", "502", 502), "down"),
        (errors.OutcomeUnknown("Remote end closed", "ConnectionError"), "not known"),
    ],
)
def test_the_words_fit_the_error(error, word):
    message, fix = explain(error)
    assert word in message
    assert fix.endswith(".")


@given(st.sampled_from(KINDS), st.text(max_size=30), st.text(max_size=6))
def test_every_error_has_words(kind, text, code):
    message, fix = explain(kind(text, code))
    assert message
    assert fix
    assert "%" not in message + fix, "they are shown as they are"


def test_not_shown_yet_needs_nobody_unless_it_ended_at_cloud():
    early = explain(errors.NotYet("未查询到该发票", "999"))
    refused = explain(errors.Rejected("未查询到该发票", "999"))
    assert early[0] == refused[0]
    assert early[1].startswith("Nothing to do")
    assert refused[1].startswith("Check the number")


def test_an_unknown_outcome_never_invites_to_issue_again():
    for word in words.ANSWER_TEXTS:
        assert "try again" not in word.fix.lower()
    assert "Never issue it again" in words.MAY_EXIST[1]


# --- Secrets

SECRETS = {
    "pass": "s1",
    "password": "s2",
    "sms": "123456",
    "pin": "s3",
    "cert": "s4",
    "Authorization": "s5",
    "access_token": "s6",
    "appSecuret": "s7",
    "client_secret": "s8",
    "data[token]": "s9",
    "app_token": ["s10"],
}


def test_dicts_at_any_depth():
    assert redact({"a": [SECRETS]}) == {"a": [dict.fromkeys(SECRETS, MASK)]}


def test_what_is_no_secret_stays():
    plain = {
        "token_type": "TaxApi",
        "fyxm[0][spmc]": "*软件*云",
        "jshj": "1.00",
        "n": 5,
        "pass": "",
        "x": None,
    }
    assert redact(plain) == plain


def test_json_form_and_header_text():
    assert redact(json.dumps(SECRETS)) == json.dumps(dict.fromkeys(SECRETS, MASK))
    assert redact("phone=1&pass=a%26b&sms=12") == "phone=1&pass=***&sms=***"
    assert redact("Authorization: Bearer abc.def, x") == "Authorization: Bearer ***, x"
    assert redact('bad {"token": "abc", half') == 'bad {"token": "***", half'
    assert redact("GET /x?access_token=abc&y=1") == "GET /x?access_token=***&y=1"
    assert redact("https://x/y?access_token=abc&z=1") == "https://x/y?access_token=***&z=1"
    assert redact("价税合计不对") == "价税合计不对"


def test_addresses_of_files_lose_their_signature():
    address = "https://bureau.test/export?Wjgs=PDF&Jym=5C91&Fphm=1"
    for key in ("pdfUrl", "ofd_url", "xmlurl", "fileUrl"):
        shown = redact({"data": {key: address}})["data"][key]
        assert shown == f"https://bureau.test/export?{MASK}"
    assert redact({"pdfUrl": "https://bureau.test/a.pdf"}) == {"pdfUrl": "https://bureau.test/a.pdf"}


def test_files_shrink_to_a_digest():
    text = redact({"data": "QUJD" * 500})["data"]
    assert text.startswith("<base64, 2000 long, sha256 ")
    assert redact(b"abc").startswith("<bytes, 3 long")
    assert "QUJDQUJD" not in redact(json.dumps({"data": "QUJD" * 500}))


def test_known_secrets_vanish_wherever_they_are():
    assert redact({"msg": "user open-sesame is wrong"}, ["open-sesame"]) == {"msg": "user *** is wrong"}
    assert redact("abc", ["", None, "abc"]) == "abc", "too short to be told from words"


@settings(max_examples=50, deadline=None)
@given(st.recursive(st.text() | st.none() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_redaction_never_fails(value):
    redact(value)
    redact(json.dumps(value))


def test_long_texts_are_quick():
    redact("a=" * 100000)
    redact("{" * 100000)
    redact("token " * 50000)
