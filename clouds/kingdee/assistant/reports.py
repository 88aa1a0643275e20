"""Updates sent to the assistant: the bodies of the calls with an effect, without client, time and signature.

Each of these calls states how things *are* – the tickets of a line, the status of a document, that a voucher
is gone – and none adds to what was there. So the same frozen call may be made again whenever its answer was
lost. A voucher's calls take a ``picking.VoucherReport``, the receipt a dict ``key, message_key``, the others a
``picking.DocumentReport``; ValueError where something the call can't do without is missing.
Source: docs/protocols/kingdee-assistant.md#documents, #vouchers.
"""

import re
from decimal import Decimal

from ...picking import Visit

# billTypeId is our own word for the kind of document and may not be empty, as billType may
_EXPENSE_TYPE = "Expense"
# Of the frozen body of a saved document: what the key is asked for that carries its rules; not sent itself
RULES_OF = "rulesOf"
# assumption: how several values share a key; no paper says
_SEPARATOR = ";"
_PARTNER = "往来单位"
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def _document(report, tax_no):
    if not report.key:
        raise ValueError("A document has a key (bxd_key)")
    return {
        "userKey": report.user_key,  # may be empty
        "eid": report.user,
        "billTypeId": report.kind or _EXPENSE_TYPE,
        "billnumber": report.number or report.key,
        "bxd_key": report.key,
        "tin": tax_no,
    }


def _lines(report):
    return [{"entryid": line, "fid": list(serials)} for line, serials in report.lines]


def freeze_relation(report, _request_uid, tax_no, _options):
    return {**_document(report, tax_no), "data": _lines(report)}


def freeze_saved(report, _request_uid, tax_no, _options):
    costs = {line: (code, name) for line, code, name in report.costs}
    lines = _lines(report)
    for line in lines:
        code, name = costs.get(line["entryid"], ("", ""))
        line.update({"costTypeId": code, "costTypeName": name})
    body = {**_document(report, tax_no), "data": lines}
    if report.cover:
        if not (report.cover_type and report.cover_number):
            raise ValueError("A cover needs its kind of file and its number")
        body.update(coverBase64=report.cover, coverFileType=report.cover_type, coverNumber=report.cover_number)
    if "1" in report.rules and not report.user_key:
        # this call has no ticketParam: without a key the cloud takes its own rules, which allow nothing
        body[RULES_OF] = {"ticketParam": report.rules, "ghf_mc": report.company, "billType": report.kind}
    return body


def visit_for(body, about):
    """Return the ``picking.Visit`` whose key carries the rules ``about`` for the saved document in ``body``."""
    return Visit(
        user=body["eid"],
        key=body["bxd_key"],
        number=body["billnumber"],
        kind=about["billType"],
        company=about["ghf_mc"],
        tax_no=body["tin"],
        rules=about["ticketParam"],
    )


def freeze_status(report, _request_uid, tax_no, _options):
    if not report.status:
        raise ValueError("Which status is told?")
    tickets = [
        {
            "serialNo": ticket["serial_no"],
            "canBeDeduction": "1" if ticket.get("deductible") else "0",
            "entryAmount": _written(ticket.get("entry_amount")),
            "outputReason": ticket.get("reason") or "",
        }
        for ticket in report.taken
    ]
    body = {**_document(report, tax_no), "expenseStatus": report.status, "invoiceData": tickets}
    return {**body, **_rules(report)}


def freeze_dropped_line(report, _request_uid, tax_no, _options):
    if not report.line:
        # without it the cloud might take the whole document for meant
        raise ValueError("Which line is dropped?")
    return {**_document(report, tax_no), "branch_id": report.line, **_rules(report)}


def freeze_dropped_document(report, _request_uid, tax_no, _options):
    return {**_document(report, tax_no), **_rules(report)}


def _rules(report):
    return {"ticketParam": report.rules} if report.rules else {}


def freeze_voucher(report, _request_uid, tax_no, _options):
    day = _DAY.fullmatch(report.date)
    if not (report.id and report.number and day):
        raise ValueError("A voucher has an id, a number and a date (yyyy-MM-dd)")
    tax_no = report.tax_no or tax_no
    # assumption: one company, one set of books
    company = report.company_code or tax_no
    return {
        "accountInfo": {"accountId": company, **_told(subject=report.chart, baseCurrency=report.currency)},
        "voucherInfo": {
            "vouchId": report.id,
            "vouchNo": report.number,
            "businessDate": _day(report.business_date or report.date),
            "accountDate": _day(report.date),
            "period": report.period or day[1] + day[2],
            "voucherAccountId": company,
            "voucherCompanyId": company,
            "type": report.kind,
            "creator": report.maker,
            **_told(
                examiner=report.examiner,
                reviewer=report.reviewer,
                attachmentsCount="" if report.attachments is None else str(report.attachments),
                item=_SEPARATOR.join(report.cash_items),
                # the amount belongs to the item
                accountItemAmount=_written(report.cash_amount) if report.cash_items else "",
            ),
            "entries": [_entry(line) for line in sorted(report.lines, key=lambda line: line.number)],
        },
        "companyInfo": {"companyId": company, "number": report.company_code, "name": report.company},
        "expenseIdArray": list(report.keys),
        "serialNoArray": list(report.serials),
        "invoiceData": [
            {
                "serialNo": ticket["serial_no"],
                "deductionFlag": 1 if ticket.get("deductible") else 0,
                "deductionTaxAmount": _written(ticket.get("entry_amount")),
                "remark": ticket.get("reason") or "",
            }
            for ticket in report.taken
        ],
    }


def _entry(line):
    dimensions = [*line.dimensions, *([(_PARTNER, line.partner)] if line.partner else [])]
    return {
        "subject": f"{line.account_code} {line.account_name}".strip(),
        "abstract": line.text,
        "currency": line.currency,
        "debitsAmount": _written(line.debit),
        "creditAmount": _written(line.credit),
        **_told(
            amount=_written(line.amount),
            exchangeRate=_written(line.rate),
            num=_written(line.quantity),
            unit=line.unit,
            price=_written(line.price),
            accountDimension=_SEPARATOR.join(f"{kind}:{value}" for kind, value in dimensions),
            dueDate=_day(line.due),
        ),
    }


def _told(**values):
    """Return those of ``values`` that say something; the others are optional."""
    return {key: value for key, value in values.items() if value}


def _day(text):
    """Return a day (yyyy-MM-dd) as call 20 wants it, "" for none."""
    day = _DAY.fullmatch(text)
    return "_".join(day.groups()) if day else ""


def freeze_dropped_voucher(report, _request_uid, _tax_no, _options):
    if not (report.id and report.number):
        raise ValueError("A voucher has an id and a number")
    return {"vouchNo": report.number, "vouchId": report.id}


def freeze_receipt(values, _request_uid, _tax_no, _options):
    if not (values["key"] and values["message_key"]):
        raise ValueError("A receipt is for a message of a link")
    return {"key": values["key"], "msgId": values["message_key"]}


def _written(amount):
    return "" if amount is None else format(Decimal(amount), "f")
