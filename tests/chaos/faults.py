"""What the cloud does wrong while people work: a table, drawn from by a seed."""

# With an effect at the bureau; the other calls only ask.
ORDERS = (
    "blueTicket",
    "hzxxbsq",
    "hzfpkj",
    "BILL.PUSH",
    "BILL.WITHDRAW",
    "REDCONFIRMBILL.APPLY",
    "ALLE.INVOICE.RED",
)

# Calls, kind, share of the calls, and what goes with the kind. Answers are lost after the deed.
PLAN = (
    ("*", "drop", 0.20, {}),
    ("*", "half_json", 0.02, {}),
    ("*", "html", 0.02, {}),
    ("*", "empty", 0.02, {}),
    ("*", "cut", 0.02, {}),
    ("*", "http_500", 0.02, {}),
    ("*", "delay", 0.03, {"seconds": 1}),
    ("*", "delay", 0.02, {"seconds": 6}),  # longer than the account waits
    ("*", "expired_token", 0.02, {}),
    (ORDERS, "maybe_issued", 0.01, {}),
)

# Said after the deed: texts that say nothing, that sound like a refusal, and that are a refusal and lie.
MISLEADING = (
    "解析返回数据异常",
    "局端内部异常",
    "读取局端响应错误",
    "格式化输出错误",
    "返回报文为空",
    "税局数据请求超时",
    "内部错误",
    "开票失败",
    "操作失败",
    "处理异常,请联系管理员",
    "业务处理失败",
    "数据校验不通过",
    "推单失败",
    "授信额度不足",
    "购买方税号不正确",
)
_MISLED = 0.10  # of the orders, over all texts


def plan(sandbox, rng) -> None:
    """Let the sandbox go wrong as the tables say."""
    for calls, kind, rate, more in PLAN:
        for call in calls if isinstance(calls, tuple) else (calls,):
            sandbox.do("faults", call=call, kind=kind, rate=rate, seed=rng.randrange(10**6), **more)
    for call in ORDERS:
        for text in MISLEADING:
            seed, rate = rng.randrange(10**6), _MISLED / len(MISLEADING)
            sandbox.do("faults", call=call, kind="refused", when="after", text=text, rate=rate, seed=seed)


def clear(sandbox) -> int:
    """End all faults and return how many have struck."""
    fired = sum(fault["fired"] for fault in sandbox.look("faults"))
    sandbox.do("faults/clear")
    return fired
