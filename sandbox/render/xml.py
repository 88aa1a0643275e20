"""The structured file of a fapiao, in the EInvoice shape."""

from xml.etree import ElementTree as ET

from ..clock import dashed
from ..protocol import renamed

LINE = """
    ItemName=name SpecMod=spec MeaUnits=unit Quantity=quantity UnPrice=price Amount=net TaxRate=rate ComTaxAm=tax
    TotaltaxIncludedAmount=gross TaxClassificationCode=code"""


def draw(fapiao):
    root = ET.Element("EInvoice")
    root.append(ET.Comment(" SANDBOX 沙箱数据 无法律效力 "))
    issued_at = dashed(fapiao.issued_at)
    kind = _label("01", "增值税专用发票") if fapiao.special else _label("02", "普通发票")
    color = _label("Y", "红字发票") if fapiao.red else _label("N", "蓝字发票")
    labels = {"InIssuType": color, "EInvoiceType": kind, "GeneralOrSpecialVAT": kind}
    totals = renamed("TotalAmWithoutTax=net TotalTaxAm=tax TotalTax-includedAmount=gross Drawer=drawer", fapiao)
    sandbox = {"Label": {"LabelType": "SANDBOX", **_label("SANDBOX", "沙箱测试")}}
    header = {"EIid": fapiao.number, "EInvoiceTag": "SWEI3200", "Version": "0.2"}
    header["InherentLabel"] = {**labels, "TaxpayerType": _label("1", "SANDBOX")}
    bureau = {"InvoiceNumber": fapiao.number, "IssueTime": issued_at, "TaxBureauCode": "SANDBOX"}
    data = {
        "SellerInformation": _party(fapiao, "Seller"),
        "BuyerInformation": _party(fapiao, "Buyer"),
        "BasicInformation": {**totals, "RequestTime": issued_at},
        "IssuItemInformation": [renamed(LINE, line) for line in fapiao.lines],
        "AdditionalInformation": {"Remark": fapiao.remark},
    }
    if fapiao.red:
        original = "OriginalInvoiceNumber=original RedInvoiceFormNumber=red_form"
        data["RedInvoiceInformation"] = renamed(original, fapiao)
    _tree(root, {"Header": {**header, "UndefinedLabel": sandbox}, "EInvoiceData": data})
    _tree(root, {"TaxSupervisionInfo": {**bureau, "TaxBureauName": "沙箱税务局 SANDBOX"}})
    return ET.tostring(root, encoding="UTF-8", xml_declaration=True)


def _label(code, name):
    return {"LabelCode": code, "LabelName": name}


def _party(fapiao, side):
    number, name, address, bank = (
        getattr(fapiao, f"{side.lower()}_{key}") for key in ("no", "name", "address", "bank")
    )
    street, _, phone = address.rpartition(" ")
    branch, _, account = bank.rpartition(" ")
    texts = {"IdNum": number, "Name": name, "Addr": street, "TelNum": phone, "BankName": branch, "BankAccNum": account}
    return {f"{side}{key}": text for key, text in texts.items()}


def _tree(parent, content):
    for tag, value in content.items():
        for each in value if isinstance(value, list) else [value]:
            node = ET.SubElement(parent, tag)
            if isinstance(each, dict):
                _tree(node, each)
            else:
                node.text = "" if each is None else format(each, "" if isinstance(each, str) else "f")
