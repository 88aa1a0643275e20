"""The errors that users of 金蝶发票云 meet, in plain words with the cure; rows for :mod:`..words`.

Those for log-ins and technical trouble are ``(message, fix, pattern, codes)``, asked before the rows that
all clouds share.
Source: docs/protocols/kingdee-billing.md#authentication, #codes-and-texts.
"""

from ...rules.problems import _
from ..base import WITHDRAW
from ..refusals import Refusal
from . import codes

# Faults of an order that only this cloud tells; see :mod:`..refusals`. All texts are assumptions.
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
LOGIN_TEXTS = (
    (
        _("The tax number does not belong to this tenant (租户) of the cloud."),
        _("Compare tax number and tenant on the account; then add the company to the tenant in the portal."),
        r"税号.{0,40}不在租户",
        codes.NOT_IN_TENANT,
    ),
    (
        _("The company or the business system (业务系统编码) is not set up at the cloud."),
        _("Compare tax number and business system with the cloud's portal; then ask the cloud's support."),
        codes.SET_UP_TEXT.pattern,
        codes.NO_SUCH_CALL,
    ),
    (
        _("The cloud does not know this data centre (accountId)."),
        _("Copy the accountId from the data centre's administration into the account's settings."),
        codes.ACCOUNT.pattern,
    ),
    (
        _("The application's ID or its secret is wrong."),
        _("Copy both again from the cloud's portal: 开放服务云 → OpenApi → 安全策略 → 第三方应用."),
        codes.APPLICATION.pattern,
    ),
    (
        _("The interface is not authorised for the application."),
        _("Open it for the application in the cloud's portal; then test the connection."),
        r"(?:未|没有|没|无).{0,6}接口.{0,6}(?:授权|权限)|接口.{0,8}(?:未|没有|没|无).{0,6}(?:授权|权限)",
    ),
    (
        _("The application's ID, its secret or the data centre (accountId) is missing."),
        _("Fill them in on the account's settings; the cloud's portal shows them."),
        "",
        frozenset({"no_application"}),
    ),
    (
        _("The cloud's user is missing, or it is not said whether it is a name or a mobile number."),
        _("Fill in the user and the kind of user on the account's settings."),
        "",
        frozenset({"no_user"}),
    ),
    (
        _("The business system (业务系统编码) is missing or longer than ten characters."),
        _("Fill in the code under which this system is known in the cloud's portal."),
        "",
        frozenset({"no_business_system"}),
    ),
)
TECHNICAL = (
    (
        _("The access token has expired, and a fresh one was not accepted either."),
        _(
            "It is retried automatically. If the problem persists, make sure that no other system uses the same"
            " application and user."
        ),
        r"access_?token.{0,12}(?:过期|失效|超时|expired?)|(?:过期|失效|expired)的?.{0,4}access_?token",
    ),
)
