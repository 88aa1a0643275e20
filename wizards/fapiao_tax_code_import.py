"""Dialog ``fapiao.tax.code.import``: imports the bureau's classification table (商品和服务税收分类编码表) from CSV."""

import base64
import binascii
import csv
import io
import re
import unicodedata
from itertools import islice

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.cloud import gate
from ..models.master.fapiao_tax_code import ancestors
from ..rules import codes

# Header names, the most specific first: a table may have both 合并编码 and a shorter 编码.
HEADERS = {
    "code": (
        "合并编码",
        "商品和服务税收分类编码",
        "商品和服务分类编码",
        "税收分类编码",
        "编码",
        "taxcode",
        "code",
    ),
    "name": ("货物和劳务名称", "商品和服务名称", "名称", "name"),
    "short_name": ("商品和服务分类简称", "简称", "shortname"),
    "description": ("说明", "description"),
    "keywords": ("关键字", "关键词", "keywords"),
    "is_summary": ("汇总项", "是否汇总项", "issummary", "summary"),
}
NEEDED = {"code", "name"}
DELIMITERS = ",;\t"
HEADER_WITHIN = 20  # the official table has title lines above its header
YES = {"是", "y", "yes", "1", "true", "√"}
NO = {"否", "n", "no", "0", "false", ""}
SHOWN_REJECTS = 200
MOST_BYTES = 20 * 2**20  # the bureau's table has less than two million

# Notation of a spreadsheet for a number that is too long, and prefixes that prevent it.
ROUNDED = re.compile(r"[\d.]+E\+?\d+|\d{19}\.0+", re.IGNORECASE)
AS_TEXT = re.compile(r'="?(.*?)"?|\'(.*)')


class FapiaoTaxCodeImport(models.TransientModel):
    _name = "fapiao.tax.code.import"
    _description = "Import Tax Classification Codes"

    file = fields.Binary(attachment=False)
    filename = fields.Char()
    done = fields.Boolean(readonly=True)
    created_count = fields.Integer("Created", readonly=True)
    updated_count = fields.Integer("Updated", readonly=True)
    unchanged_count = fields.Integer("Unchanged", readonly=True)
    rejected_count = fields.Integer("Rejected", readonly=True)
    rejected_text = fields.Text("Rejected Lines", readonly=True)

    # ------------------------------------------------------------------ actions

    def action_import(self):
        """Store the valid rows of the file and show the result; list invalid ones with the reason."""
        gate.check(self, gate.MANAGER, "write")
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose the file with the classification table first."))
        rows, rejected = self._read_table(self._content())
        counts = self._store(rows)
        self.write(
            {
                **counts,
                "file": False,
                "done": True,
                "rejected_count": len(rejected),
                "rejected_text": self._list_rejected(rejected),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Tax Classification Codes"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_show_codes(self):
        """Open the list of codes."""
        gate.check(self, gate.MANAGER)
        return self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_tax_code")

    # ------------------------------------------------------------------ reading

    def _content(self):
        # three bytes in four characters
        if len(self.file) > MOST_BYTES * 4 // 3 + 4:
            raise UserError(
                self.env._(
                    "The file is larger than %s MB, far more than the classification table: choose the table alone,"
                    " saved as “CSV UTF-8”.",
                    MOST_BYTES // 2**20,
                )
            )
        try:
            return base64.b64decode(self.file)
        except binascii.Error:
            raise UserError(self.env._("The file did not arrive whole. Choose it again.")) from None

    def _read_table(self, content):
        """Return ``(rows, rejected)``: values by code, and ``(line number, reason)`` of skipped rows."""
        columns, lines = self._find_table(self._decode(content))
        rows, rejected, first_seen = {}, [], {}
        for number, last, cells in lines:
            if cells is None:
                rejected.append((number, self._explain_quotes(number, last)))
                continue
            if not any(cell.strip() for cell in cells):
                continue
            row = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
            row["code"] = _unquote(row["code"])
            if reason := self._find_fault(row, first_seen):
                rejected.append((number, reason))
                continue
            first_seen[row["code"]] = number
            if "is_summary" in row:
                row["is_summary"] = row["is_summary"].lower() in YES
            rows[row["code"]] = {name: value or False for name, value in row.items()}
        return rows, rejected

    def _find_fault(self, row, first_seen):
        """Return as text what is wrong with a row, or nothing."""
        code = row["code"]
        if not code:
            return self.env._("there is no code")
        if ROUNDED.fullmatch(code):
            return self.env._("a spreadsheet has rounded the code to %s; save the column as text", code)
        if not codes.is_code(code):
            return self.env._("“%s” is no classification code: it has 19 digits, the first from 1 to 6", code)
        if code in first_seen:
            return self.env._("code %(code)s is already on line %(line)s", code=code, line=first_seen[code])
        if not row["name"]:
            return self.env._("code %s has no name", code)
        if row.get("is_summary", "").lower() not in YES | NO:
            return self.env._("“%s” says neither yes nor no about the summary", row["is_summary"])
        return None

    def _explain_quotes(self, first, last):
        if last > first:
            return self.env._("a quotation mark is not closed; everything up to line %s is left out", last)
        return self.env._("its quotation marks do not match")

    def _find_table(self, text):
        """Return ``(columns, lines)``: the positions of the known columns, and the lines below the header."""
        for delimiter in DELIMITERS:
            lines = self._split(text, delimiter)
            for _number, _last, cells in islice(lines, HEADER_WITHIN):
                columns = _find_columns(cells or ())
                if columns.keys() >= NEEDED:
                    return columns, lines
        raise UserError(
            self.env._(
                "No header with code and name was found. The file needs the columns 合并编码 (19 digits)"
                " and 名称, or code and name, separated by comma, semicolon or tab; 篇, 类, 章 … alone are"
                " not enough."
            )
        )

    def _split(self, text, delimiter):
        """Yield ``(first line, last line, cells)`` of each record; no cells if its quotes do not match."""
        # strict: an unclosed quotation mark would silently include the rest of the file
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                cells = None
            yield number, reader.line_num, cells

    @api.model
    def _decode(self, content):
        if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise UserError(
                self.env._(
                    "This is a workbook or a zip file. Unpack it, save the table as “CSV UTF-8” and choose that file."
                )
            )
        # GB18030 takes GBK and GB2312 in; it comes last, because it finds characters in almost any bytes.
        utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
        raise UserError(self.env._("The file's encoding is neither UTF-8 nor GBK. Save it as “CSV UTF-8”."))

    # ------------------------------------------------------------------ storing

    def _store(self, rows):
        """Write new and changed rows and return the counts. All existing rows are read by one query."""
        TaxCode = self.env["fapiao.tax.code"].with_context(active_test=False)
        known = {record.code: record for record in TaxCode.search_fetch([], list(HEADERS))}
        _flag_summaries(rows, known)
        new = [row for code, row in sorted(rows.items()) if code not in known]
        changes = {code: _differences(known[code], row) for code, row in rows.items() if code in known}
        changed = {code: values for code, values in changes.items() if values}
        for code, values in changed.items():
            known[code].write(values)
        if new:
            TaxCode.create(new)
            TaxCode.union(*known.values())._refresh_parents()
        return {
            "created_count": len(new),
            "updated_count": len(changed),
            "unchanged_count": len(changes) - len(changed),
        }

    def _list_rejected(self, rejected):
        lines = [
            self.env._("Line %(line)s: %(reason)s.", line=number, reason=reason)
            for number, reason in rejected[:SHOWN_REJECTS]
        ]
        if len(rejected) > SHOWN_REJECTS:
            lines.append(self.env._("… and %s more.", len(rejected) - SHOWN_REJECTS))
        return "\n".join(lines)


def _find_columns(cells):
    """Return the position of each known column among a header's ``cells``."""
    names = [re.sub(r"[\s_*]+", "", unicodedata.normalize("NFKC", cell)).lower() for cell in cells]
    found = {}
    for column, known in HEADERS.items():
        if name := next((name for name in known if name in names), None):
            found[column] = names.index(name)
    return found


def _unquote(code):
    """Return ``code`` without the characters that keep a spreadsheet from rounding it: '1… and ="1…"."""
    match = AS_TEXT.fullmatch(code)
    return (match[1] or match[2] or "").strip() if match else code


def _flag_summaries(rows, known):
    """Flag the rows that are a summary by form or by having sub-codes, whatever the table says."""
    everything = rows.keys() | known.keys()
    above = {next((code for code in ancestors(part) if code in everything), None) for part in everything}
    for code, row in rows.items():
        if code in above or codes.is_summary(code):
            row["is_summary"] = True


def _differences(record, row):
    """Return the row's values that differ from the record."""
    return {name: value for name, value in row.items() if record[name] != value}
