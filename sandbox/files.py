"""The addresses of files that a cloud hands out, and what they serve. They need no token."""

import hashlib
import io
import zipfile
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from .render import ofd, pdf, qr

FAPIAO = {
    "PDF": (pdf.draw, "application/pdf"),
    "OFD": (ofd.draw, "application/ofd"),
    "XML": (ofd.draw_xml, "application/xml"),
}
TICKETS = {"pdf": (pdf.draw_ticket, "application/pdf"), "png": (qr.ticket, "image/png")}
# Cloud → path, the keys of number, kind and signature, and the kinds.
CLOUDS = {
    "piaodanyun": ("/files/exportDzfpwjEwm", ("Fphm", "Wjgs", "Jym"), FAPIAO),
    "kingdee": ("/files/invoice", ("invoiceNum", "type", "sign"), FAPIAO),
    "assistant": ("/files/ticket", ("serialNo", "type", "sign"), TICKETS),
}


def address(world, cloud, number, kind, **more):
    path, keys, _kinds = CLOUDS[cloud]
    query = dict(zip(keys, (number, kind, _sign(cloud, number)), strict=True))
    return f"{world.url}/{cloud}{path}?{urlencode({**query, **more})}"


def zipped(xml):
    """The XML as it is handed out in base64: alone in a ZIP."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fapiao.xml", xml)
    return target.getvalue()


def _sign(cloud, number):
    return hashlib.sha256(f"SANDBOX-{cloud}-{number}".encode()).hexdigest()[:16]


def respond(world, cloud, args):
    """The fapiao or ticket of an address that was handed out, drawn; 404 for a wrong one."""
    _path, keys, kinds = CLOUDS[cloud]
    number, kind, sign = (args.get(key, "") for key in keys)
    with world.acting():
        thing = (world.slips if kinds is TICKETS else world.fapiao).get(number)
    if thing is None or kind not in kinds or sign != _sign(cloud, number):
        return Response("SANDBOX 404", 404)
    draw, content_type = kinds[kind]
    return Response(draw(thing), content_type=content_type)
