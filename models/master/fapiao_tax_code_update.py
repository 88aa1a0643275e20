"""Model ``fapiao.tax.code.update``: what a classification table changes, shown before and after it is applied."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...rules import codes
from ..cloud import gate
from ..values import beijing_today
from .fapiao_tax_code import ancestors
from .fapiao_tax_code_update_line import ADDED, CHANGED, ENDED, MISSING

SHOWN_FAULTS = 200
AT_ONCE = 1000  # records that are created or applied together
IN_REQUEST = 2000  # codes; more are applied in the background
COMPLETE_SHARE = 0.9  # of the known codes; a file with more of them is taken for the whole table


class FapiaoTaxCodeUpdate(models.Model):
    _name = "fapiao.tax.code.update"
    _description = "Update of the Classification Table"
    _order = "id desc"

    name = fields.Char("File", readonly=True)
    table_version = fields.Char(readonly=True, help="编码表版本号")
    state = fields.Selection(
        [("draft", "To Apply"), ("applying", "In progress"), ("applied", "Applied")], default="draft", readonly=True
    )
    last_line = fields.Integer("Last Line Applied", readonly=True)
    progress = fields.Float(compute="_compute_progress")
    line_ids = fields.One2many("fapiao.tax.code.update.line", "update_id", readonly=True)
    added_count = fields.Integer("Added", readonly=True)
    changed_count = fields.Integer("Changed", readonly=True)
    ended_count = fields.Integer("Ended", readonly=True)
    missing_count = fields.Integer("Not in the Table", readonly=True)
    unchanged_count = fields.Integer("Unchanged", readonly=True)
    rejected_count = fields.Integer("Left Out", readonly=True)
    rejected_text = fields.Text("Rows Left Out", readonly=True)
    ends_missing = fields.Boolean(
        "End Codes That Are Not in the Table", help="Only where the file is the whole table, not an extract."
    )
    product_count = fields.Integer("Products Touched", compute="_compute_touched")
    category_count = fields.Integer("Categories Touched", compute="_compute_touched")

    # ------------------------------------------------------------------ computes

    @api.depends("state", "last_line", "ends_missing")
    def _compute_progress(self):
        for update in self:
            lines = update._lines_to_apply().ids if update.state == "applying" else []
            done = sum(line <= update.last_line for line in lines)
            update.progress = 100 * done / len(lines) if lines else 100 * (update.state == "applied")

    @api.depends("line_ids", "ends_missing")
    def _compute_touched(self):
        for update in self:
            domain = update._domain_touched()
            update.product_count = self.env["product.template"].search_count(domain)
            update.category_count = self.env["product.category"].search_count(domain)

    def _domain_touched(self):
        """Return the domain of products or categories whose own code changes or ends."""
        kinds = [CHANGED, ENDED, *([MISSING] if self.ends_missing else [])]
        lines = self.env["fapiao.tax.code.update.line"].search(
            [("update_id", "in", self.ids), ("kind", "in", kinds), ("is_used", "=", True)]
        )
        return Domain("fapiao_code_id.code", "in", lines.mapped("code"))

    # ------------------------------------------------------------------ actions

    def action_apply(self):
        """Create, change and end the codes of this update; those of a large table in the background."""
        gate.check(self, gate.MANAGER, "write")
        self.ensure_one()
        self.lock_for_update()
        if self.state != "draft":
            raise UserError(self.env._("This update is applied already."))
        if len(self._lines_to_apply()) > IN_REQUEST:
            self.state = "applying"
            # sudo: scheduled actions belong to administrators
            self.env.ref("l10n_cn_invoice_cloud.cron_tax_codes").sudo()._trigger()
        else:
            self._apply(self._lines_to_apply())
            self._finish()
        return True

    def action_show_lines(self):
        """Open the codes of this update."""
        gate.check(self, gate.MANAGER)
        return self._open_list("fapiao.tax.code.update.line", [("update_id", "in", self.ids)])

    def action_show_products(self):
        """Open the products whose code changes or ends."""
        gate.check(self, gate.MANAGER)
        return self._open_list("product.template", self._domain_touched())

    def action_show_categories(self):
        """Open the product categories whose code changes or ends."""
        gate.check(self, gate.MANAGER)
        return self._open_list("product.category", self._domain_touched())

    def _open_list(self, model, domain):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Touched by %s", self.display_name),
            "res_model": model,
            "views": [(False, "list"), (False, "form")],
            "domain": list(Domain(domain)),
        }

    # ------------------------------------------------------------------ comparing

    @api.model
    def _create_from(self, table, name):
        """Create the update that brings the codes to what ``table`` (``code_table.Table``) says."""
        TaxCode = self.env["fapiao.tax.code"].with_context(active_test=False)
        known = {record.code: record for record in TaxCode.search_fetch([], [])}
        for row in table.rows.values():
            row.setdefault("is_usable", True)
        _flag_summaries(table.rows, known)
        lines, today = [], beijing_today()
        for code, row in sorted(table.rows.items()):
            if code not in known:
                lines.append({"kind": ADDED, "code": code, "name": row["name"], "new_values": _plain(row)})
            elif values := _differences(known[code], row):
                kind = ENDED if self._ends(known[code], values, today) else CHANGED
                lines.append(
                    {
                        "kind": kind,
                        "code": code,
                        "name": row["name"],
                        "old_values": _plain({name: known[code][name] for name in values}),
                        "new_values": _plain(values),
                    }
                )
        compared = len(lines)
        absent = [known[code] for code in sorted(known.keys() - table.rows.keys()) if not known[code]._is_ended(today)]
        lines += [
            {"kind": MISSING, "code": record.code, "name": record.name, "new_values": {"is_usable": False}}
            for record in absent
        ]
        counts = {kind: sum(line["kind"] == kind for line in lines) for kind in (ADDED, CHANGED, ENDED)}
        update = self.create(
            {
                "name": name,
                "table_version": table.version,
                "added_count": counts[ADDED],
                "changed_count": counts[CHANGED],
                "ended_count": counts[ENDED],
                "missing_count": len(absent),
                "unchanged_count": len(table.rows) - compared,
                "rejected_count": len(table.faults),
                "rejected_text": self._list_faults(table),
                "ends_missing": len(known) - len(absent) >= COMPLETE_SHARE * len(known),
            }
        )
        Line = self.env["fapiao.tax.code.update.line"]
        for start in range(0, len(lines), AT_ONCE):
            Line.create([{**line, "update_id": update.id} for line in lines[start : start + AT_ONCE]])
        return update

    def _ends(self, record, values, today):
        """Return whether a code that is valid now is not any more with ``values``."""
        end = values.get("date_end", record.date_end)
        is_over = end < today if end else not values.get("is_usable", record.is_usable)
        return is_over and not record._is_ended(today)

    def _list_faults(self, table):
        said = [self.env._("Line %(line)s: %(reason)s.", line=place, reason=reason) for place, reason in table.faults]
        said += [self.env._("Line %(line)s, %(reason)s.", line=place, reason=reason) for place, reason in table.notes]
        if len(said) > SHOWN_FAULTS:
            said[SHOWN_FAULTS:] = [self.env._("… and %s more.", len(said) - SHOWN_FAULTS)]
        return "\n".join(said)

    # ------------------------------------------------------------------ applying

    @api.model
    def _cron_apply(self):
        """Apply the tables that wait for it, a part of their codes in each transaction."""
        cron = self.env["ir.cron"]
        while update := self.search([("state", "=", "applying")], order="id", limit=1):
            lines = update._lines_to_apply().filtered(lambda line, last=update.last_line: line.id > last)[:AT_ONCE]
            if lines:
                update._apply(lines)
                update.last_line = lines[-1].id
            else:
                update._finish()
            if not cron._commit_progress(1, remaining=self.search_count([("state", "=", "applying")])):
                return

    def _lines_to_apply(self):
        """Return the lines of this update, in the order in which they are applied."""
        self.ensure_one()
        kinds = [ADDED, CHANGED, ENDED, *([MISSING] if self.ends_missing else [])]
        return self.env["fapiao.tax.code.update.line"].search(
            [("update_id", "=", self.id), ("kind", "in", kinds)], order="id"
        )

    def _apply(self, lines):
        TaxCode = self.env["fapiao.tax.code"].with_context(active_test=False)
        # another update may have been applied since this one was made
        known = {record.code: record for record in TaxCode.search_fetch([("code", "in", lines.mapped("code"))], [])}
        new = [line.new_values for line in lines if line.code not in known and line.kind == ADDED]
        for start in range(0, len(new), AT_ONCE):
            TaxCode.create(new[start : start + AT_ONCE])
        alike = {}
        for line in lines:
            if line.code in known:
                values = tuple(sorted(line.new_values.items()))
                alike[values] = alike.get(values, TaxCode) | known[line.code]
        for values, records in alike.items():
            records.write(dict(values))

    def _finish(self):
        self.state = "applied"
        if self.added_count:
            # a new code may stand between others
            TaxCode = self.env["fapiao.tax.code"].with_context(active_test=False)
            TaxCode.search([("code", "!=", False)])._refresh_parents()


def _flag_summaries(rows, known):
    """Flag the rows that are a summary by form or by having sub-codes, whatever the table says."""
    everything = rows.keys() | known.keys()
    above = {next((code for code in ancestors(part) if code in everything), None) for part in everything}
    for code, row in rows.items():
        if code in above or codes.is_summary(code):
            row["is_summary"] = True


def _differences(record, row):
    """Return the row's values that differ from the record. The number of the table alone is no difference."""
    changed = {name: value for name, value in row.items() if record[name] != value}
    return changed if changed.keys() - {"table_version"} else {}


def _plain(values):
    """Return ``values`` as JSON: dates as text."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
