"""Model ``fapiao.tax.code``: the bureau's classification codes of goods and services (税收分类编码)."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...rules import codes


class FapiaoTaxCode(models.Model):
    _name = "fapiao.tax.code"
    _description = "Tax Classification Code"
    _order = "code"
    _rec_names_search = ["code", "name", "short_name"]

    code = fields.Char(required=True, size=19, help="19 digits, as in the bureau's table (税收分类编码).")
    name = fields.Char(required=True, help="Name of the goods or service in the bureau's table (货物和劳务名称).")
    short_name = fields.Char(help="Stands between stars before the name of an item: *short name*item (简称).")
    parent_id = fields.Many2one(
        "fapiao.tax.code",
        "Part Of",
        compute="_compute_parent_id",
        store=True,
        index="btree_not_null",
        ondelete="set null",
        help="The nearest code above this one that is known.",
    )
    child_ids = fields.One2many("fapiao.tax.code", "parent_id", "Parts", context={"active_test": False})
    is_summary = fields.Boolean(
        "Summary",
        compute="_compute_is_summary",
        store=True,
        readonly=False,
        help="A heading over other codes (汇总项); no line of a fapiao may use it.",
    )
    kind = fields.Selection(
        [
            (codes.GOODS, "Goods"),
            (codes.LABOUR, "Labour"),
            (codes.SERVICE, "Service"),
            (codes.INTANGIBLE, "Intangible Asset"),
            (codes.REAL_ESTATE, "Real Estate"),
            (codes.NOT_TAXED, "Not Taxed"),
        ],
        compute="_compute_kind",
        store=True,
    )
    description = fields.Text()
    keywords = fields.Text()
    active = fields.Boolean(default=True)

    _unique_code = models.UniqueIndex("(code)", "There is already a classification code with these digits.")

    # ------------------------------------------------------------------ computes

    @api.depends("code")
    def _compute_parent_id(self):
        above = {code: ancestors(code) for code in self.mapped("code") if codes.is_code(code)}
        wanted = {ancestor for row in above.values() for ancestor in row}
        # archived codes belong to the tree as well
        everything = self.with_context(active_test=False)
        found = everything.search_fetch([("code", "in", list(wanted))], ["code"])
        known = {record.code: record for record in found}
        for record in self:
            nearest = (known[code] for code in above.get(record.code, ()) if code in known)
            record.parent_id = next(nearest, False)

    @api.depends("code", "child_ids")
    def _compute_is_summary(self):
        for record in self:
            # the bureau's flag holds even if the sub-codes are not in this database
            by_place = bool(record.child_ids) or codes.is_summary(record.code or "")
            record.is_summary = record.is_summary or by_place

    @api.depends("code")
    def _compute_kind(self):
        for record in self:
            record.kind = codes.kind(record.code)

    @api.depends("code", "name", "short_name")
    def _compute_display_name(self):
        for record in self:
            short_name = record.short_name if record.short_name != record.name else ""
            record.display_name = " ".join(filter(None, [record.code, short_name, record.name]))

    # ------------------------------------------------------------------ constraints

    @api.constrains("code")
    def _check_code(self):
        for record in self:
            if not codes.is_code(record.code):
                raise ValidationError(
                    self.env._(
                        "A tax classification code has 19 digits, the first from 1 to 6; “%s” is none.",
                        record.code,
                    )
                )

    # ------------------------------------------------------------------ helpers

    @api.model
    def _summary_codes(self):
        """Return the digits of all summary codes as a frozenset, for the rules' limits; one query."""
        everything = self.with_context(active_test=False)
        summaries = everything.search_fetch([("is_summary", "=", True)], ["code"], order="id")
        return frozenset(summaries.mapped("code"))

    def _refresh_parents(self):
        """Recompute the parents of these codes, since codes between may have been added."""
        self.env.add_to_compute(self._fields["parent_id"], self)


def ancestors(code):
    """Return the possible codes above ``code``, the nearest first, whether they exist or not."""
    significant = codes.prefix(code)
    return [significant[:end].ljust(19, "0") for end in range(len(significant) - 2, 0, -2)]
