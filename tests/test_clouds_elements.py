"""Special elements over the wire: what each cloud sends, what the sandbox's bureau takes, what comes back.

assumption: 票单云 passes on the keys of its interface family; a bill of 金蝶发票云 takes those of a fapiao.
"""

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..clouds.base import ISSUE, Config, TokenSlot
from ..clouds.errors import Rejected
from ..clouds.kingdee import elements as kingdee_elements
from ..clouds.piaodanyun import elements as bureau_elements
from ..clouds.registry import CLOUDS, open_cloud
from ..rules.checks import preflight
from ..rules.document import Party
from ..rules.elements import COAL, ELEMENTS
from ..rules.limits import Limits
from ..sandbox import defaults
from . import test_clouds_issue as bureau
from . import test_clouds_kingdee_server as kingdee
from .sandbox_case import SandboxCase
from .test_rules_checks import draft_of
from .test_rules_elements import BUILDING, EXAMPLES, FREIGHT, LEASED, LINE, PARKED, SITE, TRIP, example

D = Decimal
TERMS = {name: cloud.elements for name, cloud in CLOUDS.items() if cloud.elements}
SENT = [(provider, element) for provider, terms in TERMS.items() for element in terms if element in EXAMPLES]
PIAODANYUN = {"tenant_number": str(defaults.TENANT_ID)}
KINGDEE = {
    "app_key": defaults.KINGDEE_APP_ID,
    "datacenter": defaults.KINGDEE_ACCOUNT_ID,
    "cloud_user": defaults.KINGDEE_USER,
    "business_system": defaults.KINGDEE_SYSTEM,
}
SECRETS = {
    "phone": defaults.PHONE,
    "password": defaults.PASSWORD,
    "tax_password": defaults.TAX_PASSWORD,
    "app_secret": defaults.KINGDEE_APP_SECRET,
}


class Sandbox(SandboxCase):
    def client(self, provider, **options):
        options = {**(KINGDEE if provider == "kingdee" else PIAODANYUN), **options}
        address = self.server.kingdee_url if provider == "kingdee" else self.server.base_url
        config = Config(provider, address, defaults.TAX_NO, defaults.USERNAME, SECRETS, options, is_sandbox=True)
        config = dataclasses.replace(config, today=self.world.clock.now().date())
        return open_cloud(config, TokenSlot())


@pytest.fixture(scope="module")
def sandbox():
    case = Sandbox()
    case.setUp()
    case.world.set("kingdee", total_is="flag")
    yield case
    case.doCleanups()


def ours(draft):
    seller = Party(defaults.NAME, defaults.TAX_NO, "北京市", "010", "工商银行", "0200")
    return dataclasses.replace(draft, seller=seller, buyer=Party(defaults.BUYER_NAME, defaults.BUYER_TAX_NO))


def issue(sandbox, provider, draft, **options):
    """Return what the cloud tells of the fapiao that it issues."""
    uid = sandbox.uid()
    with sandbox.client(provider, **options) as cloud:
        cloud.read(ISSUE, cloud.send(ISSUE, cloud.freeze(ISSUE, ours(draft), uid)))
        found = cloud.find(uid)
    return found.fapiao[0] if provider == "kingdee" else found


# --- Both


@pytest.mark.parametrize(("provider", "element"), SENT)
def test_each_element_is_issued_and_told_back(sandbox, provider, element):
    draft = example(element)
    assert not preflight(ours(draft), Limits(elements=TERMS[provider]))
    found = issue(sandbox, provider, draft)
    assert found.particulars.element == element
    told = dict(found.particulars.elements)
    if element == "03":
        assert SITE["project"] in told.values()
    if element == "09":
        assert TRIP["id_no"] not in str(told)


@pytest.mark.parametrize("provider", TERMS)
def test_a_list_of_journeys_and_parking_with_times(sandbox, provider):
    other = {**FREIGHT, "place_to": "杭州", "plate": "浙A54321"}
    freight = issue(sandbox, provider, dataclasses.replace(example("04"), details=(FREIGHT, other)))
    assert {"杭州", "南京"} <= {value for _name, value in freight.particulars.elements}
    parking = dataclasses.replace(LINE, code="3040502020200000000", name="*经营租赁*车辆停放服务")
    found = issue(sandbox, provider, draft_of(parking, element="06", details=(PARKED,)))
    assert any("10:30" in value for _name, value in found.particulars.elements)


@pytest.mark.parametrize("provider", TERMS)
@pytest.mark.parametrize(
    ("element", "changes"),
    [
        ("03", {"project": None}),
        ("03", {"cross_city": "Y"}),
        ("03", {"project": "长" * 81}),
        ("05", {"approved_price": "1.00"}),
        ("06", {"date_from": "2026-02-30"}),
        ("06", {"certificate_no": None}),
        ("04", {"plate": None}),
        ("09", {"id_no": "1" * 21}),
    ],
)
def test_rules_and_bureau_refuse_the_same(sandbox, provider, element, changes):
    draft = example(element, **changes)
    assert preflight(draft, Limits(elements=TERMS[provider]))
    with pytest.raises(Rejected):
        issue(sandbox, provider, draft)


@pytest.mark.parametrize("provider", TERMS)
def test_the_bureau_refuses_a_code_without_its_element(sandbox, provider):
    for element, (code, texts, _row) in EXAMPLES.items():
        draft = draft_of(dataclasses.replace(LINE, code=code, **texts))
        if not ELEMENTS[element].demands:
            issue(sandbox, provider, draft)
            continue
        with pytest.raises(Rejected, match="非特定业务"):
            issue(sandbox, provider, draft)


@pytest.mark.parametrize("provider", TERMS)
def test_what_a_cloud_has_no_keys_for_is_refused_before_and_never_sent(sandbox, provider):
    with sandbox.client(provider) as cloud:
        for element in ELEMENTS.keys() - TERMS[provider].keys():
            draft = dataclasses.replace(draft_of(LINE), element=element)
            assert "element_unsupported" in {one.code for one in preflight(draft, Limits(elements=TERMS[provider]))} | (
                {"element_unsupported"} if not ELEMENTS[element].is_fitting(BUILDING) else set()
            )
            with pytest.raises(ValueError, match="special element"):
                cloud.freeze(ISSUE, draft, sandbox.uid())


TEXT = st.text(st.characters(whitelist_categories=("L", "Nd")), min_size=1, max_size=100)


@settings(max_examples=40, deadline=None)
@given(provider=st.sampled_from(sorted(TERMS)), project=TEXT, address=TEXT, across=st.booleans())
def test_what_passes_the_rules_passes_the_bureau(sandbox, provider, project, address, across):
    more = {"cross_city": "Y", "cross_city_no": "1"} if across else {}
    draft = example("03", project=project, address=address, **more)
    if preflight(draft, Limits(elements=TERMS[provider])):
        with pytest.raises(Rejected):
            issue(sandbox, provider, draft)
    else:
        assert issue(sandbox, provider, draft).particulars.element == "03"


# --- 票单云


def form_of(draft):
    return bureau.client().freeze(ISSUE, draft, bureau.UID)


def test_flat_keys_of_building_and_lease():
    form = form_of(example("03", cross_city="Y", cross_city_no="7", district="吴中区"))
    wanted = {
        "tdyslxDm": "03",
        "fwfsd": "江苏省-苏州市-吴中区",
        "fullAddress": "星湖街 1 号",
        "kdsbz": "Y",
        "jzxmmc": "园区厂房安装",
        "kqysssxbgglbm": "7",
    }
    assert {key: form[key] for key in wanted} == wanted
    assert not {"fyxm[0][spsl]", "fyxm[0][dj]", "fyxm[0][dw]", "cqzsh"} & form.keys()
    form = form_of(example("06"))
    wanted = {"tdyslxDm": "06", "dw": "2", "cqzsh": "无", "zlrqq": "2026-01-01", "zlrqz": "2026-12-31", "kdsbz": "N"}
    assert {key: form[key] for key in wanted} == wanted


def test_a_municipality_stands_for_its_province():
    form = form_of(example("03", province="上海市", city="上海市", district="浦东新区"))
    assert form["fwfsd"] == "上海市-浦东新区"


def test_lists_by_row_and_codes_of_values():
    form = form_of(dataclasses.replace(example("04"), details=(FREIGHT, {**FREIGHT, "vehicle": "other"})))
    assert (form["hwys[0][ysgjzl]"], form["hwys[1][ysgjzl]"], form["hwys[1][qyd]"]) == ("2", "6", "苏州")
    form = form_of(example("09"))
    assert (form["hwys[0][jtgjlx]"], form["hwys[0][dengj]"], form["hwys[0][sfzjlx]"]) == ("2", "5", "201")
    form = form_of(example("09", vehicle="coach", seat=None))
    assert (form["hwys[0][jtgjlx]"], form["hwys[0][dengj]"]) == ("3", bureau_elements.NO_SEAT)


def test_the_kind_of_coal_stands_in_its_line(sandbox):
    line = dataclasses.replace(LINE, code="1020101000000000000", coal_kind="0202")
    assert form_of(draft_of(line))["fyxm[0][mtzlDm]"] == "0202"
    assert issue(sandbox, "piaodanyun", draft_of(line)).total == D("109.00")
    with pytest.raises(Rejected, match="煤炭种类"):
        issue(sandbox, "piaodanyun", draft_of(dataclasses.replace(line, coal_kind="")))
    with pytest.raises(ValueError, match="kind of coal"):
        kingdee.client().freeze(ISSUE, draft_of(line), kingdee.UID)
    assert COAL in TERMS["piaodanyun"] and COAL not in TERMS["kingdee"]


# --- 金蝶发票云


def bill_of(draft, **options):
    return kingdee.client(**options).freeze(ISSUE, draft, kingdee.UID)[0]


def test_objects_of_building_and_lease():
    bill = bill_of(example("03", cross_city="Y", cross_city_no="7"), auto_merge=True)
    assert (bill["specialType"], bill["autoMerge"]) == ("E03", "0")
    assert bill["buildInfo"] == {
        "simpleAddress": "江苏省苏州市",
        "detailAddress": "星湖街 1 号",
        "buildingName": "园区厂房安装",
        "crossCitySign": "1",
        "crossCityTaxVerifyNo": "7",
    }
    bill = bill_of(example("06"))
    assert bill["estateLeaseInfo"] == {
        "simpleAddress": "江苏省苏州市",
        "detailAddress": LEASED["address"],
        "provinceAdress": "江苏省",
        "cityAdreess": "苏州市",
        "areaunit": "平方米",
        "estateId": "无",
        "crossCitySign": "0",
        "startLeaseDate": "2026-01-01",
        "endLeaseDate": "2026-12-31",
    }
    assert "specialType" not in bill_of(draft_of(dataclasses.replace(LINE, code="3040201010000000000")))


def test_lists_are_lists():
    (row,) = bill_of(example("04"))["freightList"]
    assert (row["transportType"], row["licensePlate"]) == ("公路运输", "苏E12345")
    (row,) = bill_of(example("09"))["travelerList"]
    assert (row["transportType"], row["seatClass"], row["cardType"]) == ("2", "二等座", "201")
    assert bill_of(example("14"))["specialType"] == "E14"


def test_the_other_family_of_codes(sandbox):
    """assumption: the account's setting says which family a bill takes"""
    assert bill_of(example("03"), element_codes=kingdee_elements.DIRECT)["specialType"] == "03"
    assert issue(sandbox, "kingdee", example("03"), element_codes="direct").particulars.element == "03"


def test_lengths_of_its_own():
    limits = Limits(elements=TERMS["kingdee"])
    for changes in ({"address": None}, {"address": "长" * 91}, {"district": "区" * 14, "city": "市" * 14}):
        draft = example("03", **changes)
        assert preflight(draft, limits) and not preflight(draft, Limits(elements=TERMS["piaodanyun"]))
    assert [one.severity for one in preflight(example("06", land_tax_no="1"), limits)] == ["warning"]
    draft = example("06", area_unit="孔公里")
    assert preflight(draft, limits) and not preflight(draft, Limits(elements=TERMS["piaodanyun"]))
