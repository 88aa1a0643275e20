"""Files of fapiao: what bytes are by their beginning, and the XML that a cloud hands out in a ZIP.

Source: docs/protocols/piaodanyun.md#files, docs/protocols/kingdee-billing.md#fapiao.
"""

import io
import re
import zipfile

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF", b"%PDF-")
_ZIP = b"PK\x03\x04"
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+)?html", re.IGNORECASE)
# Of an XML in a ZIP: a fapiao with thousands of lines has some megabytes
LARGEST_XML = 20 * 2**20
MOST_MEMBERS = 20
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def as_kind(content, kind):
    """Return the bytes of a ``pdf``, ``ofd``, ``xml`` or ``image`` in ``content``, None where it is none.

    The XML may be the only one in a ZIP; it is read up to ``LARGEST_XML`` bytes, and nothing is written to disk.
    """
    if kind == "xml" and content.startswith(_ZIP):
        content = _xml_in(content)
    return content if content and is_kind(content, kind) else None


def is_kind(content, kind):
    """Return whether bytes begin as a ``pdf``, ``ofd``, ``xml`` or ``image`` does; a web page is none."""
    start = content[:1024]
    if kind == "image":
        return start.startswith(_PICTURES)
    if kind == "pdf":
        return b"%PDF-" in start
    if kind == "ofd":
        return start.startswith(_ZIP)
    bare = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bare.startswith(b"<") and not _WEB_PAGE.match(bare)


def _xml_in(content):
    """Return the only XML in a ZIP; None for none or several (an OFD has many), a damaged or locked one, a bomb."""
    try:
        with zipfile.ZipFile(io.BytesIO(content), "r") as archive:
            members = archive.infolist()
            found = [member for member in members if member.filename.lower().endswith(".xml")]
            if len(members) > MOST_MEMBERS or len(found) != 1 or found[0].compress_type not in _PLAIN:
                return None
            with archive.open(found[0]) as file:
                xml = file.read(LARGEST_XML + 1)
    # RuntimeError: locked by a password
    except (zipfile.BadZipFile, zipfile.zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError, OSError):
        return None
    return xml if len(xml) <= LARGEST_XML else None
