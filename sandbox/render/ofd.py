"""The OFD of a fapiao (GB/T 33190): the smallest document a reader opens, with the XML attached."""
import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

from ..clock import dashed
from . import xml

SPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
PAGE = (210, 140)
LINES_SHOWN = 12        # the attached XML has all of them


def draw(fapiao):
    parts = {
        'OFD.xml': _root(fapiao),
        'Doc_0/Document.xml': DOCUMENT,
        'Doc_0/PublicRes.xml': FONTS,
        'Doc_0/Pages/Page_0/Content.xml': _page(fapiao),
        'Doc_0/Attachs/Attachments.xml': ATTACHMENTS,
        'Doc_0/Attachs/original_invoice.xml': xml.draw(fapiao),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            # A fixed date: the same fapiao gives the same bytes, however it is fetched.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content)
    return stream.getvalue()


def _root(fapiao):
    return f'''{DECLARATION}<ofd:OFD {SPACE} Version="1.0" DocType="OFD">
<ofd:DocBody><ofd:DocInfo>
<ofd:DocID>{fapiao.number}</ofd:DocID><ofd:Title>SANDBOX {fapiao.number}</ofd:Title>
<ofd:CreationDate>{fapiao.issued_at:%Y-%m-%d}</ofd:CreationDate><ofd:Creator>SANDBOX</ofd:Creator>
<ofd:CustomDatas><ofd:CustomData Name="发票号码">{fapiao.number}</ofd:CustomData>
<ofd:CustomData Name="合计税额">{fapiao.tax:.2f}</ofd:CustomData>
<ofd:CustomData Name="合计金额">{fapiao.net:.2f}</ofd:CustomData></ofd:CustomDatas>
</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>
</ofd:OFD>'''


DOCUMENT = f'''{DECLARATION}<ofd:Document {SPACE}>
<ofd:CommonData><ofd:MaxUnitID>1000</ofd:MaxUnitID>
<ofd:PageArea><ofd:PhysicalBox>0 0 {PAGE[0]} {PAGE[1]}</ofd:PhysicalBox></ofd:PageArea>
<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>
<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>
<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>
</ofd:Document>'''

FONTS = f'''{DECLARATION}<ofd:Res {SPACE} BaseLoc="Res">
<ofd:Fonts><ofd:Font ID="2" FontName="宋体" FamilyName="宋体"/></ofd:Fonts>
</ofd:Res>'''

ATTACHMENTS = f'''{DECLARATION}<ofd:Attachments {SPACE}>
<ofd:Attachment ID="900" Name="original_invoice" Format="xml">
<ofd:FileLoc>original_invoice.xml</ofd:FileLoc></ofd:Attachment>
</ofd:Attachments>'''


def _page(fapiao):
    texts = [
        (10, 12, 6, f'电子发票({"增值税专用发票" if fapiao.special else "普通发票"})  SANDBOX 沙箱'),
        (130, 12, 3.2, f'发票号码:{fapiao.number}'), (130, 18, 3.2, f'开票日期:{dashed(fapiao.issued_at)}'),
        (10, 30, 3.2, f'购买方:{fapiao.buyer_name} {fapiao.buyer_no}'),
        (10, 36, 3.2, f'销售方:{fapiao.seller_name} {fapiao.seller_no}'),
    ]
    for row, line in enumerate(fapiao.lines[:LINES_SHOWN]):
        texts.append((10, 46 + 5 * row, 3.2, f'{line.name}  {line.net:.2f}  {line.rate}  {line.tax:.2f}'))
    texts += [
        (10, 112, 3.2, f'合计金额 {fapiao.net:.2f}  合计税额 {fapiao.tax:.2f}  价税合计 {fapiao.gross:.2f}'),
        (10, 118, 3.2, f'备注:{fapiao.remark[:60]}'), (10, 134, 3.2, 'SANDBOX 沙箱数据 无法律效力'),
    ]
    objects = '\n'.join(_text(10 + index, *text) for index, text in enumerate(texts))
    return f'''{DECLARATION}<ofd:Page {SPACE}>
<ofd:Area><ofd:PhysicalBox>0 0 {PAGE[0]} {PAGE[1]}</ofd:PhysicalBox></ofd:Area>
<ofd:Content><ofd:Layer ID="3" Type="Body">
{objects}
</ofd:Layer></ofd:Content></ofd:Page>'''


def _text(identity, x, y, size, text):
    # DeltaX places every glyph: half the size for Latin, the whole for Chinese.
    steps = ' '.join(str(size if ord(char) > 255 else size / 2) for char in text[:-1])
    delta = f' DeltaX={quoteattr(steps)}' if steps else ''
    return (f'<ofd:TextObject ID="{identity}" Boundary="{x} {y - size} {PAGE[0] - x} {size * 1.5}" '
            f'Font="2" Size="{size}"><ofd:TextCode X="0" Y="{size}"{delta}>{escape(text)}'
            f'</ofd:TextCode></ofd:TextObject>')
