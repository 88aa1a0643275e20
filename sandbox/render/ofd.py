"""The OFD of a fapiao (GB/T 33190): the smallest document a reader opens, with the XML attached."""

import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

from . import xml

SPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
PAGE = (210, 140)
LINES_SHOWN = 12  # the attached XML has all of them
ROOT = """<ofd:OFD {space} Version="1.0" DocType="OFD">
<ofd:DocBody><ofd:DocInfo>
<ofd:DocID>{number}</ofd:DocID><ofd:Title>SANDBOX {number}</ofd:Title>
<ofd:CreationDate>{day}</ofd:CreationDate><ofd:Creator>SANDBOX</ofd:Creator>
<ofd:CustomDatas><ofd:CustomData Name="发票号码">{number}</ofd:CustomData>
<ofd:CustomData Name="合计税额">{tax:.2f}</ofd:CustomData>
<ofd:CustomData Name="合计金额">{net:.2f}</ofd:CustomData></ofd:CustomDatas>
</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>
</ofd:OFD>"""
BOX = f"<ofd:PhysicalBox>0 0 {PAGE[0]} {PAGE[1]}</ofd:PhysicalBox>"
FIXED = {
    "Doc_0/Document.xml": f"""<ofd:Document {SPACE}>
<ofd:CommonData><ofd:MaxUnitID>1000</ofd:MaxUnitID><ofd:PageArea>{BOX}</ofd:PageArea>
<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>
<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>
<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>
</ofd:Document>""",
    "Doc_0/PublicRes.xml": f"""<ofd:Res {SPACE} BaseLoc="Res">
<ofd:Fonts><ofd:Font ID="2" FontName="宋体" FamilyName="宋体"/></ofd:Fonts>
</ofd:Res>""",
    "Doc_0/Attachs/Attachments.xml": f"""<ofd:Attachments {SPACE}>
<ofd:Attachment ID="900" Name="original_invoice" Format="xml">
<ofd:FileLoc>original_invoice.xml</ofd:FileLoc></ofd:Attachment>
</ofd:Attachments>""",
}


def draw(fapiao):
    about = {"number": fapiao.number, "tax": fapiao.tax, "net": fapiao.net, "day": f"{fapiao.issued_at:%Y-%m-%d}"}
    parts = {"OFD.xml": ROOT.format(space=SPACE, **about), **FIXED, "Doc_0/Pages/Page_0/Content.xml": _page(fapiao)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        contents = {name: DECLARATION + content for name, content in parts.items()}
        for name, content in {**contents, "Doc_0/Attachs/original_invoice.xml": xml.draw(fapiao)}.items():
            # A fixed date: the same fapiao gives the same bytes, however it is fetched.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content)
    return stream.getvalue()


def _page(fapiao):
    kind = "增值税专用发票" if fapiao.special else "普通发票"
    texts = [
        f"电子发票({kind})  SANDBOX 沙箱数据 无法律效力",
        f"发票号码:{fapiao.number}  开票日期:{fapiao.issued_at:%Y-%m-%d}",
        f"购买方:{fapiao.buyer_name} {fapiao.buyer_no}",
        f"销售方:{fapiao.seller_name} {fapiao.seller_no}",
        *(f"{line.name}  {line.net:.2f}  {line.rate}  {line.tax:.2f}" for line in fapiao.lines[:LINES_SHOWN]),
        f"合计金额 {fapiao.net:.2f}  合计税额 {fapiao.tax:.2f}  价税合计 {fapiao.gross:.2f}",
        f"备注:{fapiao.remark[:60]}",
    ]
    objects = "\n".join(_text(10 + row, 12 + 6 * row, text) for row, text in enumerate(texts))
    layer = f'<ofd:Layer ID="3" Type="Body">\n{objects}\n</ofd:Layer>'
    return f"<ofd:Page {SPACE}><ofd:Area>{BOX}</ofd:Area>\n<ofd:Content>{layer}</ofd:Content></ofd:Page>"


def _text(identity, y, text, size=3.2):
    # DeltaX places every glyph: half the size for Latin, the whole for Chinese.
    steps = " ".join(str(size if ord(char) > 255 else size / 2) for char in text[:-1])
    return (
        f'<ofd:TextObject ID="{identity}" Boundary="10 {y - size} {PAGE[0] - 10} {size * 1.5}" Font="2" Size="{size}">'
        f'<ofd:TextCode X="0" Y="{size}" DeltaX={quoteattr(steps)}>{escape(text)}</ofd:TextCode></ofd:TextObject>'
    )
