"""The addresses of files that a cloud hands out, and what they serve. They need no token."""

import hashlib
from urllib.parse import urlencode

from .render import ofd, pdf, ticket, xml

FAPIAO = {
    "PDF": (pdf.draw, "application/pdf"),
    "OFD": (ofd.draw, "application/ofd"),
    "XML": (xml.draw, "application/xml"),
}
TICKETS = {"pdf": (ticket.pdf, "application/pdf"), "png": (ticket.png, "image/png")}
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


def _sign(cloud, number):
    return hashlib.sha256(f"SANDBOX-{cloud}-{number}".encode()).hexdigest()[:16]


def find(world, cloud, args):
    """The fapiao or ticket of an address that was handed out, and its kind; None, "" for a wrong one."""
    _path, keys, kinds = CLOUDS[cloud]
    number, kind, sign = (args.get(key, "") for key in keys)
    if kind not in kinds or sign != _sign(cloud, number):
        return None, ""
    with world.acting():
        return (world.slips if kinds is TICKETS else world.fapiao).get(number), kind


def draw(thing, kind, **options):
    return {**FAPIAO, **TICKETS}[kind][0](thing, **options)


def content_type(kind):
    return {**FAPIAO, **TICKETS}[kind][1]
