"""What the words of an answer say about an order, at every cloud: the patterns, and the search with them.

A marker wins over whatever else the text says: "issued already" and "open" both mean that the fapiao may
exist, so that no text with one of them is ever a refusal. [other] is what clients of the same bureau saw;
the rest is in the public documents of the clouds' families or an assumption.
"""

import re
import unicodedata


def any_of(*patterns):
    """Return one compiled pattern of several; letters of either case."""
    return re.compile("|".join(patterns), re.IGNORECASE)


# There already, by an earlier call of the same order, or under way
_ISSUED = any_of(
    r"已(?:经)?(?:成功)?(?:开具|开票|开出)|(?:开具|开票|红冲|冲红)成功|可能已",
    r"正在(?:开具|开票|红冲|处理|提交)|(?:开具|开票|处理|排队|受理)中(?!心)",
    r"重复|已(?:被)?存在|(?<!额度)已(?:被)?(?:使用|占用)|已(?:推送|提交|接收|受理)",
)
# … unless it is a part of the order that occurs twice
_DOUBLE_LINE = any_of(r"(?:明细|行号|分录|商品|detailId)行?号?重复(?!提交|开|推|请求)")

# The cloud or the bureau stumbled: where, and whether after issuing, is not known
_OPEN = any_of(
    r"超时|time[ds]?[ -]*out",
    r"(?:系统|网络|服务器?|接口|内部|程序|数据库|未知|通讯|通信|连接|网关)(?:出现|发生|处理)?"
    r"(?:异常|错误|故障|失败|出错)",
    r"(?:系统|网络|服务|接口|局端|税局|税务局)繁?忙",
    r"请求(?:出现|处理|发送)?(?:异常|错误|失败|出错)",
    r"(?:局端|税局|税务局|乐企)[^,。;:]{0,10}(?:异常|错误|失败|故障|出错|无响应|未响应|未返回)",
    r"(?:解析|读取|格式化|序列化|获取|调用|加载|同步|连接|访问|发送)[^,。;:]{0,12}(?:异常|错误|失败|出错)",
    r"查询(?:数据|信息|结果|接口)?(?:异常|错误|失败|出错)",
    r"返回的?(?:数据|报文|结果|内容|信息|值)?(?:格式)?(?:异常|错误|失败|为空|有误|不合法|不完整|不能为空)",
    r"(?:数据|报文|结果)返回(?:异常|错误|失败|为空)|响应(?:数据|报文|结果)?(?:异常|错误|为空|不能为空)",
    r"(?<![原蓝字票])(?:发票号码|开票日期)(?:为空|不能为空|不存在)|接口返回",
    r"未(?:返回|响应)|无(?:返回|响应)|(?:结果|状态)未知|稍[后候]再?查",
    r"(?:系统|服务)[^,。;:]{0,6}(?:升级|维护)|维护中",
    r"exception|internal ?server|null ?pointer|空指针|gateway|service ?unavailable",
    r"(?:http|status|状态码)\D{0,6}5[0-9]{2}|(?<![\d.第])(?:504|10400)(?![\d.])",
)
# … unless it is the log-in or the token that has timed out or failed
_SOUNDS_OPEN = any_of(
    r"(?:登[录陆]|会话|token|令牌)(?:状态|信息|认证)?已?(?:经)?(?:超时|过期|失效|错误)",
    r"(?:局端|税局|税务局|登[录陆])?(?:账[号户]|帐号|密码|用户名?)(?:或密码)?(?:错误|不存在)",
    r"token ?获取失败|身份认证成功时间查询失败",
)

# Turned away because of the pace
PACE = any_of(
    r"(?:操作|请求|访问|调用|开票|开具|查询|提交)(?:次数)?(?:过于|太|过)?(?:频繁|过快)",
    r"限流|频率(?:超过|超出|过高|受限)|次数(?:超限|过多|已达上限)",
)
BUSY = any_of(r"稍[后候]再?[重试]|服务器繁忙")
# The account isn't set up at the provider
NOT_SET_UP = any_of(r"未获取到?纳税人信息|请进行商户授权|token ?获取失败|身份不可为空")
# A red form, an application under way, or nothing left to reverse: perhaps by our own earlier call. A gap
# never leads over a negation or into another clause: 已作废,不能申请 is a refusal.
FORM_EXISTS = any_of(
    r"(?<!未)已(?:经)?[^不未,。;]{0,6}(?:申请|提交|发起|录入)",
    r"(?<![不没])(?:存在|有)[^不,。;]{0,12}(?:确认单|信息表|申请)",
    r"没有可红冲的?金额",
)
# The red fapiao exists: perhaps by our own earlier call
RED_EXISTS = any_of(r"(?<!未)已(?:经)?[^不未,。;]{0,8}(?:红冲|冲红|开具|开票|使用)", r"没有可红冲的?金额")


# A person must act first
FACE = any_of(r"人脸|刷脸|扫脸|实名认证|实人认证")  # [family] 重新实人认证, 已过实人认证时间
SMS = any_of(r"短信(?:验证|登录)|发送验证码")
SESSION = any_of(
    r"(?:请|需要?)(?:先|重新)*登[录陆]|重新登[录陆]|未登[录陆]",
    r"重新进入开具页面|身份认证成功时间查询失败",  # [family]
    r"登[录陆](?:状态)?已?.{0,2}(?:失效|过期|超时|丢失)",
)
# What was asked about isn't there – unless the text says that something else isn't
NOT_THERE = any_of(
    r"未(?:查询|查找|查|找|获取)到|没有?(?:查询|查找|查|找)到|(?:查询|查|找)不到",
    r"不存在|查无|无此|暂无",
)
SOMETHING_ELSE = any_of(
    r"用户|账[号户]|企业|公司|纳税人|购买?方|销售?方|税号|识别号|租户|登[录陆]|会话|token|令牌|权限|授权",
    r"接口|服务|路径|地址|页面|方法|配置|参数|局端|异常|错误|网络|数据库|数据源",
)


LONGEST = 4000  # characters looked at; no cloud has more to say, and each takes its time


def folded(text):
    """Return the part of ``text`` that is looked at, with full-width signs and digits as plain ones, on one
    line."""
    return " ".join(unicodedata.normalize("NFKC", (text or "")[:LONGEST]).split())


def _is_too_long(text):
    # what isn't looked at may have a marker
    return len(text or "") > LONGEST


def says(pattern, text):
    """Return whether ``text`` says what ``pattern`` looks for, with or without its spaces."""
    text = folded(text)
    return bool(pattern.search(text) or pattern.search(text.replace(" ", "")))


def says_issued(text):
    """Return whether the order may be there already or be under way."""
    return _is_too_long(text) or says(_ISSUED, _DOUBLE_LINE.sub(" ", folded(text)))


def says_open(text):
    """Return whether the cloud or the bureau stumbled, so that the outcome of the order is open."""
    return _is_too_long(text) or says(_OPEN, _SOUNDS_OPEN.sub(" ", folded(text)))


def says_doubt(text):
    """Return whether a text has any marker that forbids to believe the rest of it."""
    return says_issued(text) or says_open(text)


def says_trouble(text):
    """Return whether a text, of any call, tells of the cloud's own trouble or haste."""
    return says_open(text) or says(BUSY, text)


def joined(*parts):
    """Return the different texts of an answer in one."""
    return "; ".join(dict.fromkeys(part for part in parts if part))
