"""Faults of an order that only 金蝶发票云 tells; see :mod:`..refusals`. All texts are assumptions."""

from ...rules.problems import _
from ..base import WITHDRAW
from ..refusals import SHARED, Refusal

OWN = (
    Refusal(
        "too_late",
        _("The request can no longer be taken back: the cloud has begun to issue it."),
        _("Wait for its fapiao; reverse it with a red one if it is not wanted."),
        r"(?:已|正在).{0,6}(?:开票|开具|下推).{0,16}撤[回销]|(?:不能|无法|不允许|不可|不支持)撤[回销]"
        r"|单据.{0,48}状态.{0,16}不(?:能|可|允许)|已(?:开票|开具|下推)",
        operations=frozenset({WITHDRAW}),
    ),
)
ROWS = (*OWN, *SHARED)
