"""What 金蝶发票云's numbers and texts mean. Data only.

[docs] is in the vendor's public pages, [clients] in public client code; every text is an assumption, as
the papers show the errors on screenshots only.
Source: docs/protocols/kingdee-billing.md#codes-and-texts.
"""

from ...rules import document
from ...rules.document import DIGITAL, ELECTRONIC, ORDINARY, PAPER, ROLL, SPECIAL
from ...rules.limits import BYTES, DIRECT, LOGIN, Length, Lengths
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

TYPES = {  # invoiceType of a bill
    (SPECIAL, DIGITAL): "08xdp",
    (ORDINARY, DIGITAL): "10xdp",
    (SPECIAL, ELECTRONIC): "028",
    (ORDINARY, ELECTRONIC): "026",
    (SPECIAL, PAPER): "004",
    (ORDINARY, PAPER): "007",
    (ORDINARY, ROLL): "025",
}
DIRECT_TYPES = {SPECIAL: "01", ORDINARY: "02"}  # of the calls for one digital fapiao [clients]
KINDS = {  # both, each with its pair of type and form
    **{code: pair for pair, code in TYPES.items()},
    **{code: (kind, DIGITAL) for kind, code in DIRECT_TYPES.items()},
}

# lineProperty of what is pushed; the same figures mean others in the answers
BILL_KINDS = {document.NORMAL: "2", document.DISCOUNT: "1", document.DISCOUNTED: "2"}
DISCOUNT_LINE = "1"  # lineProperty in answers: 0 and 2 are goods, 2 those with a discount behind [docs]
PRIORITY = "0"  # [docs]
# By channel; the addresses and banks of the direct one are those of direct issue [docs]
LENGTHS = {
    LOGIN: Lengths(
        name=Length(92, BYTES),
        spec=Length(40, BYTES),
        unit=Length(22, BYTES),
        price=Length(16),
        party=Length(100, BYTES),
        contact=Length(100, BYTES),
        bank=Length(100, BYTES),
        remark=Length(230, BYTES),
    ),
    DIRECT: Lengths(contact=Length(120, BYTES), bank=Length(150, BYTES)),
}
GOODS_CODE_LENGTH = 32  # [docs]
NOTE_LENGTH = 100  # assumption
EXEMPT_WORD = "免税"  # privilegeContent
NOT_TAXABLE_WORD = "不征税"
ZERO_NAMES = {"1": document.EXEMPT, "2": document.NOT_TAXABLE, "3": document.PLAIN_ZERO}  # zeroTaxRateFlag
ORDINARY_LEVY, DIFFERENTIAL_LEVY = "0", "2"  # taxationStyle; assumption: the second is as in taxedType of callbacks
VOUCHER_NUMBERS = {"01": "etaxInvoiceNo", "02": "invoiceNo", "03": "invoiceNo", "04": "invoiceNo"}  # else evidenceNo
LEVIES = {"01": "2", "02": "3"}  # deductionType: differential, issued in full or for the difference [clients]

# Texts of one fapiao by the names of base.Particulars, each with its keys
PARTICULARS = {
    "remark": ("remark",),
    "drawer": ("drawer",),
    "payee": ("payee",),
    "reviewer": ("reviewer",),
    "buyer_mobile": ("buyerRecipientPhone",),
    "buyer_email": ("buyerRecipientMail",),
    "red_form_number": ("redInfoBillNo",),
    "code": ("invoiceCode",),
    "original_code": ("originalInvoiceCode",),
}
# The same in one key, or in two [docs]
JOINED = {
    "buyer_address": ("buyerAddressAndTel", "buyerAddress", "buyerTel"),
    "buyer_bank": ("buyerBankAndAccount", "buyerBank", "buyerBankAccount"),
    "seller_address": ("sellerAddressAndTel", "sellerAddress", "sellerTel"),
    "seller_bank": ("sellerBankAndAccount", "sellerBank", "sellerBankAccount"),
}
NO_ELEMENT = frozenset({"", "00", "null"})  # specialType
# Objects and lists of special elements beside the lines [docs]; people's papers (travelerList) aren't kept
ELEMENTS = ("buildInfo", "estateSaleInfo", "estateLeaseInfo", "freightList")
# privilegeType of the query of one fapiao [docs]; bills say it in words
PRIVILEGES = {
    "01": "简易征收",
    "02": "稀土产品",
    "03": EXEMPT_WORD,
    "04": NOT_TAXABLE_WORD,
    "05": "先征后退",
    "06": "100%先征后退",
    "07": "50%先征后退",
    "08": "按3%简易征收",
    "09": "按5%简易征收",
    "10": "按5%简易征收减按1.5%计征",
    "11": "即征即退30%",
    "12": "即征即退50%",
    "13": "即征即退70%",
    "14": "即征即退100%",
    "15": "超税负3%即征即退",
    "16": "超税负8%即征即退",
    "17": "超税负12%即征即退",
    "18": "超税负6%即征即退",
}

# invoiceStatus, in the words of base.Issued; whatever isn't here stays unknown
NORMAL, RED, VOID = "normal", "red", "void"
STATUSES = {"0": NORMAL, "3": RED, "6": VOID}
STATUS_WAITING = "2"

# identity: which side of the forms we are [clients]; enteridentity: which side entered the form (assumption)
IDENTITIES = {SELLER: "0", BUYER: "1"}
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
