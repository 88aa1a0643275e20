"""Download of the files of several fapiao."""

import re
import tempfile
import zipfile

from werkzeug.wsgi import wrap_file

from odoo import fields, http
from odoo.exceptions import AccessError
from odoo.http import content_disposition, request

MOST = 500
IN_MEMORY = 10 * 2**20  # bytes; larger zips are built on disk
IDS = re.compile(r"[1-9]\d{0,9}(,[1-9]\d{0,9})*")
# Compressed formats: compressing them again takes time without effect.
STORED = (".pdf", ".ofd")


class FapiaoFiles(http.Controller):
    @http.route("/invoice_cloud/files", type="http", auth="user", methods=["GET"], readonly=True)
    def download(self, ids="", **_unused):
        """Stream one zip with PDF, OFD and XML of the fapiao ``ids`` (comma-separated).

        Returns 400 for invalid ids and 404 for fapiao that don't exist, may not be read or have no files, so
        that an id doesn't reveal whether a fapiao exists.
        """
        wanted = read_ids(ids)
        if not wanted:
            return refuse(400, request.env._("Which fapiao? Give up to %s ids, separated by commas.", MOST))
        fapiao = request.env["fapiao"].browse(wanted).exists()
        try:
            fapiao.check_access("read")
        except AccessError:
            fapiao = fapiao.browse()
        if len(fapiao) != len(wanted):
            return refuse(404, request.env._("There is no such fapiao."))
        files = fapiao._files()
        if not files:
            return refuse(404, request.env._("The files are not here yet. They are fetched by themselves."))
        return stream(files, zip_name(fapiao))


def read_ids(text):
    """Return the ids in ``text``, each once; empty if it is no list of ids or too long."""
    if not IDS.fullmatch(text):
        return []
    ids = list(dict.fromkeys(int(part) for part in text.split(",")))
    return ids if len(ids) <= MOST and max(ids) < 2**31 else []


def refuse(status, message):
    return request.make_response(message, [("Content-Type", "text/plain; charset=utf-8")], status=status)


def zip_name(fapiao):
    if len(fapiao) == 1:
        return f"{fapiao.number}.zip"
    return f"fapiao-{fields.Date.context_today(fapiao)}-{len(fapiao)}.zip"


def stream(files, name):
    """Return a response that sends ``files`` as a zip in chunks."""
    packed = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed with the response
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            method = zipfile.ZIP_STORED if file.name.endswith(STORED) else zipfile.ZIP_DEFLATED
            archive.writestr(file.name, file.raw, method)
    size = packed.tell()
    packed.seek(0)
    headers = [
        ("Content-Type", "application/zip"),
        ("Content-Length", size),
        ("Content-Disposition", content_disposition(name)),
        ("X-Content-Type-Options", "nosniff"),
    ]
    response = request.make_response(wrap_file(request.httprequest.environ, packed), headers)
    response.direct_passthrough = True
    return response
