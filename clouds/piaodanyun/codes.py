"""What 票单云's numbers and texts mean. Data only; [family] marks what the paper doesn't say.

Source: docs/protocols/piaodanyun.md#codes-and-texts.
"""

from ...rules import document
from ...rules.document import DIGITAL, DIGITAL_PAPER, DISCOUNT, DISCOUNTED, ORDINARY, SPECIAL
from ...rules.document import NORMAL as NORMAL_LINE
from ..phrases import NOT_SET_UP, any_of
from ..phrases import SESSION as SESSION_OVER

TYPES = {  # fplxdm
    (SPECIAL, DIGITAL): "81",
    (ORDINARY, DIGITAL): "82",
    (SPECIAL, DIGITAL_PAPER): "85",
    (ORDINARY, DIGITAL_PAPER): "86",
}
KINDS_OF_FAPIAO = {code: pair for pair, code in TYPES.items()}
TYPE_NAMES = {code: kind for code, (kind, _form) in KINDS_OF_FAPIAO.items()}
PRINTED_LINES = 8  # of a sheet; with more it is a list (qdbz)
# Where the paper and its family contradict each other, one constant each. Of who applies for a reversal (sqyy):
# client.Options.side_as_list.
# slsm, by the reasons of rules.rates: the paper's reading. [family] has them the other way round.
SMALL_SCALE_REASONS = {"2": "2", "3": "3"}
# zsfs, by Draft.levy: normal, reduced, margin in full, margin net. Another client has 1 in full, 2 net.
LEVIES = {"0": "0", "1": "1", "2": "2", "3": "3"}
# yhzcbs and zzstsgl of what is not taxable, where the tax names no privilege. [family] ("1", "不征税")
NOT_TAXABLE = ("0", "")
KINDS = {NORMAL_LINE: "0", DISCOUNT: "1", DISCOUNTED: "2"}  # fphxz; the same figures mean others elsewhere
KIND_NAMES = {code: kind for kind, code in KINDS.items()}
VOUCHER_NUMBERS = {"01": "fphm", "02": "zzfphm", "03": "zzfphm", "04": "zzfphm"}  # by kind; of the others pzhm
ZERO_NAMES = {"1": document.EXEMPT, "2": document.NOT_TAXABLE, "3": document.PLAIN_ZERO}  # lslbs
ZERO_WORDS = {"免税": "1", "不征税": "2"}

# Texts of the head of a query, by the names of base.Particulars
PARTICULARS = {
    "remark": "bz",
    "drawer": "kpr",
    "payee": "skr",
    "reviewer": "fhr",
    "buyer_address": "ghdwdzdh",
    "buyer_bank": "ghdwyhzh",
    "buyer_mobile": "GFKHDH",
    "buyer_email": "GFKHYX",
    "seller_address": "xhdwdzdh",
    "seller_bank": "xhdwyhzh",
    "levy": "zsfs",
    "small_scale_reason": "slsm",
    "main_item": "zyspmc",
    "element": "tdyslxDm",
    "red_form_number": "tzdbh",
    "reversal_mark": "hczt",
    "booking_mark": "rzzt",
    "voided_by": "zfr",
    "void_reason": "zfyy",
    "code": "fpdm",
    "original_code": "yfpdm",
    "paper_number": "zzfphm",
}
YES = frozenset({"1", "Y", "y"})  # of the head's marks; the paper shows 0 and nothing
# Special elements that stand beside the head's own keys, as the bureau calls them
ELEMENTS = {
    "fwfsd": "发生地",
    "fullAddress": "详细地址",
    "kdsbz": "跨地(市)标志",
    "jzxmmc": "建筑项目名称",
    "tdzzsxmbh": "土地增值税项目编号",
    "cqzsh": "产权证书号",
    "zlqqz": "租赁期起止",
    "wqhtbabh": "网签合同备案编号",
    "hdjsjg": "核定计税价格",
    "sjcjhsje": "实际成交含税金额",
    "sfyytljdj": "是否用于拖拉机和联合收割机登记",
    "fdjhm": "发动机号码",
    "dphgzbh": "底盘合格证编号",
    "kqysssxbgglbm": "跨区域涉税事项报验管理编号",
    "cph": "车牌号",
}
# Keys of the rows of tdys beside those [family]; of a traveller's papers nothing is kept
ROW_ELEMENTS = {
    "qyd": "起运地",
    "ddd": "到达地",
    "ysgjzl": "运输工具种类",
    "ysgjhp": "运输工具牌号",
    "yshwmc": "运输货物名称",
    "cxr": "出行人",
    "cxrq": "出行日期",
    "jtgjlx": "交通工具类型",
    "dengj": "等级",
}
PAPERS = frozenset({"sfzjlx", "sfzjhm"})

# fpzt, in the words of base.Issued. The paper has 00 on one that is normal; no source has another code,
# and a guess could call a living fapiao dead: whatever isn't here stays unknown.
NORMAL = "normal"
STATUSES = {"00": NORMAL}

OK = "200"
BUSINESS = "999"
CREDENTIALS = "40000"
PARAMETER = "20000"
OTHER = "310"  # [family] a QR code, the red fapiao that exists, or another fault: never judged without data
CONFIRM = "7706"  # [family] the bureau wants a confirmation by the user
FILE_NOT_READY = "234"  # [family]
TOKEN = {"401", "2004", "2005"}  # [family]
FORBIDDEN = {"403"}  # [family]
SESSION_LOST = {"302"}  # [family]
SMS_DUE = {"420"}  # [family]
FACE_DUE = {"430"}  # [family]
# The account's set-up [family]: path, header or company; clock and signature; subscription
REFUSED_CALL = frozenset({"400", "404", "9002"})
SIGNED = frozenset({"2001", "2002", "2003"})
SUBSCRIPTION = frozenset({"2006", "3002"})
SET_UP = REFUSED_CALL | SIGNED | SUBSCRIPTION
RATE = {"429"}  # assumption
# [family] 10400: may have been issued, 503: the service is busy; the rest by their meaning in HTTP
OPEN = {"10400", "500", "501", "502", "503", "504", FILE_NOT_READY}
# Whose text may tell what they mean; any other code leaves the outcome open whatever its text says
TOLD_BY_TEXT = {BUSINESS, PARAMETER, OTHER, CONFIRM} | SMS_DUE | FACE_DUE

# Texts. Each is searched in the cloud's message; the order in which they are asked is in meaning.py, those
# of "issued already", "open" and "throttled" are every cloud's, as those of a face or an SMS: see ..phrases.

ISSUING = any_of(r"正在开具|开具中|开票中|处理中|排队中")

# A person must act first
WHO = any_of(
    r"用户未注册|(?:登录)?(?:用户|账[号户])不存在",
    r"用户名.{0,6}(?:错误|不正确|有误)|密码.{0,6}(?:错误|不正确|有误)",
    r"(?:登录|局端|税局)账[号户].{0,6}(?:错误|不正确|有误)",
    r"(?:账[号户]|用户)(?:已|已被|被)(?:锁定|冻结|停用)",
)
SESSION = any_of(SESSION_OVER.pattern, r"会话已?.{0,2}(?:失效|过期|超时|丢失)")
RIGHTS = any_of(r"(?:没有|无|未开通|暂无).{0,8}(?:权限|授权)|未(?:在.{0,6})?授权|接口未开通|权限不足")
TOKEN_TEXT = any_of(
    r"(?:token|令牌).{0,10}(?:失效|过期|无效|错误|不正确|不存在|为空|expired|invalid)",
    r"(?:失效|过期|无效)的?.{0,4}(?:token|令牌)",
)
SET_UP_TEXT = any_of(NOT_SET_UP.pattern, r"销方税号有误")  # [family]
# 420 and 430 of an older edition: a bad parameter, a bad signature [family]
SIGNATURE = any_of(r"签名|\bsign\b")
PARAMETERS = any_of(r"参数")

FILE_LATER = any_of(r"生成中|正在生成|未生成|尚未|暂未|还未")
OTHER_BODY = any_of(r"content[- ]?type|请求格式|media type|json parse")  # assumption

# Log-in by a code to scan
SCAN_WAITS = any_of(r"未扫|待扫|等待|未确认|待确认|未认证|扫码中|请扫|请使用|请在手机|已扫")
SCAN_OVER = any_of(r"(?:二维码|ewm).{0,6}(?:过期|失效|超时)|(?:过期|失效).{0,6}二维码")
LOGGED_IN = any_of(r"登[录陆]成功|已登[录陆]|无需登[录陆]|免登[录陆]")
