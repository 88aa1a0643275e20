"""The structured file of a fapiao, in the EInvoice shape, and the smallest OFD (GB/T 33190) that has it attached."""

import io
import zipfile
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from ..clock import dashed
from ..protocol import renamed

PARTY = "{0}IdNum={1}_no {0}Name={1}_name {0}Addr={1}_address {0}BankName={1}_bank"
LINE = """
    ItemName=name SpecMod=spec MeaUnits=unit Quantity=quantity UnPrice=price Amount=net TaxRate=rate ComTaxAm=tax
    TotaltaxIncludedAmount=gross TaxClassificationCode=code"""


def draw_xml(fapiao):
    issued_at = dashed(fapiao.issued_at)
    kind = _label("01", "增值税专用发票") if fapiao.special else _label("02", "普通发票")
    color = _label("Y", "红字发票") if fapiao.red else _label("N", "蓝字发票")
    totals = renamed("TotalAmWithoutTax=net TotalTaxAm=tax TotalTax-includedAmount=gross Drawer=drawer", fapiao)
    data = {
        **{f"{end}Information": renamed(PARTY.format(end, end.lower()), fapiao) for end in ("Seller", "Buyer")},
        "BasicInformation": {**totals, "RequestTime": issued_at},
        "IssuItemInformation": [renamed(LINE, line) for line in fapiao.lines],
        "AdditionalInformation": {"Remark": fapiao.remark},
    }
    if fapiao.red:
        data["RedInvoiceInformation"] = renamed("OriginalInvoiceNumber=original RedInvoiceFormNumber=red_form", fapiao)
    header = {"EIid": fapiao.number, "InherentLabel": {"InIssuType": color, "EInvoiceType": kind}}
    header["UndefinedLabel"] = {"Label": {"LabelType": "SANDBOX", **_label("SANDBOX", "沙箱测试")}}
    bureau = {"InvoiceNumber": fapiao.number, "IssueTime": issued_at, "TaxBureauName": "沙箱税务局 SANDBOX"}
    root = ET.Element("EInvoice")
    _tree(root, {"Header": header, "EInvoiceData": data, "TaxSupervisionInfo": bureau})
    return ET.tostring(root, encoding="UTF-8", xml_declaration=True)


def _label(code, name):
    return {"LabelCode": code, "LabelName": name}


def _tree(parent, content):
    for tag, value in content.items():
        for each in value if isinstance(value, list) else [value]:
            node = ET.SubElement(parent, tag)
            if isinstance(each, dict):
                _tree(node, each)
            else:
                node.text = "" if each is None else format(each, "" if isinstance(each, str) else "f")


# --- the document around it ---

SPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
LINES_SHOWN = 12  # the attached XML has all of them
BOX = "<ofd:PhysicalBox>0 0 210 140</ofd:PhysicalBox>"
PARTS = {
    "OFD.xml": """<ofd:OFD {space} Version="1.0" DocType="OFD">
<ofd:DocBody><ofd:DocInfo><ofd:DocID>{number}</ofd:DocID><ofd:Title>SANDBOX {number}</ofd:Title></ofd:DocInfo>
<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>
</ofd:OFD>""",
    "Doc_0/Document.xml": """<ofd:Document {space}>
<ofd:CommonData><ofd:MaxUnitID>1000</ofd:MaxUnitID><ofd:PageArea>{box}</ofd:PageArea>
<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>
<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>
<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>
</ofd:Document>""",
    "Doc_0/PublicRes.xml": """<ofd:Res {space} BaseLoc="Res">
<ofd:Fonts><ofd:Font ID="2" FontName="宋体" FamilyName="宋体"/></ofd:Fonts>
</ofd:Res>""",
    "Doc_0/Attachs/Attachments.xml": """<ofd:Attachments {space}>
<ofd:Attachment ID="900" Name="original_invoice" Format="xml">
<ofd:FileLoc>original_invoice.xml</ofd:FileLoc></ofd:Attachment>
</ofd:Attachments>""",
    "Doc_0/Pages/Page_0/Content.xml": """<ofd:Page {space}><ofd:Area>{box}</ofd:Area>
<ofd:Content><ofd:Layer ID="3" Type="Body">{texts}</ofd:Layer></ofd:Content></ofd:Page>""",
}


def draw(fapiao):
    texts = [
        f"电子发票({'增值税专用发票' if fapiao.special else '普通发票'})  SANDBOX 沙箱数据 无法律效力",
        f"发票号码:{fapiao.number}  开票日期:{fapiao.issued_at:%Y-%m-%d}",
        f"购买方:{fapiao.buyer_name} {fapiao.buyer_no}",
        f"销售方:{fapiao.seller_name} {fapiao.seller_no}",
        *(f"{line.name}  {line.net:.2f}  {line.rate}  {line.tax:.2f}" for line in fapiao.lines[:LINES_SHOWN]),
        f"合计金额 {fapiao.net:.2f}  合计税额 {fapiao.tax:.2f}  价税合计 {fapiao.gross:.2f}",
    ]
    shown = "\n".join(_text(10 + row, 12 + 6 * row, text) for row, text in enumerate(texts))
    about = {"space": SPACE, "box": BOX, "number": fapiao.number, "texts": shown}
    contents = {name: f'<?xml version="1.0" encoding="UTF-8"?>\n{part.format(**about)}' for name, part in PARTS.items()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**contents, "Doc_0/Attachs/original_invoice.xml": draw_xml(fapiao)}.items():
            # A fixed date: the same fapiao gives the same bytes, however it is fetched.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content)
    return stream.getvalue()


def _text(identity, y, text, size=3.2):
    # DeltaX places every glyph: half the size for Latin, the whole for Chinese.
    steps = " ".join(str(size if ord(char) > 255 else size / 2) for char in text[:-1])
    return (
        f'<ofd:TextObject ID="{identity}" Boundary="10 {y - size} 200 {size * 1.5}" Font="2" Size="{size}">'
        f'<ofd:TextCode X="0" Y="{size}" DeltaX={quoteattr(steps)}>{escape(text)}</ofd:TextCode></ofd:TextObject>'
    )
