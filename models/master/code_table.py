"""Reads the bureau's classification table (商品和服务税收分类编码表) as it is handed out: xls, xlsx or csv.

Columns are found by their headings, in any order and below title rows; see docs/protocols/tax-rules.md#codes.
"""

import csv
import io
import re
import unicodedata
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice

import openpyxl
import xlrd

from odoo.exceptions import UserError

from ...rules import codes, privileges, rates

# Headings, the most specific first: a table may have both 合并编码 and a shorter 编码.
HEADERS = {
    "code": (
        *("合并编码", "商品和服务税收分类合并编码", "商品和服务税收分类编码", "商品和服务分类编码"),
        *("税收分类编码", "编码", "taxcode", "code"),
    ),
    "name": ("货物和劳务名称", "商品和服务名称", "货物、劳务和服务名称", "名称", "name"),
    "short_name": ("商品和服务分类简称", "商品和服务税收分类编码简称", "分类简称", "简称", "shortname"),
    "description": ("说明", "description"),
    "keywords": ("关键字", "关键词", "keywords"),
    "is_summary": ("汇总项", "是否汇总项", "issummary", "summary"),
    "vat_rates": ("增值税税率", "增值税率", "税率", "vatrates", "rate"),
    "privileges": ("增值税特殊管理", "特殊管理", "增值税优惠政策", "优惠政策", "privileges"),
    "policy_basis": ("增值税政策依据", "政策依据"),
    "date_start": ("启用时间", "启用日期", "生效时间", "validfrom"),
    "date_end": ("过渡期截止时间", "过渡期截止日期", "截止时间", "失效时间", "validuntil"),
    "is_usable": ("可用状态", "状态", "inuse"),
    "table_version": ("编码表版本号", "版本号", "版本", "version"),
}
LEVELS = ("篇", "类", "章", "节", "条", "款", "项", "目", "子目", "细目")  # 1 digit, then 2 each
DELIMITERS = ",;\t"
HEADER_WITHIN = 20  # the official table has title lines above its header
MOST_BYTES = 20 * 2**20  # the bureau's table has less than two million
MOST_UNPACKED = 200 * 2**20
MOST_ROWS = 200_000
YES = {"是", "y", "yes", "1", "true", "√", "可用", "启用", "有效", "正常", "在用"}
NO = {"否", "n", "no", "0", "false", "×", "停用", "已停用", "不可用", "禁用", "无效", "失效"}

# Notation of a spreadsheet for a number that is too long, and prefixes that prevent it.
ROUNDED = re.compile(r"[\d.]+E\+?\d+|\d{19}\.0+", re.IGNORECASE)
AS_TEXT = re.compile(r'="?(.*?)"?|\'(.*)')
KEPT_DIGITS = 14  # of a number; a code with more significant digits may have lost some
DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T].*)?")


@dataclass
class Table:
    """``rows``: values by code, of the columns that the file has. ``faults``: ``(place, reason)`` of rows that are left
    out, ``notes`` of values that are.
    """

    rows: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    @property
    def version(self):
        return max((row.get("table_version") or "" for row in self.rows.values()), default="")


def read(env, content):
    """Return the :class:`Table` in the bytes ``content``; raises ``UserError`` where they hold none."""
    if len(content) > MOST_BYTES:
        raise UserError(
            env._(
                "The file is larger than %s MB, far more than the classification table: choose the table alone.",
                MOST_BYTES // 2**20,
            )
        )
    table, found = Table(), False
    for title, lines in _sheets(env, content):
        if columns := _find_columns(lines := iter(lines)):
            found = True
            _Reader(env, table, title, *columns).take(lines)
    if not found:
        raise UserError(
            env._(
                "No header with code and name was found. The file needs the columns 合并编码 (19 digits)"
                " and 名称, or code and name; in a CSV file separated by comma, semicolon or tab. 篇, 类, 章 … do in"
                " place of the code if all ten levels down to 细目 are there."
            )
        )
    return table


# ---------------------------------------------------------------------- rows of each kind of file


def _sheets(env, content):
    """Yield ``(title, lines)``; a line is ``(first, last, cells)``, no cells if its quotation marks do not match."""
    if content.startswith(b"PK\x03\x04"):
        yield from _xlsx(env, content)
        return
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        yield from _xls(env, content)
        return
    text = _decode(env, content)
    if re.match(r"\s*<(?:!doctype|html|table|\?xml)", text, re.IGNORECASE):
        raise UserError(
            env._(
                "The file is a web page that is only named like a table. Open it in a spreadsheet program, save it as"
                " .xlsx, and choose that file."
            )
        )
    for delimiter in DELIMITERS:
        if _find_columns(_split(text, delimiter)):
            yield "", _split(text, delimiter)
            return


@contextmanager
def _readable(env):
    """Turn whatever a damaged workbook makes its library stumble over into a message."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            env._(
                "The workbook can't be read: it is damaged or protected by a password. Open it in a spreadsheet"
                " program, save it as .xlsx without a password, and choose that file."
            )
        ) from error


def _lines(env, rows):
    """Yield the lines of a workbook's sheet, of which ``rows`` are the cells as text, read one by one."""
    with _readable(env):
        for place, cells in enumerate(rows, 1):
            yield place, place, cells


def _xls(env, content):
    with _readable(env):
        book = xlrd.open_workbook(file_contents=content)
        sheets = book.sheets()
    for sheet in sheets:
        rows = ([_xls_text(book, cell) for cell in sheet.row(row)] for row in range(sheet.nrows))
        yield sheet.name, _lines(env, rows)


def _xlsx(env, content):
    with _readable(env), zipfile.ZipFile(io.BytesIO(content)) as package:
        names = package.namelist()
        unpacked = sum(entry.file_size for entry in package.infolist())
    if "xl/workbook.xml" not in names:
        raise UserError(env._("This is a zip file without a workbook. Unpack it and choose the table inside."))
    if unpacked > MOST_UNPACKED:
        raise UserError(
            env._(
                "The workbook is far larger than the classification table. Save the table alone as CSV and choose it."
            )
        )
    with _readable(env):
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some programs write a wrong one, which would cut the sheet
        yield sheet.title, _lines(env, ([*map(_text, cells)] for cells in sheet.iter_rows(values_only=True)))


def _xls_text(book, cell):
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _text(xlrd.xldate_as_datetime(cell.value, book.datemode))
    return "" if cell.ctype == xlrd.XL_CELL_ERROR else _text(cell.value)


def _text(value):
    """Return the value of a cell as text. A number keeps its notation with an exponent if it may have lost digits."""
    if value is None:
        return ""
    if isinstance(value, (datetime, date)):
        return value.isoformat()[:10]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = Decimal(repr(value)).normalize()
        is_whole = len(number.as_tuple().digits) <= KEPT_DIGITS
        return f"{number:f}" if is_whole else f"{number:E}"
    return str(value)


def _decode(env, content):
    # GB18030 takes GBK and GB2312 in; it comes last, because it finds characters in almost any bytes.
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(env._("The file's encoding is neither UTF-8 nor GBK. Save it as “CSV UTF-8”."))


def _split(text, delimiter):
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


# ---------------------------------------------------------------------- columns


def _find_columns(lines):
    """Return ``(columns, levels, rest)`` below the header: positions of the known columns and of the ten levels, and a
    row that was read too far; nothing if there is no header.
    """
    lines = iter(lines)
    for _number, _last, cells in islice(lines, HEADER_WITHIN):
        names = _headings(cells)
        columns = {
            column: names.index(name)
            for column, known in HEADERS.items()
            if (name := next((name for name in known if name in names), None))
        }
        if "name" not in columns:
            continue
        levels, rest = _find_levels(names), []
        if not levels:  # the levels may stand in a second row, below one heading over all of them
            rest = [*islice(lines, 1)]
            levels = _find_levels(_headings(rest[0][2])) if rest else ()
            rest = [] if levels else rest
        if "code" in columns or levels:
            return columns, levels, rest
    return None


def _headings(cells):
    """Return a row's cells as headings: no spaces, marks, or words in brackets."""
    texts = (unicodedata.normalize("NFKC", cell) for cell in cells or ())
    return [re.sub(r"[\s_*]+|\(.*\)", "", text).lower() for text in texts]


def _find_levels(names):
    return tuple(names.index(level) for level in LEVELS) if all(level in names for level in LEVELS) else ()


# ---------------------------------------------------------------------- values


class _Reader:
    """Reads the lines of one sheet into ``table``."""

    def __init__(self, env, table, title, columns, levels, rest):
        self.env, self.table, self.title = env, table, title
        self.columns, self.levels, self.rest = columns, levels, rest
        self.seen = {}

    def take(self, lines):
        for number, last, cells in chain(self.rest, lines):
            if len(self.table.rows) > MOST_ROWS:
                raise UserError(
                    self.env._("The file has more than %s rows, far more than the classification table.", MOST_ROWS)
                )
            place = f"{self.title}:{number}" if self.title else str(number)
            if cells is None:
                self.table.faults.append((place, self._explain_quotes(number, last)))
            elif any(cell.strip() for cell in cells):
                self._take(place, cells)

    def _take(self, place, cells):
        row = {name: cells[at].strip() if at < len(cells) else "" for name, at in self.columns.items()}
        row["code"] = self._code(row.get("code", ""), cells)
        if reason := self._find_fault(row):
            self.table.faults.append((place, reason))
            return
        self.seen[row["code"]] = place
        unread = []
        self._read_flag(row, "is_usable", unread, empty=True)
        self._read_flag(row, "is_summary", unread, empty=False)
        self._read_list(row, "vat_rates", unread, rates.read_list, _rates_text)
        self._read_list(row, "privileges", unread, privileges.read_list, "、".join)
        self._read_date(row, "date_start", unread)
        self._read_date(row, "date_end", unread)
        for text in unread:
            self.table.notes.append(
                (
                    place,
                    self.env._("code %(code)s: “%(text)s” is not understood and left out", code=row["code"], text=text),
                )
            )
        self.table.rows[row["code"]] = {name: False if value == "" else value for name, value in row.items()}

    def _code(self, text, cells):
        code = _unquote(text)
        if codes.is_code(code) or not self.levels:
            return code
        parts = [cells[at].strip() if at < len(cells) else "" for at in self.levels]
        joined = parts[0] + "".join((part or "00").zfill(2) for part in parts[1:])
        return joined if codes.is_code(joined) else code or joined

    def _find_fault(self, row):
        """Return as text what is wrong with a row, or nothing."""
        code = row["code"]
        if not code.strip("0"):
            return self.env._("there is no code")
        if ROUNDED.fullmatch(code):
            return self.env._("a spreadsheet has rounded the code to %s; save the column as text", code)
        if not codes.is_code(code):
            return self.env._("“%s” is no classification code: it has 19 digits, the first from 1 to 6", code)
        if code in self.table.rows:
            return self.env._("code %(code)s is already on line %(line)s", code=code, line=self.seen.get(code, "?"))
        if not row["name"]:
            return self.env._("code %s has no name", code)
        if row.get("is_summary", "").lower() not in YES | NO | {""}:
            return self.env._("“%s” says neither yes nor no about the summary", row["is_summary"])
        return None

    def _explain_quotes(self, first, last):
        if last > first:
            return self.env._("a quotation mark is not closed; everything up to line %s is left out", last)
        return self.env._("its quotation marks do not match")

    def _read_flag(self, row, name, unread, empty):
        if name not in row:
            return
        word = row[name].lower()
        if word not in YES | NO | {""}:
            unread.append(row[name])
        row[name] = word in YES if word in YES | NO else empty

    def _read_list(self, row, name, unread, read_list, write):
        if name in row:
            found, unknown = read_list(row[name])
            unread += unknown
            row[name] = write(found)

    def _read_date(self, row, name, unread):
        if not (text := row.get(name)):
            return
        try:
            row[name] = date(*map(int, DATE.fullmatch(text).groups()))
        except (AttributeError, ValueError):
            row[name] = ""
            unread.append(text)


def _rates_text(found):
    return "、".join(map(rates.percent, sorted(found, reverse=True)))


def _unquote(code):
    """Return ``code`` without the characters that keep a spreadsheet from rounding it: '1… and ="1…"."""
    match = AS_TEXT.fullmatch(code)
    return (match[1] or match[2] or "").strip() if match else code
