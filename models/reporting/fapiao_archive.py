"""Model ``fapiao.archive``: the files of a period's fapiao with an index by voucher, for the books' archive.

Made in the background, part by part: each part is a zip of its own with its index, committed before the next begins, so
that after a killed worker the next part follows.
"""

import csv
import hashlib
import io
import tempfile
import zipfile
from datetime import timedelta

from markupsafe import escape

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ...rules.filenames import clean, distinct
from ..cloud import gate
from ..issuing import zipped

PER_PART = 500  # fapiao
BYTES_PER_PART = 200 * 2**20
IN_MEMORY = 10 * 2**20  # bytes; a larger part is built on disk
FIRST = ("xml", "ofd", "pdf", "image")  # the signed XML is what the law wants archived
# Columns of the index, in the words of the people who read it in China; the XML's elements beside them
COLUMNS = {
    "发票号码": "number",
    "票种": "type",
    "进项/销项": "direction",
    "蓝字/红字": "color",
    "状态": "status",
    "开票日期": "date",
    "销售方名称": "seller_name",
    "销售方税号": "seller_tax_no",
    "购买方名称": "buyer_name",
    "购买方税号": "buyer_tax_no",
    "金额": "amount_untaxed",
    "税额": "amount_tax",
    "价税合计": "amount_total",
    "记账凭证号": "vouchers",
    "记账日期": "voucher_dates",
    "文件": "files",
    "SHA-256": "hashes",
}
VOUCHER_COLUMNS = ("凭证号", "日期", "日记账", "摘要", "科目编码", "科目名称", "往来单位", "借方", "贷方")


class FapiaoArchive(models.Model):
    _name = "fapiao.archive"
    _inherit = "fapiao.guard.mixin"
    _fapiao_inputs = frozenset({"company_id", "date_from", "date_to", "direction"})
    _description = "Archive of Fapiao"
    _order = "id desc"
    _rec_name = "date_from"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    date_from = fields.Date("From", required=True, default=lambda self: self._last_month()[0])
    date_to = fields.Date("To", required=True, default=lambda self: self._last_month()[1])
    direction = fields.Selection(
        [("both", "Issued and received"), ("out", "Issued"), ("in", "Received")], "Which", required=True, default="both"
    )
    state = fields.Selection(
        [("draft", "Draft"), ("running", "In progress"), ("done", "Done")],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
    )
    total = fields.Integer("Fapiao", readonly=True, copy=False)
    done = fields.Integer("Archived", readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    missing = fields.Integer(
        "Without Files", readonly=True, copy=False, help="They are in the index. Fetch their files and archive again."
    )
    last_fapiao = fields.Integer("Last Fapiao Archived", readonly=True, copy=False)
    part_ids = fields.One2many(
        "ir.attachment", "res_id", "Zip Files", domain=[("res_model", "=", "fapiao.archive")], readonly=True, copy=False
    )

    @api.depends("total", "done")
    def _compute_progress(self):
        for archive in self:
            archive.progress = 100 * archive.done / archive.total if archive.total else 0

    @api.depends("date_from", "date_to")
    def _compute_display_name(self):
        for archive in self:
            days = (archive.date_from, archive.date_to)
            archive.display_name = " – ".join(format_date(self.env, day) for day in days if day)

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(archive.date_from > archive.date_to for archive in self):
            raise ValidationError(self.env._("The period ends before it begins."))

    def write(self, vals):
        if self._fapiao_inputs.intersection(vals) and any(archive.state != "draft" for archive in self):
            raise UserError(self.env._("This archive has begun. Make a new one for another period."))
        return super().write(vals)

    @api.model
    def _last_month(self):
        end = fields.Date.context_today(self).replace(day=1) - timedelta(days=1)
        return end.replace(day=1), end

    # ------------------------------------------------------------------ actions

    def action_start(self):
        """Begin in the background."""
        gate.check(self, gate.INVOICER, "write")
        for archive in self.filtered(lambda one: one.state == "draft"):
            total = self.env["fapiao"].search_count(archive._domain())
            if not total:
                raise UserError(self.env._("There are no fapiao in this period."))
            # sudo: the state is no input
            archive.sudo().write({"state": "running", "total": total})
        # sudo: scheduled actions belong to administrators
        self.env.ref("l10n_cn_invoice_cloud.cron_archive").sudo()._trigger()
        return True

    def action_fetch_missing(self):
        """Queue the files that the period's fapiao lack."""
        gate.check(self, gate.ISSUER)
        for archive in self:
            fapiao = self.env["fapiao"].search([*archive._domain(), ("account_id", "!=", False)])
            # sudo: fapiao are written by this addon only
            fapiao.filtered(lambda one: one._missing_kinds()).sudo()._want_files()
        return True

    def _domain(self):
        self.ensure_one()
        domain = [
            ("company_id", "=", self.company_id.id),
            ("issue_date", ">=", self.date_from),
            ("issue_date", "<=", self.date_to),
        ]
        return domain if self.direction == "both" else [*domain, ("direction", "=", self.direction)]

    # ------------------------------------------------------------------ in the background

    @api.model
    def _cron_archive(self):
        """Make the parts of the archives in progress, each in a transaction of its own."""
        cron = self.env["ir.cron"]
        while running := self.search([("state", "=", "running")], order="id", limit=1):
            running._make_part()
            left = self.search_count([("state", "=", "running")])
            if not cron._commit_progress(1, remaining=left):
                return

    def _make_part(self):
        """Archive the next fapiao in one zip; done when there are none."""
        fapiao = self._next_fapiao()
        if not fapiao:
            self.write({"state": "done", "done": self.total})
            return
        number = len(self.part_ids) + 1
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as packed:
            missing = self._pack(packed, fapiao)
            packed.seek(0)
            self.env["ir.attachment"].create(
                {
                    "name": f"fapiao_{self.date_from:%Y%m%d}_{self.date_to:%Y%m%d}_{number:03d}.zip",
                    "raw": packed.read(),
                    "mimetype": "application/zip",
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        self.write(
            {
                "done": self.done + len(fapiao),
                "missing": self.missing + missing,
                "last_fapiao": fapiao[-1].id,
            }
        )
        self.invalidate_recordset(["part_ids"])

    def _next_fapiao(self):
        """Return the fapiao of the next part, by id: as many as fit, at least one."""
        domain = Domain(self._domain()) & Domain("id", ">", self.last_fapiao)
        found = self.env["fapiao"].search(domain, order="id", limit=PER_PART)
        size = 0
        for place, fapiao in enumerate(found):
            size += sum(fapiao._files().mapped("file_size"))
            if size > BYTES_PER_PART and place:
                return found[:place]
        return found

    def _pack(self, packed, fapiao):
        """Write the zip of ``fapiao``; return how many of them have no file."""
        vouchers = fapiao._vouchers()
        rows, taken, missing = [], set(), 0
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in fapiao:
                files = self._write_files(archive, one, taken)
                missing += not files
                rows.append(self._index_row(one, vouchers[one], files))
            entries = self.env["account.move"].union(*vouchers.values())
            archive.writestr("vouchers.csv", _csv(VOUCHER_COLUMNS, self._voucher_rows(entries)))
            archive.writestr("index.csv", _csv(COLUMNS, ([row[name] for name in COLUMNS.values()] for row in rows)))
            archive.writestr("index.xml", _xml(rows))
        return missing

    def _write_files(self, archive, fapiao, taken):
        """Write the files of one fapiao, the XML first; return ``[(name, SHA-256)]``."""
        written = []
        for kind in FIRST:
            file = fapiao[f"{kind}_id"]
            if content := zipped.content_of(file):
                name = distinct(f"files/{clean(file.name)}", taken)
                zipped.add(archive, name, content, file.create_date)
                written.append((name, hashlib.sha256(content).hexdigest()))
        return written

    def _index_row(self, fapiao, vouchers, files):
        """Return the values of one row of the index by the names of :data:`COLUMNS`."""
        labels = {
            name: dict(fapiao._fields[field]._description_selection(self.env)).get(fapiao[field], "")
            for name, field in {
                "type": "type_code",
                "direction": "direction",
                "color": "color",
                "status": "status",
            }.items()
        }
        texts = ("number", "seller_name", "seller_tax_no", "buyer_name", "buyer_tax_no")
        return {
            **labels,
            **{name: fapiao[name] or "" for name in texts},
            **{name: f"{fapiao[name]:.2f}" for name in ("amount_untaxed", "amount_tax", "amount_total")},
            "date": fields.Date.to_string(fapiao.issue_date) or "",
            "vouchers": "; ".join(move.name or "" for move in vouchers),
            "voucher_dates": "; ".join(fields.Date.to_string(move.date) for move in vouchers),
            "files": "; ".join(name for name, _hash in files),
            "hashes": "; ".join(hash_ for _name, hash_ in files),
        }

    def _voucher_rows(self, moves):
        for line in moves.line_ids.filtered("account_id"):
            yield (
                *(line.move_name or "", fields.Date.to_string(line.date), line.journal_id.name, line.name or ""),
                *(line.account_id.code or "", line.account_id.name, line.partner_id.display_name or ""),
                *(f"{line.debit:.2f}", f"{line.credit:.2f}"),
            )


def _csv(head, rows):
    """Return a CSV that spreadsheets open in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    # a cell that begins so is a formula for a spreadsheet, and names are other people's words
    writer.writerows([f"'{cell}" if cell[:1] in ("=", "+", "@", "\t", "\r") else cell for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _xml(rows):
    """Return the index as XML: an element for each fapiao, one in it for each value."""
    elements = (
        f"  <fapiao>{''.join(f'<{name}>{escape(row[name])}</{name}>' for name in COLUMNS.values())}</fapiao>\n"
        for row in rows
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<archive>\n{"".join(elements)}</archive>\n'.encode()
