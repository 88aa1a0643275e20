"""What a cloud says that acted and then misleads: the texts it may choose from, by their class.

A truthful cloud says `login`, `face`, `throttled` and `refused` of what it didn't carry out, and `open`
of what it may have; here the moment of the fault alone decides what was done. `unknown` are texts that
stand in no document.
"""

import re

BUSINESS = {"piaodanyun": 999, "kingdee": "9999"}
# Cloud → class → texts, before some a code of their own; the others go with the plain business fault.
BOTH = {
    "face": """
        重新实人认证 | 已过实人认证时间""",
    "throttled": """
        请稍后再试 | 服务器繁忙""",
    "refused": """
        当前未查询到购买方纳税人信息 | 购买方名称与纳税人识别号不一致 | 购买方纳税人识别号格式不正确 |
        商品编码1060301020100000000为汇总项,不可用于开票 | 税率0.13与商品编码不匹配 | 第1行税额误差超过0.06 |
        价税合计与明细合计不一致 | 授信额度不足,剩余授信额度为0.00元 | 项目名称长度不能超过100个字符 |
        销方为风险纳税人,暂停开具发票 | 备注含有非法字符""",
    "unknown": """
        业务流水比对存在差异,请联系运营人员 | 通道切换完成,单据转入人工坐席 | 任务编排节点返回非预期结果 |
        当前批次校验未闭合 | 省份节点响应码9021 | 数据落库存在偏差 | 电子底账同步未结束 | 乐企通道降级运行 |
        操作未完成 | 请求已由备用机房接管 | 未知错误 | Internal exception: index out of range |
        7001:业务处理结束""",
}
OWN = {
    "piaodanyun": {
        "open": """
        10400:发票可能已开具,请查询开票结果 | 503:服务忙,暂时无法处理 | 234:局端响应缓慢 | 发票正在开具中 |
        发送请求出现异常 | 发送请求异常 | 发送请求失败 | 当前请求异常 | 当前请求失败 | 请求局端返回504 |
        Read Timeout | 解析返回数据异常 | 局端内部异常 | 读取局端响应错误 | 格式化输出错误 | 局端请求错误 |
        返回报文为空 | 局端未返回数据 | 内部错误 | 税局执行超时 | 服务器数据返回错误 | 税局数据请求超时""",
        "issued": """
        在当前页已成功开具发票 | 已开具过负数发票 | 该流水号已成功开具发票,请勿重复开具 |
        310:该蓝字发票已存在红字发票""",
        "login": """
        302:登录已失效,请重新登录电子税务局 | 420:需要短信验证码登录电子税务局 | 获取验证码重新登录 |
        重新进入开具页面 | 身份认证成功时间查询失败 | 401:token已过期""",
        "face": "430:需要进行人脸识别认证",
        "throttled": "429:请求过于频繁,请稍后再试",
        "refused": """
        未能判断当前纳税人与发票中身份 | 未获取纳税人信息 | 请进行商户授权 | 销方税号有误 | 身份不可为空 |
        可信错误:该用户未注册 | 农产品收购发票开具不规范 | 2006:接口未订阅 | 3002:接口订阅已到期 |
        9002:企业未在平台维护 | 403:签名错误""",
        "unknown": "500:null",
    },
    "kingdee": {
        "open": """
        请求超时,请查询开票结果 | 请求税局超时:504 Gateway Time-out | 系统异常,请联系管理员 | 单据正在开票中 |
        解析返回数据异常 | 局端内部异常 | 税局执行超时 | 税局未返回数据 | Read timed out | 503:服务不可用""",
        "issued": """
        10127:流水号已存在 | 单据编号已存在,请勿重复推送 | 该单据已成功开具发票 | 该发票已开具红字发票""",
        "login": """
        电子税务局登录已失效,请重新登录 | 电子税务局未登录 | 电子税务局登录需要短信验证码 |
        获取验证码重新登录 | 401:access_token已过期""",
        "face": "电子税务局需要人脸识别认证",
        "throttled": "429:接口调用频率超过限制,请稍后再试",
        "refused": """
        1130:税号不在租户范围内 | 403:未进行接口授权 | 0001:参数错误 | 推单失败:明细行性质不合法""",
        "unknown": "C0110:null",
    },
}
CLASSES = tuple(OWN["kingdee"])


def texts(cloud, name):
    """(code, text) of each lie of this class."""
    business, found = BUSINESS[cloud], []
    for given in filter(None, map(str.strip, f"{OWN[cloud][name]} | {BOTH.get(name, '')}".split("|"))):
        code, text = re.fullmatch(r"(?:([0-9A-Z]{3,}):)?(.*)", given, re.DOTALL).groups()
        found.append((type(business)(code) if code else business, text))
    return found


def another(world, tax_no, uid):
    """The number of the oldest fapiao of this seller that another order led to, of the same colour first."""
    own = {each.number: each.red for each in world.issued(uid)} if uid else {}
    red = any(own.values())
    others = [each for each in world.fapiao.values() if each.seller_no == tax_no and each.number not in own]
    return next((each.number for each in sorted(others, key=lambda each: each.red != red)), None) if uid else None


def renumbered(data, keys, number):
    """The data with this number under these keys, wherever they hold one."""
    if isinstance(data, list):
        return [renumbered(each, keys, number) for each in data]
    if isinstance(data, dict):
        return {
            name: number if name in keys and value else renumbered(value, keys, number) for name, value in data.items()
        }
    return data


def chosen(cloud, fault):
    """Code and text of this lie: as the fault's parameters say, the rest by its own draw."""
    params = fault.params
    if "text" in params:
        return params.get("code", BUSINESS[cloud]), params["text"]
    name = params.get("text_class") or fault.draws.choice(CLASSES)
    code, text = fault.draws.choice(texts(cloud, name))
    return params.get("code", code), text
