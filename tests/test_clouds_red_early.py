"""An application that comes before the bureau shows the original: too early is no refusal."""

import pytest

from ..clouds.base import RED_APPLY
from ..clouds.errors import LoginRequired, NotSent, NotYet, OutcomeUnknown, Rejected
from .test_clouds_red_read import answer, read


@pytest.mark.parametrize("text", ["未查询到该发票", "蓝字发票不存在", "查无此票"])
def test_an_application_that_comes_too_early(text):
    """assumption: as with the question whether it may be reversed"""
    with pytest.raises(NotYet) as caught:
        read(RED_APPLY, answer(999, text))
    assert (caught.value.text, caught.value.code, caught.value.retry_after) == (text, "999", 900)
    assert isinstance(caught.value, NotSent), "the engine sends the same order again"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("查询超时,未查询到发票", OutcomeUnknown),
        ("局端内部异常,未查询到发票", OutcomeUnknown),
        ("未查询到发票,请勿重复申请", OutcomeUnknown),
        ("未查询到该企业的登录信息,请重新登录", LoginRequired),
        ("税号不存在", Rejected),
    ],
)
def test_what_is_not_merely_too_early(text, error):
    with pytest.raises(error) as caught:
        read(RED_APPLY, answer(999, text))
    assert not isinstance(caught.value, NotYet)
