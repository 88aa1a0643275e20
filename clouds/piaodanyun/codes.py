"""What 票单云's numbers and texts mean. Data only; [family] marks what the seed doesn't say.

Source: seed 003; shared/protocols/piaodanyun.md, "Codes".
"""

import re

from ...rules import codes as trade
from ...rules import document

TYPES = trade.PIAODANYUN_TYPES  # fplxdm
TYPE_NAMES = {code: kind for types in (TYPES, trade.PIAODANYUN_PAPER_TYPES) for kind, code in types.items()}
KINDS = trade.PIAODANYUN_LINES  # fphxz; not Kingdee's
KIND_NAMES = {code: kind for kind, code in KINDS.items()}
ZERO_NAMES = {"1": document.EXEMPT, "2": document.NOT_TAXABLE, "3": document.PLAIN_ZERO}  # lslbs

# fpzt, in the words of base.Issued. The seed has 00 on one that is normal; no source has another code,
# and a guess could call a living fapiao dead: whatever isn't here stays unknown.
NORMAL = "normal"
STATUSES = {"00": NORMAL}

OK = "200"
BUSINESS = "999"
CREDENTIALS = "40000"
PARAMETER = "20000"
TOKEN = {"401", "2004", "2005"}  # [family]
FORBIDDEN = {"403"}  # assumption
SESSION_LOST = {"302"}  # [family]
SMS_DUE = {"420"}  # [family]
FACE_DUE = {"430"}  # [family]
RATE = {"429"}  # assumption

# Texts. Each is searched in the cloud's message; the order in which they are asked is in meaning.py.


def _any(*patterns):
    return re.compile("|".join(patterns), re.IGNORECASE)


# The order may have been carried out. The serial number in use: by an earlier call of the same order.
MAYBE = _any(
    r"已成功开具|已开具成功|正在开具|开具中|开票中",
    r"局端内部异常",
    r"(?<![\d.])(?:504|10400)(?![\d.])",
    r"重复提交|重复开[具票]|流水号.{0,8}(?:重复|已存在|已使用)|(?:重复|已存在).{0,4}流水号",
)
# The cloud itself stumbled, no one knows where (assumption: nothing of this is a refusal).
STUMBLED = _any(
    r"超时|time[ds]?[ -]*out",
    r"(?:系统|网络|服务|接口|内部|未知|通讯|通信|连接)器?(?:繁忙|异常|错误|故障|失败)",
    r"稍[后候]再?[重试查]",
)
ISSUING = _any(r"正在开具|开具中|开票中|处理中|排队中")

# A person must act first
WHO = _any(
    r"用户未注册|(?:登录)?(?:用户|账[号户])不存在",
    r"用户名.{0,6}(?:错误|不正确|有误)|密码.{0,6}(?:错误|不正确|有误)",
    r"(?:登录|局端|税局)账[号户].{0,6}(?:错误|不正确|有误)",
    r"(?:账[号户]|用户)(?:已|已被|被)(?:锁定|冻结|停用)",
)
FACE = _any(r"人脸|刷脸|扫脸|实名认证|实人认证")
SMS = _any(r"短信(?:验证|登录)|发送验证码")
SESSION = _any(
    r"(?:请|需要?)(?:先|重新)*登[录陆]|重新登[录陆]|未登[录陆]",
    r"(?:登[录陆](?:状态)?|会话)已?.{0,2}(?:失效|过期|超时|丢失)",
)
RIGHTS = _any(r"(?:没有|无|未开通|暂无).{0,8}(?:权限|授权)|未(?:在.{0,6})?授权|接口未开通|权限不足")
TOKEN_TEXT = _any(
    r"(?:token|令牌).{0,10}(?:失效|过期|无效|错误|不正确|不存在|为空|expired|invalid)",
    r"(?:失效|过期|无效)的?.{0,4}(?:token|令牌)",
)
PACE = _any(
    r"(?:操作|请求|访问|调用|开票|开具|查询)(?:次数)?(?:过于|太|过)?(?:频繁|过快)|限流",
    r"次数(?:超限|过多|已达上限)",
)

# A fapiao that isn't there – unless the text says that something else isn't
NOT_THERE = _any(
    r"未(?:查询|查找|查|找|获取)到|没有?(?:查询|查找|查|找)到|(?:查询|查|找)不到",
    r"不存在|查无|无此|暂无",
)
SOMETHING_ELSE = _any(
    r"用户|账[号户]|企业|公司|纳税人|购买?方|销售?方|税号|识别号|租户|登[录陆]|会话|token|令牌|权限|授权",
    r"接口|服务|路径|地址|页面|方法|配置|参数|局端|异常|错误|网络|数据库|数据源",
)
FILE_LATER = _any(r"生成中|正在生成|未生成|尚未|暂未|还未")
OTHER_BODY = _any(r"content[- ]?type|请求格式|media type|json parse")  # assumption

# Log-in by a code to scan
SCAN_WAITS = _any(r"未扫|待扫|等待|未确认|待确认|未认证|扫码中|请扫|请使用|请在手机|已扫")
SCAN_OVER = _any(r"(?:二维码|ewm).{0,6}(?:过期|失效|超时)|(?:过期|失效).{0,6}二维码")
LOGGED_IN = _any(r"登[录陆]成功|已登[录陆]|无需登[录陆]|免登[录陆]")
