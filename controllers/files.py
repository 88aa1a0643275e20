"""Download of the files of several fapiao."""

import re
import tempfile
import zipfile

from werkzeug.wsgi import wrap_file

from odoo import fields, http
from odoo.exceptions import AccessError
from odoo.http import content_disposition, request

from ..models.issuing import zipped
from ..models.issuing.fapiao import MOST_IN_ZIP
from ..rules.filenames import clean, distinct

IN_MEMORY = 10 * 2**20  # bytes; a larger zip is built on disk
IDS = re.compile(r"[1-9]\d{0,9}(,[1-9]\d{0,9})*")


class FapiaoFiles(http.Controller):
    @http.route("/invoice_cloud/files", type="http", auth="user", methods=["GET"], readonly=True)
    def download(self, ids="", **_unused):
        """Stream one zip with PDF, OFD and XML of the fapiao ``ids`` (comma-separated).

        400 for ids that are none or too many, 404 for fapiao that don't exist, may not be read or have no files
        (an id must not tell a stranger whether there is such a fapiao), 413 for files that are too large together.
        """
        wanted = read_ids(ids)
        if not wanted:
            return refuse(400, request.env._("Which fapiao? Give up to %s ids, separated by commas.", MOST_IN_ZIP))
        fapiao = request.env["fapiao"].browse(wanted).exists()
        try:
            fapiao.check_access("read")
        except AccessError:
            fapiao = fapiao.browse()
        if len(fapiao) != len(wanted):
            return refuse(404, request.env._("There is no such fapiao."))
        files = fapiao._files()
        if not files:
            return refuse(404, request.env._("The files are not here yet. They are fetched by a scheduled action."))
        if refusal := fapiao._refusal_of_zip():
            return refuse(413, refusal)
        return send(pack(files), zip_name(fapiao))


def read_ids(text):
    """Return the ids in ``text``, each once; empty if it is no list of ids or too long."""
    if not IDS.fullmatch(text):
        return []
    ids = list(dict.fromkeys(int(part) for part in text.split(",")))
    return ids if len(ids) <= MOST_IN_ZIP and max(ids) < 2**31 else []


def refuse(status, message):
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
    return request.make_response(message, headers, status=status)


def zip_name(fapiao):
    if len(fapiao) == 1:
        return fapiao._file_name("zip")
    return f"fapiao-{fields.Date.context_today(fapiao)}-{len(fapiao)}.zip"


def pack(files):
    """Return a temporary file with a zip of ``files`` (attachments), of which one at a time is in memory."""
    packed = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed with the response
    taken = set()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            name = distinct(clean(file.name), taken)
            zipped.add(archive, name, zipped.content_of(file), file.create_date)
    return packed


def send(packed, name):
    """Return a response that sends ``packed`` piece by piece."""
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
