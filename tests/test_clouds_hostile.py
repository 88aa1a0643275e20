"""Answers of any shape, to every reader of the clouds: values of the contract come out, or their errors."""

import ast
import base64
import dataclasses
import json
import numbers
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..clouds import base, inbound, picking
from ..clouds.base import RawAnswer, TokenSlot
from ..clouds.errors import CloudError, OutcomeUnknown
from ..clouds.kingdee import Kingdee, callback
from ..clouds.kingdee.assistant import Assistant
from ..clouds.kingdee.assistant import messages as assistant_messages
from ..clouds.piaodanyun import Piaodanyun
from ..clouds.redact import redact
from ..clouds.transport import _text
from ..rules.red_document import RedCheck, RedForm, RedOrder
from . import test_clouds_assistant_server as assistant
from . import test_clouds_kingdee_server as kingdee
from .test_clouds_server import config

UID, NUMBER = "uid-1", "24112000000064654320"
ORDER = RedOrder(NUMBER, "01", form_number="F1", seller_tax_no="91440300MA5G9GK78Y")
VISIT = picking.Visit(user="eid-1", key="k", number="BX-001", company="c")
CONTRACT = (
    *(base.Issued, base.Pending, base.NotFound, base.CreditLine, base.FileAddresses, base.LoginStep),
    *(base.FaceQr, base.Bill, base.Withdrawn, base.RedForms, RedCheck, RedForm),
    *(inbound.PullTask, inbound.PullPage, inbound.DocumentFiles, inbound.BureauSession, inbound.Marked),
    *(picking.Told, picking.Message, picking.Ticket),
    *(bytes, str, bool, type(None)),
)
DEEP = 10_000

# ------------------------------------------------------------------ what a peer may say


def _words():
    """Return the keys and values that the readers know: the short texts in their code."""
    found = set()
    for path in Path(base.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and 0 < len(value) <= 24 and not any(map(str.isspace, value)):
                found.add(value)
    return sorted(found)


WORDS = _words()
# Bare JSON, as no writer of JSON would put it
ODD = [
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1e400",
        "1e999999999",
        "1e-999999999",
        "1E+99999999999999999999",
    ),
    *(
        "-0",
        "-0.0",
        "0e0",
        "9" * 25,
        "9" * 5000,
        "0." + "9" * 5000,
        "1e5000",
        "123456789012345678901234567890.5",
    ),
    *(
        r'"\ud800"',
        r'"\udc00\ud800"',
        r'"\u0000"',
        r'"\ud83d\ude00"',
        r'"a\u0000\ud800b"',
        '"\x7f"',
        '"\u2028"',
    ),
    *('""', '" "', '"null"', '"NaN"', '"1e999999999"', '"' + "9" * 5000 + '"', '"99991332"', '"0000-00-00"'),
    *("true", "false", "null", "[]", "{}", "[[]]", "[{}]", "[null]", '{"":""}', '{"a":1,"a":2}'),
    *('"20240230"', '"2024-06-19 25:61:61"', '"00010101"', '"99991231235959"', '"9999-12-31 23:59:59"'),
    *('"0.1e1"', '"-"', '"."', '"%"', '"1%"', '"٣"', '"²"', '"1,,2"', '"0x10"', '"data:,"', '"===="'),
]
DEEP_ODD = [
    "[" * DEEP + "]" * DEEP,
    '{"data":' * DEEP + "1" + "}" * DEEP,
    "[" * DEEP,
    "[" * 100 + "1" + "]" * 100,
    '{"data":' * 59 + "[]" + "}" * 59,
]
SCALARS = (
    st.sampled_from(ODD)
    | st.integers(-(10**30), 10**30).map(str)
    | st.sampled_from(WORDS).map(json.dumps)
    | st.text(st.characters(codec="utf-8"), max_size=12).map(json.dumps)
)


def _object(pairs):
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in pairs) + "}"


def _array(items):
    return "[" + ",".join(items) + "]"


def _packed(text):
    return json.dumps(base64.b64encode(text.encode("utf-8", "surrogatepass")).decode())


KEYS = st.sampled_from(WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(_array)
        | st.lists(st.tuples(KEYS, inner), max_size=6).map(_object)
        | inner.map(_packed)
        | inner.map(json.dumps)
    ),
    max_leaves=12,
)


ENVELOPES = (
    st.builds('{{"code":200,"msg":"成功","data":{}}}'.format, VALUES)
    | st.builds('{{"code":999,"msg":{},"data":{}}}'.format, SCALARS, VALUES)
    | st.builds('{{"success":true,"errorCode":"0","message":{},"data":{}}}'.format, SCALARS, VALUES)
    | st.builds('{{"success":true,"errorCode":"0","data":{}}}'.format, VALUES.map(_packed))
    | st.builds('{{"success":false,"errorCode":{},"message":{},"data":{}}}'.format, SCALARS, SCALARS, VALUES)
    | st.builds('{{"errcode":"0000","description":{},"data":{}}}'.format, SCALARS, VALUES)
)
FACE = {"rzid": "1", "ewm": "x", "emwly": "swj", "url": "https://x.example.com"}
FAPIAO = {
    "Fphm": NUMBER,
    "Fpdm": "",
    "Kprq": "2024-06-19 19:34:07",
    "Fpzt": "0",
    "Xsfnsrsbh": "1",
    "Hjje": "1.00",
    "invoiceNo": NUMBER,
    "invoiceNum": NUMBER,
    "invoiceDate": "2024-06-19",
    "invoiceStatus": "0",
    "invoiceAmount": "1.00",
    "totalTaxAmount": "0.13",
    "totalAmount": 1.13,
    "invoiceType": "26",
    "billNo": UID,
    "serialNo": "s1",
    "fid": "s1",
    "items": [{"goodsName": "*a*b", "taxRate": "0.13"}],
    "pdfUrl": "https://x.example.com/1.pdf",
    "hzqrxxztDm": "01",
    "govRedConfirmBillUuid": "u",
}
BODIES = [
    {"code": 200, "msg": "成功", "data": {**FAPIAO, **FACE, "mxList": [FAPIAO], "token": "T"}},
    {"code": 200, "msg": "成功", "data": [FAPIAO]},
    {"success": True, "errorCode": "0000", "message": "操作成功", "data": {"list": [FAPIAO], "taskNo": "1"}},
    {"success": True, "errorCode": "0", "data": [{"billNo": UID, "invoices": [FAPIAO], "success": True}]},
    {
        "errcode": "0000",
        "description": "操作成功",
        "data": {"type": "saveBill", "msgId": "m", "data": [FAPIAO]},
    },
]


@st.composite
def mutated(draw):
    """Draw an answer of BODIES with some of what is in it replaced."""

    def put(value):
        if draw(st.integers(0, 9)) == 0:
            return draw(VALUES | st.sampled_from(DEEP_ODD))
        if isinstance(value, dict):
            return _object([(key, put(item)) for key, item in value.items() if draw(st.integers(0, 14))])
        if isinstance(value, list):
            return _array([put(item) for item in value])
        return json.dumps(value)

    return put(draw(st.sampled_from(BODIES)))


TEXTS = (
    ENVELOPES
    | mutated()
    | VALUES
    | st.sampled_from(ODD + DEEP_ODD)
    | st.text(st.characters(codec="utf-8"), max_size=40)
)
STATUSES = st.sampled_from([200, 200, 200, 200, 201, 204, 400, 401, 403, 404, 413, 415])

# ------------------------------------------------------------------ whom it is said to


class Road:
    """Stands where the transport stands: every call gets the one answer."""

    def __init__(self, raw):
        self.raw = raw

    def post_form(self, *_args, **_options):
        return self.raw

    post_json = get = post_form

    def download(self, _url):
        return self.raw.text.encode("utf-8", "replace")

    def close(self):
        pass


def opened(cloud, raw, token="T"):
    slot = TokenSlot(token, expires_at=None)
    configs = {
        Piaodanyun: config("https://cloud.example.com"),
        Kingdee: kingdee.config(),
        Assistant: assistant.config(),
    }
    client = cloud(configs[cloud], slot)
    road = Road(raw)
    client._transport = client._tokens._transport = road
    client._poll_road = lambda _wait: road
    return client


def _reading(cloud, operation):
    return lambda raw: opened(cloud, raw).read(operation, raw)


def _asking(cloud, call, token="T"):
    return lambda raw: call(opened(cloud, raw, token))


READERS = {
    f"{cloud.provider} reads {operation}": _reading(cloud, operation)
    for cloud in (Piaodanyun, Kingdee, Assistant)
    for operation in sorted(cloud.capabilities)
}
CALLS = {
    "token": lambda client: client.test(),
    "piaodanyun login": lambda client: client.login("sms", code="1"),
    "piaodanyun face": lambda client: client.login("face_qr"),
    "piaodanyun credit": lambda client: client.credit_line(),
    "piaodanyun face code": lambda client: client.face_qr(),
    "piaodanyun file": lambda client: client.file(NUMBER, "pdf"),
    "find": lambda client: client.find(UID),
    "find number": lambda client: client.find(number=NUMBER),
    "check red": lambda client: client.check_red(ORDER),
    "find red": lambda client: client.find_red(NUMBER),
    "find red form": lambda client: client.ask(base.RED_STATE, client.freeze(base.RED_STATE, ORDER, "")),
    "kingdee session": lambda client: client.bureau_session(),
    "kingdee page": lambda client: client.pull_page("t", 1),
    "kingdee document": lambda client: client.document_files("ap_finapbill", "1"),
    "kingdee file": lambda client: client.file_at("https://x.example.com", "xml"),
    "kingdee_assistant link key": lambda client: client.link_key(),
    "kingdee_assistant user key": lambda client: client.user_key(VISIT),
    "kingdee_assistant poll": lambda client: client.poll("k"),
    "kingdee_assistant tickets": lambda client: client.tickets(["s1"]),
    "kingdee_assistant document": lambda client: client.document_tickets("u", "n"),
    "kingdee_assistant receipt": lambda client: client.send(base.RECEIPT, {"msgId": "1"}),
}
SPECIAL = ("piaodanyun", "kingdee", "kingdee_assistant")
for name, call in CALLS.items():
    first = name.partition(" ")[0]
    for cloud in (Piaodanyun, Kingdee, Assistant):
        if name == "token" or first == cloud.provider or (first not in SPECIAL and cloud is not Assistant):
            READERS[f"{cloud.provider} asks {name}"] = _asking(cloud, call, token="" if name == "token" else "T")

# ------------------------------------------------------------------ what comes out


def check(value, is_whole=True):
    """Fail where a value is none of the contract, or holds what no database keeps."""
    if isinstance(value, str):
        assert "\x00" not in value
        value.encode()
    elif isinstance(value, Decimal):
        assert value.is_finite()
        assert abs(value.adjusted()) < 100
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            check(getattr(value, field.name), is_whole=False)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            check(item, is_whole=False)
    elif isinstance(value, dict):
        for key, item in value.items():
            check(key, is_whole=False)
            check(item, is_whole=False)
    if is_whole:
        for one in value if isinstance(value, (list, tuple)) and not hasattr(value, "_fields") else [value]:
            assert isinstance(one, (*CONTRACT, RawAnswer)), type(one)


def handed_over(text):
    """Return ``text`` as the transport makes it of the bytes that came."""
    return _text(text.encode("utf-8", "surrogatepass"), "application/json")


def outcome(reader, text, status=200):
    try:
        check(READERS[reader](RawAnswer(status, handed_over(text), "application/json")))
    except CloudError as error:
        check([error.text, error.code], is_whole=False)
        assert isinstance(error.http_status, (numbers.Integral, type(None)))
        assert len(error.code) < 1000


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS, status=STATUSES)
def test_any_answer(reader, text, status):
    outcome(reader, text, status)


@pytest.mark.parametrize("reader", READERS)
def test_odd_values_in_every_place(reader):
    for odd in (*ODD, *DEEP_ODD):
        outcome(reader, odd)
        for body in (
            '{{"code":200,"data":{0}}}',
            '{{"code":{0},"msg":{0}}}',
            '{{"errcode":"0000","data":{0}}}',
        ):
            outcome(reader, body.format(odd))
        for body in ('{{"success":true,"errorCode":"0","data":{0}}}', '{{"success":{0},"errorCode":{0}}}'):
            outcome(reader, body.format(odd))
            outcome(reader, body.format(_packed(odd)))


SOME, LONG = 2**16, 10 * 2**20
# What patterns that go back over what they have read take longest for
FILLS = [*("x", " ", "9", "发票", "<", "{", "[", "\\u0000", "token=", "a=", "A/", "已开具", "红字", ",", "-")]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fill", FILLS)
def test_long_texts(fill):
    """A pattern that takes a text's length squared, or worse, doesn't come to an end here."""
    some = '"' + fill * (SOME // len(fill)) + '"'
    for reader in READERS:
        outcome(reader, f'{{"code":999,"errorCode":"1","errcode":"1","success":false,"message":{some}}}')
        outcome(reader, f'{{"code":200,"errorCode":"0","errcode":"0000","success":true,"data":{some}}}')


@pytest.mark.timeout(120)
@pytest.mark.parametrize("reader", ["piaodanyun reads issue", "kingdee reads issue", "kingdee asks find"])
def test_very_long_texts(reader):
    long = "x" * LONG
    outcome(reader, f'{{"code":999,"errorCode":"1","success":false,"message":"{long}"}}')
    outcome(reader, f'{{"code":200,"errorCode":"0","success":true,"data":"{long}"}}')
    outcome(reader, long)


def test_a_text_too_long_to_be_read_is_in_doubt():
    """What lies behind the part that is looked at may say that the fapiao exists."""
    text = "可用授信额度不足" + "。" * 4000 + "发票已开具"
    for cloud in (Piaodanyun, Kingdee):
        with pytest.raises(OutcomeUnknown):
            opened(cloud, None).read(
                base.ISSUE, RawAnswer(200, json.dumps({"code": 999, "success": False, "message": text}))
            )


# ------------------------------------------------------------------ callbacks and the journal


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=60))
def test_any_callback(body):
    try:
        news = callback.parse(body)
    except ValueError:
        return
    assert news
    for one in news:
        assert isinstance(one, callback.News)
        check(one, is_whole=False)
        assert len(one.request_uid) <= 80
        assert len(one.text) <= 500


@pytest.mark.parametrize("odd", [*ODD, *DEEP_ODD], ids=lambda odd: odd[:20])
def test_odd_values_in_a_callback(odd):
    row = {"billNo": UID, "invoiceNum": NUMBER, "invoiceStatus": "0", "issueErrorMessage": "x"}
    for key in row:
        data = _object([(name, odd if name == key else json.dumps(value)) for name, value in row.items()])
        for text in (data, _packed(data), _array([data] * 3), odd):
            with suppress(ValueError):
                body = f'{{"interfaceCode":{odd},"data":{text}}}'.encode("utf-8", "surrogatepass")
                check(callback.parse(body), False)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS)
def test_any_answer_can_be_put_in_the_journal(text):
    text = handed_over(text)
    check(redact(text, ["open-sesame"]), is_whole=False)
    hidden = redact(f'{{"a":{json.dumps(text + "open-sesame")},"b":{text}}}', ["open-sesame"])
    check(hidden, is_whole=False)
    assert "open-sesame" not in hidden


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS)
def test_any_message(text):
    found = assistant_messages.read(text)
    assert found is None or isinstance(found, picking.Message)
    check(found, is_whole=False)
