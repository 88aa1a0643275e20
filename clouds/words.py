"""The clouds' errors in words a bookkeeper understands, each with what to do about it.

English templates marked for translation; the rooms above translate them when they show them. The
cloud's own text and code stay on the error and are shown beside the plain words.
"""

import re
from dataclasses import dataclass

from ..rules.problems import _
from .errors import LoginRequired, NotSent, NotYet, OutcomeUnknown, PaceUsedUp, RateLimited, Rejected
from .kingdee import words as kingdee

MAY_EXIST = (
    _("It is not known whether the fapiao was issued: the cloud's answer was lost or unclear."),
    _("Do nothing: the cloud is asked again under the same number. Never issue it anew by hand."),
)
NOT_SHOWN_YET = _("The tax bureau does not show this fapiao yet: that takes up to two hours after issue.")


@dataclass(frozen=True)
class Word:
    """One known error: recognised by ``pattern`` in the cloud's text or by its own ``code``."""

    message: str
    fix: str
    pattern: str = ""
    codes: frozenset = frozenset()

    def fits(self, error):
        if error.code in self.codes:
            return True
        return bool(self.pattern) and re.search(self.pattern, error.text, re.IGNORECASE) is not None


# What the tax bureau or the cloud refused for good: read from the text, first match wins.
REJECTIONS = (
    *(Word(*word) for word in kingdee.REJECTIONS),
    Word(
        _("The reason for reversing does not suit what was sold on the fapiao."),
        _("Goods and labour are returned, services are stopped: choose another reason and apply again."),
        r"[红冲]冲?原因|销[货售]退回|服务中止",
    ),
    Word(
        _("The red form (红字确认单) is not confirmed, or has ended."),
        _("Wait for the other side to confirm it; if it was refused or has lapsed, apply for a new one."),
        r"(?:确认单|信息表).{0,12}(?:未.{0,4}确认|待.{0,4}确认|作废|撤销|失效|超.{0,2}72)",
    ),
    Word(
        _("The fapiao has been reversed already, or is being reversed."),
        _("Look for its red fapiao: fetch the original from the cloud again."),
        r"(?<!未)已.{0,6}(?:红冲|冲红)|可红冲的?金额",
    ),
    Word(
        NOT_SHOWN_YET,
        _("Check the number, wait, and apply again."),
        r"未(?:查询|查|找)到.{0,6}(?:发票|蓝票)|(?:发票|蓝票).{0,4}不存在",
    ),
    Word(
        _("The credit line (授信额度) is too low for this fapiao."),
        _("Refresh the credit line, issue a smaller amount, or apply for more at the tax bureau."),
        r"授信额度|额度不足|超[出过].{0,6}额度|可用额度",
    ),
    Word(
        _("The tax bureau does not know this buyer."),
        _("Check the buyer's name and tax number, letter by letter, against their licence."),
        r"未查询到.{0,4}购[买]?方|购[买]?方.{0,8}(?:不存在|未查询到|不匹配|不一致|不正确|有误)",
    ),
    Word(
        _("The buyer's or seller's tax number is wrong."),
        _("Correct the tax number on the contact: 15 to 20 digits and capital letters."),
        r"(?:税号|识别号).{0,12}(?:错误|有误|不正确|不合法|格式|不能为空|为空|不存在|不一致)",
    ),
    Word(
        _("Seller and buyer are the same."),
        _("Choose another customer: one cannot invoice oneself."),
        r"(?:购|销).{0,8}(?:不能|不得).{0,4}(?:与|和|同).{0,12}相同",
    ),
    Word(
        _("A tax classification code is wrong or only a summary item (汇总项)."),
        _("Choose the most detailed 19-digit code on the product or its category."),
        r"汇总项|(?:商品|分类|税收)编码.{0,12}(?:错误|有误|不正确|不存在|不能为空|为空|不可用|无效|必须)",
    ),
    Word(
        _("An item's name is not written as the tax bureau wants it: *short name*name."),
        _("Give the product or its category a tax classification code with its short name (简称)."),
        r"(?:商品|项目|货物)名称.{0,120}(?:格式|不正确|有误|简称)",
    ),
    Word(
        _("The amounts do not add up in the eyes of the tax bureau."),
        _("Compare untaxed amount, tax and total of each line; then make a corrected request."),
        r"价税合计|合计(?:金额|税额).{0,12}(?:不|有误|错误)|税额.{0,12}(?:不|有误|错误|误差)|单价.{0,6}数量|尾差",
    ),
    Word(
        _("The tax rate does not fit the item or the seller."),
        _("Check the tax of the line, the privilege that goes with it, and the seller's tax status."),
        r"税率.{0,12}(?:不|有误|错误|非法|无效)|征收率|优惠政策|零税率",
    ),
    Word(
        _("A text is too long or holds characters the tax bureau does not accept."),
        _("Shorten the names, specification or remark, and remove unusual characters."),
        r"长度|超长|(?:超过|超出|大于).{0,6}个?(?:字符|字节|汉字)|非法字符|特殊字符|生僻字",
    ),
    Word(
        _("The bank or address of seller or buyer is not accepted."),
        _("Check bank, account number, address and phone on the contact."),
        r"(?:银行|开户行|账号|地址|电话).{0,10}(?:错误|有误|不正确|不一致|不能为空|为空)",
    ),
    Word(
        _("Something the cloud needs is missing from the request."),
        _("Fill in what the cloud's own words below name, then make a corrected request."),
        r"不能为空|不允许为空|必填|缺少",
        frozenset({"20000"}),
    ),
    Word(
        _("The tax bureau has stopped this seller or buyer from being invoiced."),
        _("Ask the tax bureau; it may be a risk control measure (风险纳税人)."),
        r"风险|非正常户|注销|暂停|停供|限制开[票具]|红色预警",
    ),
)

# Where a person must act: the text may know more than the kind of need.
LOGIN_TEXTS = (
    *(Word(*word) for word in kingdee.LOGIN_TEXTS),
    Word(
        _("The tax bureau account is not registered as a user."),
        _("Register the person in the bureau's natural-person entrance, or correct the bureau account."),
        r"用户未注册|自然人业务入口",
    ),
    Word(
        _("The account is locked or disabled."),
        _("Unlock it at the cloud or the tax bureau, then test the connection."),
        r"锁定|冻结|停用",
    ),
    Word(
        _("The tenant number (企业租户ID) is missing or no number."),
        _("Fill in the tenant on the account's settings; the cloud's portal shows it."),
        codes=frozenset({"no_tenant"}),
    ),
    Word(
        _("The cloud's user or password is missing."),
        _("Fill in phone and password on the account's settings."),
        codes=frozenset({"no_credentials"}),
    ),
)
NEEDS = {
    "login": (
        _("The session at the tax bureau has ended."),
        _("Log in to the tax bureau again; waiting requests then go on by themselves."),
    ),
    "sms": (
        _("The tax bureau wants a log-in with an SMS code."),
        _("Log in to the tax bureau with an SMS code; waiting requests then go on by themselves."),
    ),
    "face": (
        _("The tax bureau wants the drawer's face authenticated before it issues."),
        _("Scan the face code with the bureau's app; waiting requests then go on by themselves."),
    ),
    "credentials": (
        _("The user, password or secret of the account is wrong."),
        _("Correct it on the account's settings and test the connection; too many tries lock the user."),
    ),
    "permission": (
        _("The account is not allowed to use this interface or to do this."),
        _("Open the interface or the right in the cloud's portal, or ask the vendor to."),
    ),
}

# What kept a call from leaving or an answer from being read.
TECHNICAL = (
    *(Word(*word) for word in kingdee.TECHNICAL),
    Word(
        _("The cloud's address in the account's settings is wrong or incomplete."),
        _("Correct the address; it begins with https://."),
        codes=frozenset({"bad_address", "404", "405"}),
    ),
    Word(
        _("The account's address does not fit its mode, so nothing was sent."),
        _(
            "A sandbox account reaches this computer or a private network, a test or production account an"
            " https address outside it. Use “Replace Account…” on the account for the right one."
        ),
        codes=frozenset({"address_mode"}),
    ),
    Word(
        _("The cloud's certificate is not trusted, so nothing was sent."),
        _("Check the address and the server's clock; a proxy may be listening in."),
        r"certificate|CERTIFICATE_VERIFY|hostname .* match",
    ),
    Word(
        _("The cloud's name could not be found in the network."),
        _("Check the address and the server's network; it is tried again by itself."),
        r"resolve|getaddrinfo|Name or service not known",
    ),
    Word(
        _("The cloud does not accept its own access token."),
        _("It is tried again by itself. If it stays so, check the token settings of the account."),
        r"token|令牌",
        frozenset({"401", "2004", "2005", "no_token"}),
    ),
)
ANSWER_TEXTS = (
    Word(
        _("The cloud's answer has a form that is not known yet."),
        _("Nothing is lost. Send the keys that are named to whoever looks after this module."),
        codes=frozenset({"unknown_shape"}),
    ),
    Word(
        _("A red form (红字确认单) for this fapiao is already at the tax bureau."),
        _("Do nothing: the form is looked for and adopted if it fits."),
        r"(?:已|存在).{0,12}(?:确认单|信息表)|已.{0,4}申请|重复.{0,4}(?:申请|录入)",
        frozenset({"no_form_number"}),
    ),
    Word(
        _("The fapiao may have been reversed already, perhaps by this very order."),
        _("Do nothing: the red fapiao is looked for by itself."),
        r"已.{0,8}(?:红冲|冲红|开具红字)|可红冲的?金额",
    ),
    Word(
        _("An order with this number is already at the cloud."),
        _("Do nothing: it is asked for under the same number and adopted if it fits."),
        r"重复|已存在|已推送|已使用|已成功开具|已开具成功",
    ),
    Word(
        _("The fapiao is being issued right now."),
        _("Do nothing: the result is asked for by itself."),
        r"正在开具|开具中|开票中",
    ),
    Word(
        _("The tax bureau itself had an error or took too long; the fapiao may have been issued."),
        _("Do nothing: the cloud is asked again under the same number. Never issue it anew by hand."),
        r"504|局端|超时|timed out|timeout",
        frozenset({"10400", "504"}),
    ),
    Word(
        _("The cloud answered with something that is not an answer, such as a web page."),
        _("It is asked again by itself. If it stays so, check the cloud's address or ask the vendor."),
        codes=frozenset({"unreadable", "302", "301", "307", "308"}),
    ),
    Word(
        _("The cloud's answer was far too large and was cut off."),
        _("It is asked again by itself. If it stays so, ask the vendor."),
        codes=frozenset({"too_large"}),
    ),
    Word(
        _("The file is not what it should be (no PDF, OFD or XML)."),
        _("It is fetched again by itself; it can also be downloaded from the tax bureau."),
        codes=frozenset({"unreadable_file"}),
    ),
    Word(
        _("The cloud is down or overloaded; whether it acted is not known."),
        _("Do nothing: it is asked again by itself."),
        codes=frozenset({"500", "501", "502", "503"}),
    ),
    Word(
        _("The cloud answered with another fapiao than the one asked for."),
        _("Look the fapiao up in the tax bureau before doing anything, and tell the vendor."),
        codes=frozenset({"other_number", "other_serial"}),
    ),
)
DEFAULTS = (
    (
        PaceUsedUp,
        _("The calls that the tax bureau allows are used up for the moment; nothing was sent."),
        _("Try again a little later."),
    ),
    (
        RateLimited,
        _("The cloud asks for a slower pace."),
        _("It goes on by itself after a pause; lower the pace in the account's settings if it recurs."),
    ),
    (
        NotYet,
        NOT_SHOWN_YET,
        _("Nothing to do: it is tried again by itself for some hours after issue."),
    ),
    (
        NotSent,
        _("The cloud could not be reached; nothing was sent."),
        _("It is tried again by itself. If it stays so, check the network and the cloud's address."),
    ),
    (
        Rejected,
        _("The tax bureau or the cloud refused the request."),
        _("Correct what its own words below name, then make a corrected request."),
    ),
    (OutcomeUnknown, *MAY_EXIST),
)


def explain(error):
    """Return ``(message, fix)`` for a ``CloudError``, as English templates without places to fill.

    Never raises; what is unknown gets the words of its kind.
    """
    if isinstance(error, LoginRequired):
        return _first(error, LOGIN_TEXTS) or NEEDS.get(error.need, NEEDS["login"])
    table = ()
    if isinstance(error, Rejected):
        table = REJECTIONS
    elif isinstance(error, OutcomeUnknown):
        table = ANSWER_TEXTS
    elif isinstance(error, NotSent) and not isinstance(error, (NotYet, RateLimited)):
        table = TECHNICAL
    known = _first(error, table)
    if known:
        return known
    for kind, message, fix in DEFAULTS:
        if isinstance(error, kind):
            return message, fix
    return MAY_EXIST


def _first(error, table):
    return next(((word.message, word.fix) for word in table if word.fits(error)), None)
