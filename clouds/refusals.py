"""What counts as a refusal of an order: an allow-list of faults of the order itself.

Only an answer that one of these rows fits is ``Rejected`` and lets a corrected order go out under a new
id; every other unsuccessful answer leaves the outcome open. Each row has our own code of the problem, plain
words with the cure, and how it is recognised. What a cloud alone knows is in its own ``refusals``. All texts
are assumptions: the papers show few.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property

from ..rules.problems import _
from .base import RED_APPLY, RED_ISSUE, RED_WITHDRAW
from .phrases import folded

_RED = frozenset({RED_APPLY, RED_ISSUE, RED_WITHDRAW})
_WRONG = r"(?:错误|有误|不正确|不合法|非法|无效)"
_EMPTY = r"(?:不能为空|不可为空|不允许为空|为空)"
NOT_SHOWN_YET = _("The tax bureau does not show this fapiao yet: that takes up to two hours after issue.")


@dataclass(frozen=True)
class Refusal:
    """One fault of an order: recognised by ``pattern`` in the text, or by one of ``codes``.

    ``operations``: the orders it can be a fault of; None is every one. An empty set is for words alone.
    """

    problem: str
    message: str
    fix: str
    pattern: str = ""
    codes: frozenset = frozenset()
    operations: frozenset | None = field(default=None)

    @cached_property
    def _compiled(self):
        return re.compile(self.pattern, re.IGNORECASE)

    def fits(self, code, text):
        """Return whether an answer names this fault."""
        return code in self.codes or (bool(self.pattern) and bool(self._compiled.search(folded(text))))

    def may_refuse(self, operation):
        return self.operations is None or operation in self.operations


def refusal_of(rows, operation, code, text):
    """Return the first of ``rows`` that refuses an order of ``operation``; None if none does."""
    return next((row for row in rows if row.may_refuse(operation) and row.fits(code, text)), None)


SHARED = (
    Refusal(
        "red_reason",
        _("The reason for reversing does not suit what was sold on the fapiao."),
        _("Goods and labour are returned, services are stopped: choose another reason and apply again."),
        r"(?:红冲|冲红)原因(?!:).{0,30}(?:不|必须|有误|错误)|原因代码.{0,6}(?:不|有误|错误)"
        r"|(?:不允许|不能|不得)选择.{0,10}(?:[红冲]冲?原因|销货退回|服务中止|销售折让|开票有误)",
        operations=_RED,
    ),
    Refusal(
        "red_form_state",
        _("The red form (红字确认单) is not confirmed, or has ended."),
        _("Wait for the other side to confirm it; if it was refused or has lapsed, apply for a new one."),
        r"(?:确认单|信息表)[^,;]{0,24}(?:未.{0,4}确认|待.{0,6}确认|作废|已撤销|失效|超.{0,2}72)"
        r"|(?:确认单|信息表).{0,36}状态.{0,36}不(?:能|可|允许|得)",
        operations=_RED,
    ),
    Refusal(
        "red_form_unknown",
        _("The red form (红字确认单) is not known, or belongs to another fapiao or company."),
        _("Refresh the red form; if it is not the right one, apply for a new one."),
        r"(?:确认单|信息表).{0,40}(?:不存在|不匹配|不一致)|只有录入方可以撤销",
        operations=frozenset({RED_ISSUE, RED_WITHDRAW}),
    ),
    Refusal(
        "red_amount",
        _("More is to be reversed than is left of the fapiao, or the red lines do not fit the blue ones."),
        _("Refresh the fapiao and compare the lines of the credit note with what is left of it."),
        r"超过剩余可红冲|全部红冲时|(?:红冲|红字)(?:明细)?(?:金额|税额|数量).{0,12}(?:超过|应为|大于|必须)"
        r"|蓝字发票第.{0,6}行|与(?:蓝字|原)发票(?:明细)?不一致|originalSeq.{0,12}不存在"
        r"|红字明细重复引用",
        operations=_RED,
    ),
    Refusal(
        "reversed_already",
        _("The fapiao has been reversed already, or is being reversed."),
        _("Look for its red fapiao: fetch the original from the cloud again."),
        r"(?<!未)已.{0,6}(?:红冲|冲红)|不能再次红冲|可红冲的?金额",
        operations=frozenset({RED_APPLY}),
    ),
    Refusal(
        "not_shown",
        NOT_SHOWN_YET,
        _("Check the number, wait, and apply again."),
        r"未(?:查询|查|找)到.{0,12}(?:发票|蓝票)|(?:发票|蓝票).{0,4}不存在",
        operations=frozenset(),
    ),
    Refusal(
        "original_unknown",
        _("The tax bureau does not know the fapiao that is to be reversed."),
        _("Check the number of the original, wait two hours after its issue, and reverse it again."),
        r"未(?:查询|查|找)到.{0,4}(?:蓝字|蓝票|原发票|原蓝)|(?:蓝字发票|蓝票|原发票|原蓝票).{0,4}不存在",
        operations=frozenset({RED_ISSUE}),
    ),
    Refusal(
        "credit",
        _("The credit line (授信额度) is too low for this fapiao."),
        _("Refresh the credit line, issue a smaller amount, or apply for more at the tax bureau."),
        r"额度.{0,12}(?:不足|不够|已?用完|已?使用完|用尽|已?超[出过限])"
        r"|超[出过].{0,8}额度|(?:大于|高于|超过).{0,8}额度|(?:没有|无)(?:可用|剩余)?.{0,4}额度",
    ),
    Refusal(
        "same_parties",
        _("Seller and buyer are the same."),
        _("Choose another customer: one cannot invoice oneself."),
        r"[购销].{0,8}(?:不能|不得).{0,4}[与和同].{0,12}相同",
    ),
    Refusal(
        "natural_person",
        _("What is said about the buyer as a natural person or a company does not fit."),
        _("Check the kind of title, the name and the tax number on the customer's contact."),
        r"自然人(?!业务|办税).{0,20}(?:不能|不属于|不得|请确认|请修改|标识)|属于自然人",
    ),
    Refusal(
        "buyer_unknown",
        _("The tax bureau does not know this buyer."),
        _("Check the buyer's name and tax number, letter by letter, against their licence."),
        r"未查询到.{0,4}购[买货]?方"
        r"|购[买货]?方(?!.{0,6}(?:银行|账|地址|电话|开户|格式)).{0,8}"
        r"(?:不存在|未查询到|不匹配|不一致|不正确|有误)",
    ),
    Refusal(
        "seller_data",
        _("The seller's name or tax number is not as registered at the tax bureau."),
        _("Compare the company's name and tax number with its tax registration, letter by letter."),
        r"销[售货]?方(?!.{0,6}(?:银行|账|地址|电话|开户)).{0,120}(?:不一致|不正确|有误|不存在|不匹配)",
    ),
    Refusal(
        "tax_number",
        _("The buyer's or seller's tax number is wrong."),
        _("Correct the tax number on the contact: 15 to 20 digits and capital letters."),
        rf"(?:税号|识别号).{{0,12}}(?:{_WRONG}|{_EMPTY}|格式|不存在|不一致)",
    ),
    Refusal(
        "tax_code",
        _("A tax classification code is wrong or only a summary item (汇总项)."),
        _("Choose the most detailed 19-digit code on the product or its category."),
        rf"汇总项|(?:商品|分类|税收|服务)编码.{{0,30}}(?:{_WRONG}|{_EMPTY}|不存在|不可用|必须)",
    ),
    Refusal(
        "item_name",
        _("An item's name is not written as the tax bureau wants it: *short name*name."),
        _("Give the product or its category a tax classification code with its short name (简称)."),
        r"(?:商品|项目|货物)名称.{0,120}(?:格式|不正确|有误|简称|不能为空)",
    ),
    Refusal(
        "discount",
        _("A discount does not stand right behind the line it belongs to, or does not fit it."),
        _("Check the discount lines: same item, code and rate as the line before, and no larger than it."),
        r"折扣(?:行|金额).{0,40}(?:必须|不能|不得|应|误差|不一致|大于)|被折扣行",
    ),
    Refusal(
        "levy",
        _("The differential taxation (差额征税) of the fapiao is not accepted."),
        _("Check the amount deducted and that the fapiao has one line without a discount."),
        r"(?:差额征税|差额开票|扣除额).{0,20}(?:不|只能|必须|应)",
    ),
    Refusal(
        "double_line",
        _("A line of the request has the number of another one."),
        _("Make a corrected request; if it is refused again, contact the support of this module."),
        r"(?:明细|行号|分录|商品|detailId)行?号?重复",
    ),
    Refusal(
        "amounts",
        _("The amounts do not add up in the eyes of the tax bureau."),
        _("Compare untaxed amount, tax and total of each line; then make a corrected request."),
        r"价税合计.{0,16}(?:不|应|有误|错误)|合计(?:金额|税额).{0,40}(?:不|有误|错误)"
        r"|税额.{0,24}(?:不|有误|错误|误差|超)|误差.{0,16}(?:超|大于)|尾差.{0,8}(?:超|大)"
        r"|单价.{0,12}数量.{0,30}(?:不|误差|必须)|(?<!合计)金额(?:必须|不能|应)(?:大于|小于|为)|(?:单价|数量|金额)(?:有误|错误|不正确|不合法)",
    ),
    Refusal(
        "rate",
        _("The tax rate does not fit the item or the seller."),
        _("Check the tax of the line, the privilege that goes with it, and the seller's tax status."),
        rf"税率.{{0,12}}(?:{_WRONG}|不存在|不允许|不能|不得|不适用|不匹配|不一致|不符|不支持|应为)"
        r"|不能使用该?(?:税率|征收率|优惠政策)|(?:征收率|零税率标识).{0,16}(?:不|应为|有误|错误)"
        r"|优惠政策.{0,24}(?:不|应为|有误|错误)|税率说明.{0,12}(?:不|只能)"
        r"|(?:免税|不征税)项目.{0,20}(?:不能|应为|不得)|增值税特殊管理(?:不能为空|应为|.{1,20}不正确)"
        r"|税率[0-9.%]+与商品编码[0-9]{19}不匹配",
    ),
    Refusal(
        "text",
        _("A text is too long or holds characters the tax bureau does not accept."),
        _("Shorten the names, specification or remark, and remove unusual characters."),
        r"(?<!字段)长度.{0,10}(?:超|不能|不得|过长|大于|限制)|(?:名称|备注|地址|型号|单位|电话|账号).{0,8}(?:超长|过长)"
        r"|(?:超过|超出|大于|少于).{0,6}个?(?:字符|字节|汉字)|(?:非法|特殊)字符|生僻字",
    ),
    Refusal(
        "bank_address",
        _("The bank or address of seller or buyer is not accepted."),
        _("Check bank, account number, address and phone on the contact."),
        rf"(?:[购销][买售货]?方|银行|开户行).{{0,8}}(?:银行|开户行|账[号户]|地址|电话).{{0,8}}(?:{_WRONG}|{_EMPTY}|不一致)"
        rf"|(?:开户行|银行账[号户]).{{0,6}}(?:{_WRONG}|{_EMPTY}|不一致)",
    ),
    Refusal(
        "kind",
        _("This kind of fapiao or this special business is not open to the seller."),
        _("Choose another type of fapiao, or have it opened at the tax bureau and the cloud."),
        r"(?:发票类型|票种|发票种类|特定(?:要素|业务)|开票类型).{0,20}"
        r"(?:不支持|未开通|未核定|不允许|不能|应为|有误|错误|不正确)|不支持.{0,6}(?:负数|票种|发票类型)"
        r"|无.{0,4}票种核定|清单标志",
    ),
    Refusal(
        "stopped",
        _("The tax bureau has stopped this seller or buyer from being invoiced."),
        _("Ask the tax bureau; it may be a risk control measure (风险纳税人)."),
        r"风险(?:纳税人|企业|管控|控制|用户|等级)|存在(?:涉税|税务|开票)?风险|非正常户|红色预警|停供"
        r"|(?:已|被)(?:税务)?注销|(?:纳税人|企业|税务登记)状态.{0,4}(?:异常|注销|非正常)"
        r"|(?:暂停|限制|停止).{0,4}(?:开[票具]|供票|领用发票)",
    ),
    Refusal(
        "missing",
        _("Something the cloud needs is missing from the request."),
        _("Fill in what the cloud's own words below name, then make a corrected request."),
        r"不能为空|不可为空|不允许为空|必填|缺少.{0,10}(?:参数|字段|必)",
    ),
    Refusal(
        "malformed",
        _("The request holds a value that the cloud does not take."),
        _("Correct what the cloud's own words below name, then make a corrected request."),
        r"不是合法的|不合法|小数位数|未知参数|一次最多.{0,12}[张行]|明细(?:不能|不得)超过|下标必须|标志必须一致"
        r"|参数.{0,16}(?:错误|有误|不正确|非法|无效|缺失|应为|只能为)"
        r"|(?:[A-Za-z]{3,40}|流水号|编号|标志|标识|类型|日期).{0,12}(?:应为|只能为|格式不正确|格式错误|不支持)",
    ),
    Refusal(
        "classified",
        _("The cloud refused the request, as an administrator has classified its words."),
        _("Correct what its own words below name, then make a corrected request."),
        operations=frozenset(),
    ),
)
