"""票单云: from a draft to the form that is sent, and how it travels."""

import dataclasses
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds.base import ISSUE, TokenSlot
from ..clouds.canonical import canonical, fingerprint
from ..clouds.errors import OutcomeUnknown
from ..clouds.piaodanyun import codes
from ..clouds.registry import open_cloud
from ..rules import document
from ..rules.document import Draft, Line, Party, Voucher
from . import test_clouds_seed as seed
from .test_clouds_server import TAX_NO, cloud, config, http, reset, silence

UID = f"{TAX_NO}_01"
SELLER = Party(
    name="北京民诺科技有限公司",
    tax_no=TAX_NO,
    address="北京市昌平区东小口镇",
    phone="135819133199",
    bank="中国工商银行",
    bank_account="0200240109200016984",
)
BUYER = Party(name="上海某某科技有限公司", tax_no="91310000MA1FL4ABCX", email="b@example.com", mobile="139")
LINE = Line(
    kind=document.NORMAL,
    name="*软件*票单云财税管理系统",
    code="1060301020100000000",
    amount=Decimal("0.99"),
    tax=Decimal("0.01"),
    rate=Decimal("0.01"),
    quantity=Decimal(1),
    price=Decimal("0.9900990099010"),
    spec="V1",
    unit="年",
)
DRAFT = Draft(
    type=document.ORDINARY,
    seller=SELLER,
    buyer=BUYER,
    lines=(LINE,),
    amount=Decimal("0.99"),
    tax=Decimal("0.01"),
    total=Decimal("1.00"),
    remark="备注",
    drawer="张三",
    payee="李四",
    reviewer="王五",
)


def client(**options):
    return open_cloud(config("https://cloud.example.com", options={"tenant_number": 1, **options}), TokenSlot())


def frozen(draft=DRAFT, line=None, **changes):
    if line:
        draft = dataclasses.replace(draft, lines=(dataclasses.replace(LINE, **line),))
    return client().freeze(ISSUE, dataclasses.replace(draft, **changes), UID)


# --- freeze


def test_the_form_of_the_seed_in_its_order():
    assert list(frozen().items()) == [
        ("fpqqlsh", UID),
        ("fplxdm", "82"),
        ("tdyslxDm", ""),
        ("kplx", "0"),
        ("xhdwsbh", TAX_NO),
        ("xhdwmc", "北京民诺科技有限公司"),
        ("xhdwdzdh", "北京市昌平区东小口镇 135819133199"),
        ("xhdwyhzh", "中国工商银行 0200240109200016984"),
        ("ghdwsbh", "91310000MA1FL4ABCX"),
        ("ghdwmc", "上海某某科技有限公司"),
        ("zsfs", "0"),
        ("fyxm[0][fphxz]", "0"),
        ("fyxm[0][spmc]", "*软件*票单云财税管理系统"),
        ("fyxm[0][ggxh]", "V1"),
        ("fyxm[0][dw]", "年"),
        ("fyxm[0][spsl]", "1"),
        ("fyxm[0][dj]", "0.990099009901"),
        ("fyxm[0][je]", "0.99"),
        ("fyxm[0][sl]", "0.01"),
        ("fyxm[0][se]", "0.01"),
        ("fyxm[0][hsbz]", "0"),
        ("fyxm[0][spbm]", "1060301020100000000"),
        ("fyxm[0][yhzcbs]", "0"),
        ("fyxm[0][lslbs]", "0"),
        ("hjje", "0.99"),
        ("hjse", "0.01"),
        ("jshj", "1.00"),
        ("kpr", "张三"),
        ("skr", "李四"),
        ("fhr", "王五"),
        ("gfkhdh", "139"),
        ("gfkhyx", "b@example.com"),
        ("bz", "备注"),
        ("gfzrrbs", "N"),
    ]


def test_special_fapiao_to_a_person_with_every_option():
    form = client(confirm_buyer=False, check_person=True).freeze(
        ISSUE,
        dataclasses.replace(
            DRAFT,
            type=document.SPECIAL,
            buyer=Party(name="李雷", address="路1号", phone="010", bank="某行", bank_account="1", is_person=True),
            levy="2",
            deduction=Decimal("0.5"),
            small_scale_reason="3",
            show_buyer_bank=True,
            show_seller_bank=True,
        ),
        UID,
    )
    expected = {
        "fplxdm": "81",
        "gfzrrbs": "Y",
        "ghdwdzdh": "路1号 010",
        "ghdwyhzh": "某行 1",
        "zsfs": "2",
        "kce": "0.50",
        "slsm": "3",
        "gfxxConfirm": "1",
        "spflxConfirm": "1",
        "sfzsgmfyhzh": "Y",
        "sfzsxsfyhzh": "Y",
    }
    assert {key: form.get(key) for key in expected} == expected
    assert not {"ghdwsbh", "gfkhdh", "gfkhyx"} & set(form), "empty optional keys are left out"


@pytest.mark.parametrize(
    ("kind", "policy", "flags"),
    [
        ("", "", ("0", "0", None)),
        ("", "简易征收", ("1", "0", "简易征收")),
        (document.EXEMPT, "", ("1", "1", "免税")),
        (document.PLAIN_ZERO, "", ("0", "3", None)),
    ],
)
def test_zero_rate_flags(kind, policy, flags):
    form = frozen(line={"zero_kind": kind, "policy": policy, "rate": Decimal("0.00")})
    assert tuple(form.get(f"fyxm[0][{key}]") for key in ("yhzcbs", "lslbs", "zzstsgl")) == flags
    assert form["fyxm[0][sl]"] == "0"


def test_not_taxable(monkeypatch):
    """assumption: without a privilege; the family says 1 and 不征税. A privilege on the tax wins."""

    def flags(policy=""):
        form = frozen(line={"zero_kind": document.NOT_TAXABLE, "rate": Decimal(0), "policy": policy})
        return tuple(form.get(f"fyxm[0][{key}]") for key in ("yhzcbs", "lslbs", "zzstsgl"))

    assert flags() == ("0", "2", None)
    assert flags("不征税") == ("1", "2", "不征税")
    monkeypatch.setattr(codes, "NOT_TAXABLE", ("1", "不征税"))
    assert flags() == ("1", "2", "不征税")


def test_what_the_sources_contradict_stands_in_one_table_each(monkeypatch):
    """assumption: levy and reason for 3 percent as the paper counts them"""
    given = {"levy": "2", "deduction": Decimal(1), "small_scale_reason": "2"}
    form = frozen(**given)
    assert (form["zsfs"], form["slsm"]) == ("2", "2")
    monkeypatch.setattr(codes, "LEVIES", {"0": "0", "2": "1", "3": "2"})
    monkeypatch.setattr(codes, "SMALL_SCALE_REASONS", {"2": "3", "3": "2"})
    form = frozen(**given)
    assert (form["zsfs"], form["slsm"]) == ("1", "3")


def test_a_discount_follows_its_line_in_this_clouds_own_coding():
    first = dataclasses.replace(LINE, kind=document.DISCOUNTED)
    second = dataclasses.replace(
        LINE, kind=document.DISCOUNT, amount=Decimal("-0.1"), tax=Decimal("-0.00"), quantity=None, price=None
    )
    form = frozen(lines=(first, second))
    assert (form["fyxm[0][fphxz]"], form["fyxm[1][fphxz]"]) == ("2", "1")
    assert (form["fyxm[1][je]"], form["fyxm[1][se]"]) == ("-0.10", "0.00")
    assert "fyxm[1][spsl]" not in form
    assert "fyxm[1][dj]" not in form


@pytest.mark.parametrize(
    ("voucher", "keys"),
    [
        (
            Voucher("01", Decimal(90), Decimal(80), "26312000000000000017", date="2026-03-01"),
            {"fphm": "26312000000000000017", "kjrq": "2026-03-01"},
        ),
        (
            Voucher("04", Decimal(90), Decimal(80), "00123456", "3100223130", "2015-03-01", "旧票"),
            {"fpdm": "3100223130", "zzfphm": "00123456", "kjrq": "2015-03-01", "bz": "旧票"},
        ),
        (Voucher("06", Decimal(90), Decimal(80), "沪01"), {"pzhm": "沪01"}),
        (Voucher("09", Decimal(90), Decimal(80), remark="协议"), {"bz": "协议"}),
    ],
)
def test_the_vouchers_of_a_deduction(voucher, keys):
    """assumption: the keys of [family]."""
    form = frozen(levy="3", deduction=Decimal(160), vouchers=(voucher, voucher))
    assert (form["zsfs"], form["kce"]) == ("3", "160.00")
    for place in range(2):
        head = f"cepz[{place}]"
        sent = {key.removeprefix(head)[1:-1]: value for key, value in form.items() if key.startswith(head)}
        assert sent == {"pzlx": voucher.kind, **keys, "bckcje": "80.00", "pzhjje": "90.00"}


def test_no_credential_is_frozen():
    text = canonical(frozen())
    assert not [secret for secret in ("open-sesame", "bureau-pass", "13500000000", "13800000000") if secret in text]


@pytest.mark.parametrize("uid", ["", "x" * 41, "税号_1", "a b", None, "a&b"])
def test_a_serial_number_that_does_not_fit(uid):
    with pytest.raises(ValueError, match="order's number"):
        client().freeze(ISSUE, DRAFT, uid)


@pytest.mark.parametrize(
    "line",
    [
        {"amount": Decimal("0.005")},
        {"tax": Decimal("NaN")},
        {"price": Decimal("0.12345678901234")},
        {"quantity": Decimal("Infinity")},
    ],
)
def test_what_no_form_can_carry(line):
    with pytest.raises(ValueError, match=r"fen|number|decimals"):
        frozen(line=line)


def decimals(places):
    return st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=places)


def exponents(values):
    """The same numbers written with other exponents: 1E+2, 100.00000."""
    return values.flatmap(lambda value: st.sampled_from([value, value.normalize(), value + Decimal("0E-20")]))


TEXT = st.text(max_size=20)
MONEY = exponents(decimals(2))
LINES = st.builds(
    Line,
    kind=st.sampled_from([document.NORMAL, document.DISCOUNT, document.DISCOUNTED]),
    name=TEXT,
    code=TEXT,
    amount=MONEY,
    tax=MONEY,
    rate=exponents(st.decimals(0, 1, allow_nan=False, places=3)),
    quantity=st.none() | exponents(decimals(6)),
    price=st.none() | exponents(decimals(13)),
    spec=TEXT,
    unit=TEXT,
    zero_kind=st.sampled_from(["", document.EXEMPT, document.NOT_TAXABLE, document.PLAIN_ZERO]),
    policy=TEXT,
)
PARTIES = st.builds(Party, *[TEXT] * 8, is_person=st.booleans())
DRAFTS = st.builds(
    Draft,
    type=st.sampled_from([document.SPECIAL, document.ORDINARY]),
    seller=PARTIES,
    buyer=PARTIES,
    lines=st.lists(LINES, max_size=4).map(tuple),
    amount=MONEY,
    tax=MONEY,
    total=MONEY,
    remark=TEXT,
    drawer=TEXT,
    levy=st.sampled_from(["0", "1", "2", "3"]),
    deduction=st.none() | MONEY,
    show_buyer_bank=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(DRAFTS)
def test_any_draft_is_frozen_exactly(draft):
    form = client().freeze(ISSUE, draft, UID)
    assert all(isinstance(value, str) for value in form.values())
    sent = {"hjje": draft.amount, "hjse": draft.tax, "jshj": draft.total, "kce": draft.deduction}
    for index, line in enumerate(draft.lines):
        sent.update(
            {
                f"fyxm[{index}][je]": line.amount,
                f"fyxm[{index}][se]": line.tax,
                f"fyxm[{index}][sl]": line.rate,
                f"fyxm[{index}][spsl]": line.quantity,
                f"fyxm[{index}][dj]": line.price,
            }
        )
    for key, number in sent.items():
        if number is None:
            assert key not in form
            continue
        assert Decimal(form[key]) == number
        assert not set(form[key]) - set("-0123456789."), "plain notation, no exponent"
    for key in form:
        if key.endswith(("[je]", "[se]")) or key in ("hjje", "hjse", "jshj", "kce"):
            assert len(form[key].partition(".")[2]) == 2
    assert json.loads(canonical(form)) == form


def test_the_fingerprint_does_not_depend_on_the_order_of_keys():
    form = frozen()
    shuffled = dict(sorted(form.items(), reverse=True))
    assert fingerprint(form) == fingerprint(shuffled) == fingerprint(json.loads(canonical(form)))
    assert fingerprint(form) != fingerprint({**form, "jshj": "1.01"})
    assert len(fingerprint({"a": "\ud800"})) == 64


# --- send


def test_an_order_on_the_wire():
    with cloud(blueTicket=http(seed.BLUE_TICKET)) as (piaodanyun, server):
        payload = piaodanyun.freeze(ISSUE, DRAFT, UID)
        issued = piaodanyun.read(ISSUE, piaodanyun.send(ISSUE, payload))
    order = server.requests[1]
    assert (order.method, order.path) == ("POST", "/qdjk/fullExteriorInvoke/blueTicket")
    assert order.headers["authorization"] == "T1"
    assert order.pairs == [("username", "13800000000"), *payload.items()]
    assert issued.number == "22111111111111111180"


@pytest.mark.parametrize("how", [reset, None])
def test_a_lost_answer_is_unknown(how):
    with cloud(blueTicket=how) as (piaodanyun, server):
        with pytest.raises(OutcomeUnknown):
            piaodanyun.send(ISSUE, {})
        assert len(server.requests) == 2


def test_a_late_answer_is_unknown():
    changes = {"read_timeout": 0.1}
    with cloud(blueTicket=silence, config_changes=changes) as (piaodanyun, server):
        with pytest.raises(OutcomeUnknown):
            piaodanyun.send(ISSUE, {})
        assert len(server.requests) == 2


def test_asking_does_not_take_orders():
    with pytest.raises(ValueError, match="effect"):
        client().ask(ISSUE, {})
