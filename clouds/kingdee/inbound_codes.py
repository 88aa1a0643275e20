"""What the keys, numbers and texts of received fapiao mean at 金蝶发票云. Data only.

Source: docs/protocols/kingdee-inbound.md#rows. [docs] is in the vendor's public
pages, [clients] in public client code.
"""

import re

RUNNING = {"6910"}
# assumption: the words of an answer about a task that isn't done
RUNNING_TEXT = re.compile(
    r"任务.{0,8}(?:未完成|未结束|执行中|处理中|进行中|排队)|正在(?:下载|归集|采集|执行|处理|勾选|入账)|(?:下载|归集|采集)中"
)
# assumption: nothing received in the window may be told as an error
NOTHING_RECEIVED = re.compile(
    r"(?:未|没有?)(?:查询|查|找|获取)到.{0,10}(?:发票|数据|记录)|(?:暂无|查无|无|没有)(?:符合条件的)?(?:数据|发票|记录)"
)

# Where the rows of a page and their number may be; the page itself is in no source
LISTS = ("invoices", "list", "data", "rows", "records", "invoiceList", "dataList", "invoice")
TOTALS = (
    *("total", "totalElement", "totalCount", "totalElements", "totalNum", "totalRecord", "totalRecords"),
    "totalSize",
)
COUNTS = ("count",)
ENVELOPE = {
    *("data", "message", "errorcode", "status", "success", "requestid", "errormsg", "msg", "code", "state"),
    *("traceid", "description", "errcode", "error_code", "error_desc", "returncode", "returnmsg"),
}

# Field of an InboundFapiao: the keys it may come under, the likeliest first
TEXTS = {
    "type_code": ("invoiceType",),
    "serial_no": ("serialNo", "serilNo"),
    "seller_name": ("salerName", "sellerName", "sallerName"),
    "seller_tax_no": ("salerTaxNo", "sellerTaxpayerId", "sallerTaxNo", "sellerTaxNo", "salerTaxpayerId"),
    "buyer_name": ("buyerName",),
    "buyer_tax_no": ("buyerTaxNo", "buyerTaxpayerId"),
    "check_code": ("checkCode",),
    "remark": ("remark", "remarks"),
    "pdf_address": ("invoicePdfFileUrl", "pdfFileUrl", "pdfUrl", "pdfDownloadUrl"),
    "ofd_address": ("ofdFileUrl", "invoiceOfdFileUrl", "ofdUrl", "ofdDownloadUrl"),
    "xml_address": ("invoiceXmlFileUrl", "xmlFileUrl", "xmlUrl", "xmlDownloadUrl"),
    "original_image_address": ("originalGraphUrl",),
    "seller_address": ("salerAddressPhone", "sellerAddressPhone", "sallerAddressPhone"),
    "seller_bank": ("salerAccount", "sellerAccount", "sallerAccount"),
    "buyer_address": ("buyerAddressPhone",),
    "buyer_bank": ("buyerAccount",),
    "drawer": ("drawer",),
    "payee": ("payee",),
    "reviewer": ("reviewer",),
    "ticket_no": ("printingSequenceNo",),
    "eticket_no": ("electronicTicketNum",),
    "filling_unit": ("fillingUnit",),
    "sales_unit_code": ("salesUnitCode",),
    "tax_authority": ("taxAuthorityName",),
    "place": ("place",),
}
# Those that few rows have; each with how its value is read in inbound_rows
WORDS = {
    "check_status": ("checkStatus",),
    "is_revised": ("isRevise",),
    "is_proxy": ("proxyMark",),
    "currency": ("currencyType",),
    "consumption": ("consumptionType",),
    "special_element": ("specialType",),
}
MOMENTS = {"certified_at": ("authenticateTime",), "selected_at": ("checkTime", "selectTime")}
UNIT_PRICE, RATE = ("price",), ("taxRate",)
# What else is in a row
KEYS = {
    # totalAmount is gross here; it excludes tax only beside includeTaxAmount (billing's spelling)
    "total": ("includeTaxAmount", "totalAmount"),
    "tax": ("totalTaxAmount", "taxAmount"),
    "untaxed": ("invoiceAmount", "amount", "invoiceMoney"),
    "deductible": ("effectiveTaxAmount", "deductibleTaxAmount"),
    "code": ("invoiceCode",),
    "day": ("invoiceDate", "issueDate", "invoiceTime"),
    "status": ("invoiceStatus",),
    "original": ("originalInvoiceNumber", "originalInvoiceNo", "blueInvoiceNo"),
    "original_code": ("originalInvoiceCode", "blueInvoiceCode"),
    "booking": ("entryMarkStatus", "entryMark", "recordedStatus"),
    "selected_at": ("selectTime", "checkTime", "authenticateTime"),
    "period": ("deductionPeriod", "taxPeriod"),
    "lines": ("items", "invoiceDetail", "invoiceDetails", "goods", "details"),
}
# What a search asks for. assumption: authenticateFlags as authenticateFlag in the papers; invoiceStatus 7 and
# 8 [clients]; one value each, several with commas are in no source
FLAGS_ASKED = {"unselected": "1", "selected": "2", "confirmed": "3"}
STATUS_ASKED = {
    "normal": "0",
    "lost": "1",
    "void": "2",
    "red_itself": "3",
    "abnormal": "4",
    "partly_red": "7",
    "red": "8",
}
# fileType and attachmentType of the files of a document: 1, 2 [docs], the others [clients]
FILE_KINDS = {
    "1": "pdf",
    "2": "image",
    "4": "ofd",
    "5": "doc",
    "6": "xls",
    "7": "ppt",
    "8": "txt",
    "9": "xml",
}
# Each of these is looked at separately
NUMBERS = ("etaxInvoiceNo", "invoiceNum", "invoiceNo")
# Numbers of paper tickets that have none under those: train, air, tax payment
TICKET_NUMBERS = ("printingSequenceNo", "electronicTicketNum", "taxPaidProofNo")
FARES = ("amount",), ("fuelSurcharge",)  # what the tax of a flight is in
LOOSE = ("downloadUrl", "invoiceFileUrl", "snapshotUrl")  # addresses that don't say what lies there
# assumption: what the bureau itself prints on a red digital fapiao
ORIGINAL_IN_REMARK = re.compile(r"被红冲蓝字.{0,8}号码[:\uff1a]\s*([0-9]{20})(?![0-9])")
AIR = "10"  # its ``amount`` is the fare, not what is before tax
FLIGHTS = {AIR, "28"}
# Tickets whose tax follows from their rate where none is told: docs/protocols/kingdee-inbound.md#tax-of-a-ticket
TAXED_BY_RATE = {"9", AIR, "16", "20", "28", "29"}

NORMAL, PARTLY_RED, RED, VOID, LOST, ABNORMAL = "normal", "partly_red", "red", "void", "lost", "abnormal"
STATUSES = {
    "0": NORMAL,
    "1": LOST,
    "2": VOID,
    "3": RED,
    "4": ABNORMAL,
    "7": PARTLY_RED,
    "8": RED,
    # assumption: the same in words
    "正常": NORMAL,
    "失控": LOST,
    "异常": ABNORMAL,
    **dict.fromkeys(("作废", "已作废"), VOID),
    **dict.fromkeys(("红冲", "已红冲", "全额红冲", "已红冲-全额"), RED),
    **dict.fromkeys(("部分红冲", "已红冲-部分"), PARTLY_RED),
}
REVERSED = {RED, PARTLY_RED}

# entryMarkStatus [clients]: 02 and 03 are booked, 03 not to be deducted from income; 06 taken back
BOOK, UNBOOK = "02", "06"
BOOKINGS = {
    **dict.fromkeys(("01", "1", "06", "6", "未入账", "入账撤销"), "unbooked"),
    **dict.fromkeys(("02", "2", "03", "3", "已入账"), "booked"),
}
# What each key means, in the pool and in the assistant's details alike. authenticateFlag says whether it is certified
# (认证), by selection (2) or by a scan (3); checkFlag whether it is ticked (勾选), with the certification yet to come.
# 0 and 5 [clients], whose 1 means selected: a moment of selection tells the two apart
SELECTIONS = {
    "authenticateFlag": {
        **dict.fromkeys(("0", "1", "5", "未认证", "未勾选"), "unselected"),
        "已勾选": "selected",
        **dict.fromkeys(("2", "3", "勾选认证", "扫描认证", "已认证"), "confirmed"),
    },
    "checkFlag": {
        **dict.fromkeys(("0", "1", "未勾选"), "unselected"),
        **dict.fromkeys(("2", "已勾选"), "selected"),
    },
}
CHECKS = {"1": "verified", "2": "failed", "3": "unchecked"}  # checkStatus
REVISED = {"1": False, "2": True}  # isRevise
PROXY = {"1": True, "0": False}  # proxyMark; empty says that it is none
CURRENCIES = {  # assumption: ISO codes or their Chinese names
    **dict.fromkeys(("RMB", "CNH", "人民币", "元", "1"), "CNY"),
    **dict.fromkeys(("港币", "港元", "HK$"), "HKD"),
    **dict.fromkeys(("美元", "美金", "US$"), "USD"),
    **dict.fromkeys(("澳门元", "澳门币", "葡币"), "MOP"),
    **dict.fromkeys(("新台币", "台币", "NT$"), "TWD"),
    **dict.fromkeys(("日元", "日圆"), "JPY"),
    **dict.fromkeys(("韩元", "韩圆"), "KRW"),
    **dict.fromkeys(("新加坡元", "新币"), "SGD"),
    "欧元": "EUR",
    "英镑": "GBP",
    "澳元": "AUD",
    "加元": "CAD",
    "泰铢": "THB",
}
# assumption: the codes of what is issued, where a row has them instead of those of what is received
AS_ISSUED = {"51": "29", "61": "28", "81": "27", "82": "26"}
SELECT, UNSELECT = 1, 0  # authenticateFlag of an order [docs], [clients]

LINE_TEXTS = {
    "name": ("goodsName",),
    "code": ("goodsCode", "revenueCode", "goodsCood"),
    "spec": ("specModel", "specification"),
    "unit": ("unit", "units"),
}
LINE_NUMBERS = {"quantity": ("num", "quantity"), "price": ("unitPrice", "price")}
LINE_MONEY = {"amount": ("detailAmount", "amount"), "tax": ("taxAmount",)}
LINE_RATE = ("taxRate",)
LINE_KINDS = ("discountType", "lineProperty")
DISCOUNT_LINE = "1"  # assumption for discountType; lineProperty [docs]

# What a marking's answer calls its parts [docs]
DONE, FAILED = ("success", "successList"), ("fail", "failList", "failed")
# A refusal because it stands so already; the text alone tells [assumption]
ALREADY = re.compile(r"已(?:经)?(?:入账|勾选|认证|抵扣)|未(?:入账|勾选|认证|抵扣)")
REASONS = ("description", "message", "errorMsg", "errMsg", "msg", "reason", "failReason", "errcode", "errorCode")
