"""The clouds' errors in words a bookkeeper understands, each with what to do about it.

English templates marked for translation; the rooms above translate them when they show them. The
cloud's own text and code stay on the error and are shown beside the plain words.
"""

import re
from dataclasses import dataclass

from ..rules.problems import _
from .errors import LoginRequired, NotSent, NotYet, OutcomeUnknown, PaceUsedUp, RateLimited, Rejected
from .refusals import NOT_SHOWN_YET, SHARED
from .registry import CLOUDS

MAY_EXIST = (
    _("It is not known whether the fapiao was issued: the cloud's answer was lost or unclear."),
    _("Do nothing: the cloud is queried again under the same number. Never issue it again by hand."),
)
UNCLASSIFIED = (
    _("The cloud answered in words that are not known yet; the fapiao may have been issued."),
    _(
        "Do nothing: the cloud is asked again under the same number. If this recurs, an administrator can say"
        " what the words mean under Fapiao, Configuration, Unknown Answers."
    ),
)


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


# What is known of a refusal: by the problem it names or, where it names none, by its text
REFUSALS = (*(row for cloud in CLOUDS.values() for row in cloud.refusals), *SHARED)

# Where a person must act: the text may know more than the kind of need.
LOGIN_TEXTS = (
    *(Word(*word) for cloud in CLOUDS.values() for word in cloud.login_words),
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
        _("Log in to the tax bureau again; waiting requests then resume automatically."),
    ),
    "sms": (
        _("The tax bureau wants a log-in with an SMS code."),
        _("Log in to the tax bureau with an SMS code; waiting requests then resume automatically."),
    ),
    "face": (
        _("The tax bureau wants the drawer's face authenticated before it issues."),
        _("Scan the face code with the bureau's app; waiting requests then resume automatically."),
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
    *(Word(*word) for cloud in CLOUDS.values() for word in cloud.technical_words),
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
        _("Check the address and the server's network; it is retried automatically."),
        r"resolve|getaddrinfo|Name or service not known",
    ),
    Word(
        _("The cloud does not accept its own access token."),
        _("It is retried automatically. If the problem persists, check the token settings of the account."),
        r"token|令牌",
        frozenset({"401", "2004", "2005", "no_token"}),
    ),
)
ANSWER_TEXTS = (
    Word(
        _("The cloud's answer has a form that is not known yet."),
        _("Nothing is lost. Send the named keys to the maintainer of this module."),
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
        _("Do nothing: the red fapiao is retrieved automatically."),
        r"已.{0,8}(?:红冲|冲红|开具红字)|可红冲的?金额",
    ),
    Word(
        _("An order with this number is already at the cloud."),
        _("Do nothing: it is asked for under the same number and adopted if it fits."),
        r"重复|已存在|已推送|已使用|已成功开具|已开具成功",
        frozenset({"10127"}),
    ),
    Word(
        _("The fapiao is being issued right now."),
        _("Do nothing: the result is queried automatically."),
        r"正在开具|开具中|开票中",
    ),
    Word(
        _("The tax bureau itself had an error or took too long; the fapiao may have been issued."),
        _("Do nothing: the cloud is queried again under the same number. Never issue it again by hand."),
        r"504|局端|超时|timed out|timeout",
        frozenset({"10400", "504"}),
    ),
    Word(
        _("The cloud answered with something that is not an answer, such as a web page."),
        _(
            "It is queried again automatically. If the problem persists, check the cloud's address or contact the"
            " vendor."
        ),
        codes=frozenset({"unreadable", "302", "301", "307", "308"}),
    ),
    Word(
        _("The cloud's answer was far too large and was cut off."),
        _("It is queried again automatically. If the problem persists, contact the vendor."),
        codes=frozenset({"too_large"}),
    ),
    Word(
        _("The file is not what it should be (no PDF, OFD or XML)."),
        _("It is fetched again automatically; it can also be downloaded from the tax bureau."),
        codes=frozenset({"unreadable_file"}),
    ),
    Word(
        _("The cloud is down or overloaded; whether it acted is not known."),
        _("Do nothing: the status is queried again automatically."),
        codes=frozenset({"500", "501", "502", "503"}),
    ),
    Word(
        _("The cloud answered with another fapiao than the one asked for."),
        _("Look the fapiao up at the tax bureau before doing anything, and inform the vendor."),
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
        _("It resumes automatically after a pause; lower the rate limit in the account's settings if it recurs."),
    ),
    (
        NotYet,
        NOT_SHOWN_YET,
        _("Nothing to do: it is retried automatically for some hours after issue."),
    ),
    (
        NotSent,
        _("The cloud could not be reached; nothing was sent."),
        _("It is retried automatically. If the problem persists, check the network and the cloud's address."),
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
    if isinstance(error, OutcomeUnknown):
        table = ANSWER_TEXTS
    elif isinstance(error, NotSent) and not isinstance(error, (NotYet, RateLimited)):
        table = TECHNICAL
    known = _refusal(error) if isinstance(error, Rejected) else _first(error, table)
    if known:
        return known
    if isinstance(error, OutcomeUnknown) and error.is_unclassified:
        return UNCLASSIFIED
    for kind, message, fix in DEFAULTS:
        if isinstance(error, kind):
            return message, fix
    return MAY_EXIST


def _refusal(error):
    """Return the words of the problem; by the text where the refusal isn't one of an order's answer."""
    rows = [row for row in REFUSALS if row.problem == error.problem]
    row = next(iter(rows), None) or next((row for row in REFUSALS if row.fits(error.code, error.text)), None)
    return row and (row.message, row.fix)


def _first(error, table):
    return next(((word.message, word.fix) for word in table if word.fits(error)), None)
