"""What 金蝶发票云's numbers and texts mean. Data only.

[docs] is in the vendor's public pages, [clients] in public client code; every text is an assumption, as
the papers show the errors on screenshots only.
Source: docs/protocols/kingdee-billing.md#codes-and-texts.
"""

from ...rules import document
from ...rules.document import ORDINARY, SPECIAL
from ...rules.red_document import BUYER, SELLER
from .. import phrases
from ..phrases import any_of

OK = {"0", "0000"}  # billing, inbound
TOKEN = {"401"}  # assumption
FORBIDDEN = frozenset({"403"})  # assumption
RATE = {"429"}  # assumption
NO_SUCH_CALL = frozenset({"404", "405"})  # assumption
NOT_IN_TENANT = frozenset({"1130"})  # docs/protocols/kingdee-inbound.md#pages
# The serial number is used already [docs]; a task is running; the rest by their meaning in HTTP (assumption)
OPEN = {"10127", "6910", "500", "501", "502", "503", "504"}

TYPES = {SPECIAL: "08xdp", ORDINARY: "10xdp"}  # invoiceType of a bill
DIRECT_TYPES = {SPECIAL: "01", ORDINARY: "02"}  # of the calls for one digital fapiao [clients]
TYPE_NAMES = {code: kind for types in (TYPES, DIRECT_TYPES) for kind, code in types.items()}

# lineProperty of what is pushed; the same figures mean others in the answers
BILL_KINDS = {document.NORMAL: "2", document.DISCOUNT: "1", document.DISCOUNTED: "2"}
DISCOUNT_LINE = "1"  # lineProperty in answers: 0 and 2 are goods, 2 those with a discount behind [docs]
EXEMPT_WORD = "免税"  # privilegeContent
NOT_TAXABLE_WORD = "不征税"
ZERO_NAMES = {"1": document.EXEMPT, "2": document.NOT_TAXABLE, "3": document.PLAIN_ZERO}  # zeroTaxRateFlag
ORDINARY_LEVY = "0"  # taxationStyle

# invoiceStatus, in the words of base.Issued; whatever isn't here stays unknown
NORMAL, RED, VOID = "normal", "red", "void"
STATUSES = {"0": NORMAL, "3": RED, "6": VOID}
STATUS_WAITING = "2"

SELLER_SIDE = "0"  # enteridentity of the side that entered a red form: assumption
IDENTITIES = {SELLER: "0", BUYER: "1"}  # identity: which side of the forms we are [clients]
SIDES = {code: side for side, code in IDENTITIES.items()}
FORM_PAGE = 50  # assumption: as many as of issued fapiao
REVOKE = "C"  # qrlx [docs]

# Texts. Each is searched in the cloud's message; the order in which they are asked is in meaning.py, those
# of "issued already", "open" and "throttled" are every cloud's, as those of log-ins: see ..phrases.

TOKEN_TEXT = any_of(
    r"(?:token|令牌|会话).{0,12}(?:失效|过期|超时|无效|错误|不正确|不存在|为空|不合法|expired?|invalid)",
    r"(?:失效|过期|无效|expired|invalid)的?.{0,12}(?:token|令牌|会话)",
)
ACCOUNT = any_of(r"account_?id|数据中心|账套")
APPLICATION = any_of(
    r"app_?id|app_?secu?ret|第三方应用",
    r"(?:应用|密钥|秘钥).{0,8}(?:错误|不正确|有误|不存在|不匹配|无效)",
)
USER = any_of(
    r"(?:用户|账号|帐号|手机号|user).{0,12}(?:不存在|未注册|错误|不正确|有误|禁用|停用|锁定|冻结)",
    r"usertype",
)
RIGHTS = any_of(
    r"(?:未|没有|没|无).{0,10}(?:授权|权限)|(?:授权|权限)(?:不足|校验失败|失败)",
    r"unauthori[sz]ed|no permission",
)
# The account isn't set up at the provider (assumption)
SET_UP_TEXT = any_of(
    r"税号.{0,40}不在租户|业务系统(?:编码)?.{0,20}(?:不存在|未配置|未启用|有误|不正确)",
    r"接口(?:编码)?.{0,40}不存在",
    phrases.NOT_SET_UP.pattern,
)
NOT_THERE = any_of(phrases.NOT_THERE.pattern, r"没有?获取到|无数据|无发票")
SOMETHING_ELSE = any_of(phrases.SOMETHING_ELSE.pattern, r"组织|资源|业务系统")
# Where a bill stands, in words: no source has a key or a code for it
BILL_STATES = (
    ("returned", any_of(r"退回|回退|已撤回|驳回")),
    ("issuing", any_of(r"开[具票]中|处理中|正在")),
    ("waiting", any_of(r"待开|待处理|待下推|未开|待提交|保存|暂存")),
)
