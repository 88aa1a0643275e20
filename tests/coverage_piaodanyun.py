"""Samples of the calls of 票单云 for ``test_docs_coverage``: the document's own answers, their empty values filled."""

import base64
import json
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal

from ..clouds import base
from ..clouds.base import RawAnswer, TokenSlot
from ..clouds.piaodanyun import Piaodanyun, account
from ..clouds.reading import SHANGHAI
from ..rules.document import DIGITAL_PAPER, DISCOUNT, DISCOUNTED, EXEMPT, NOT_TAXABLE, PLAIN_ZERO, SPECIAL, Voucher
from ..rules.red_document import BUYER, RedOrder
from . import test_clouds_red_seed as red_seed
from . import test_clouds_seed as seed
from .coverage_sample import Sample, bodies, token_sample
from .test_clouds_issue import BUYER as CUSTOMER
from .test_clouds_issue import DRAFT, LINE, UID
from .test_clouds_server import config
from .test_rules_elements import example

NUMBER, FORM = "24112000000064654320", "11011424061000028528"
AT = datetime(2024, 6, 19, 19, 34, 7, tzinfo=SHANGHAI)
REFUSED = {"code": 999, "msg": "出错了", "message": "局端说不", "data": None, "total": 0}


def client(slot=None, **options):
    settings = config("https://cloud.example.com", options={"tenant_number": 4711, **options})
    return Piaodanyun(settings, slot or TokenSlot("T"), now=lambda: datetime(2026, 1, 1, tzinfo=timezone.utc))


READER = client()


def answers(operation, *found):
    def read(answer):
        return READER.read(operation, RawAnswer(200, json.dumps(answer)))

    return [(answer, read) for answer in (*found, REFUSED)]


def of_seed(text, **changes):
    """Return a document's answer with its empty values filled, and ``changes`` in its data."""
    answer = json.loads(text)
    return {**answer, "data": {**_filled(answer["data"]), **changes}}


def _filled(value):
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item) for item in value]
    return value if value not in (None, "", " ") else "t1"


# Issuing

DRAFTS = (
    replace(
        DRAFT,
        buyer=replace(CUSTOMER, address="上海市", phone="021", bank="工行", bank_account="62", is_person=True),
        lines=(
            replace(LINE, kind=DISCOUNTED, policy="简易征收"),
            replace(LINE, kind=DISCOUNT, amount=Decimal("-0.10"), tax=Decimal("0.00"), quantity=None, price=None),
            *(replace(LINE, rate=Decimal(0), zero_kind=zero) for zero in (EXEMPT, NOT_TAXABLE, PLAIN_ZERO)),
        ),
        show_buyer_bank=True,
        show_seller_bank=True,
        small_scale_reason="2",
        levy="1",
    ),
    replace(DRAFT, type=SPECIAL, levy="2", deduction=Decimal("0.50"), small_scale_reason="3"),
    replace(
        DRAFT,
        levy="3",
        deduction=Decimal("0.50"),
        vouchers=(
            Voucher("01", Decimal(1), Decimal("0.50"), "26312000000000000017", date="2026-03-01"),
            Voucher("04", Decimal(1), Decimal("0.50"), "00123456", "3100223130", "2015-03-01", "旧票"),
            Voucher("06", Decimal(1), Decimal("0.50"), "沪01"),
        ),
    ),
    replace(
        DRAFT,
        type=SPECIAL,
        form=DIGITAL_PAPER,
        lines=(LINE,) * 9,
        paper_code="3100223130",
        paper_number="00123456",
    ),
    replace(DRAFT, form=DIGITAL_PAPER),
    # special elements: between them each key
    example("03", cross_city="Y", cross_city_no="1", district="吴中区", land_tax_no="1"),
    example("05", contract_no="1", approved_price="1.00", actual_price="1.00"),
    example("06", plate="苏E12345"),
    *map(example, ("01", "04", "09", "12", "13", "14")),
    replace(DRAFT, lines=(replace(LINE, coal_kind="0300"),)),
)
QUERIED = of_seed(
    seed.QUERY,
    kce="0.50",
    kprq="20240619193407",
    yfphm="22512000000000007325",
    hcFphm="24112000000064636722",
    zfrq="20240620000000",
    hjzkje="1.00",
    hjzkse="0.10",
    jym="12345",
    qdbz="1",
    sfwzzfp="0",
    tdys=[{"hwmc": "货"}],
    cph="苏E12345",
    kqysssxbgglbm="1",
)
QUERIED["data"]["zbmx"][0].update(fpmxxh="3", lslbs="3")
_ROW = QUERIED["data"]["zbmx"][0]
_LACKING = ("kprq", "yfphm", "hcFphm")
UNDATED = {**QUERIED, "data": {key: value for key, value in QUERIED["data"].items() if key not in _LACKING}}
GROSS = {**QUERIED, "data": {**QUERIED["data"], "zbmx": [{key: _ROW[key] for key in _ROW if key != "je"}]}}


# Files and log-in


def _login(form):
    def read(answer):
        return account.read_login(RawAnswer(200, json.dumps(answer)), form)

    return read


def _face(answer):
    data = answer["data"] and base64.b64encode(json.dumps(answer["data"]).encode()).decode()
    return READER.read(base.FACE_STATE, RawAnswer(200, json.dumps({**answer, "data": data})))


QR = {"code": 310, "msg": "请扫码", "data": {"ewmid": "Q1", "qrcode": "https://x.test/scan"}, "total": 0}
STEPS = (
    {"method": "sms", "code": "1234"},
    {"method": "cert"},
    {"method": "soft_cert", "pin": "77"},
    {"method": "face_qr", "qr_id": "Q1"},
    {"method": "app_qr"},
)
FACE = json.loads(seed.FACE_STATE)
FACE["data"] = json.loads(base64.b64decode(FACE["data"]))
FILES = [{"number": NUMBER, "kind": kind, "issued_at": AT} for kind in ("pdf", "ofd", "xml", "addresses")]
BASE64 = {**json.loads(seed.FILE_BASE64), "data": base64.b64encode(b"%PDF-1.7").decode()}

# Red letter

ORDER = RedOrder(NUMBER, "01", form_number=FORM, special_kind="03", blue_is_paper=True, is_anew=True)
REASONS = [replace(ORDER, reason=reason) for reason in ("01", "02", "03", "04")]
BUYERS = replace(
    ORDER, initiator=BUYER, seller_tax_no="91310000MA1FL4ABCX", blue_issued_at=AT, blue_is_paper=False, is_anew=False
)
CHECK = of_seed(red_seed.RED_CHECK)
CHECK["data"]["mxzb"][0].update(hsbz="0", lslbs="3", xh=4)


CALLS = {
    "obtainToken": token_sample(
        client,
        {"code": 200, "msg": "成功", "data": {"token": "T1", "expires_in": 3600}},
        json.loads(seed.WRONG_PASSWORD),
        json.loads(seed.PARAMETER_EMPTY),
    ),
    "getFaceImg": Sample(
        bodies(client(), base.FACE_QR, {"app": "tax"}, {"app": "income"}),
        answers(base.FACE_QR, of_seed(seed.FACE_IMG)),
    ),
    "blueTicket": Sample(
        bodies(client(confirm_buyer=False, check_person=True), base.ISSUE, *DRAFTS, uid=UID),
        answers(base.ISSUE, of_seed(seed.BLUE_TICKET, zzfpdm="3100223130", zzfphm="00123456")),
    ),
    "getInvoicePdfOfd": Sample(
        bodies(client(add_seal=True), base.FILES, *FILES),
        answers(base.FILES, json.loads(seed.FILE_ADDRESSES), BASE64),
        {"data": base64.b64encode(b"%PDF-1.6").decode()},
    ),
    "loginDppt": Sample(
        bodies(client(), base.LOGIN, *STEPS),
        [
            (json.loads(seed.LOGIN_DONE), _login(None)),
            (json.loads(seed.LOGIN_UNREGISTERED), _login({"sms": "1"})),
            (QR, _login({"ewmlx": "1"})),
        ],
        {"data": None},
    ),
    "invoiceQueryMx": Sample(
        [
            *bodies(client(), base.FIND, {"number": NUMBER}),
            *bodies(client(), base.FIND, None, uid=UID),
        ],
        answers(base.FIND, QUERIED, UNDATED, GROSS),
    ),
    "getCreditLine": Sample(bodies(client(), base.CREDIT, None), answers(base.CREDIT, json.loads(seed.CREDIT))),
    "queryFaceAuthState": Sample(
        bodies(client(), base.FACE_STATE, None), [(FACE, _face), (REFUSED, _face)], {"data.Sfsl": "N"}
    ),
    "retInviceMsg": Sample(bodies(client(), base.RED_CHECK, ORDER, BUYERS), answers(base.RED_CHECK, CHECK)),
    "hzfpkj": Sample(
        bodies(client(), base.RED_ISSUE, ORDER, uid=UID), answers(base.RED_ISSUE, of_seed(red_seed.RED_ISSUE))
    ),
    "hzxxbsq": Sample(
        bodies(client(), base.RED_APPLY, *REASONS, BUYERS), answers(base.RED_APPLY, of_seed(red_seed.RED_APPLY))
    ),
}
