"""Model ``fapiao.tax.code``: the bureau's classification codes of goods and services (税收分类编码)."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...rules import codes, privileges, rates
from ..values import beijing_today, in_chinese


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
    vat_rates = fields.Char(
        "VAT Rates", help="Rates that the code allows (增值税税率), such as 13%、9%. If empty, the rate is not checked."
    )
    privileges = fields.Char(
        "Tax Privileges",
        help="Those that the code allows (增值税特殊管理), such as 免税、简易征收. If empty, they are not checked.",
    )
    policy_basis = fields.Text("Legal Basis", help="增值税政策依据")
    date_start = fields.Date("Valid From", help="启用时间")
    date_end = fields.Date("Valid Until", help="Last day on which a fapiao may have the code (过渡期截止时间).")
    is_usable = fields.Boolean(
        "In Use",
        default=True,
        help="可用状态. A code that is not in use may still be used until its last day, if it has one.",
    )
    table_version = fields.Char(readonly=True, help="编码表版本号 of the table that it was imported from.")
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

    @api.constrains("vat_rates", "privileges")
    def _check_lists(self):
        for record in self:
            wrong = rates.read_list(record.vat_rates)[1] + privileges.read_list(record.privileges)[1]
            if wrong:
                raise ValidationError(
                    self.env._(
                        "“%(wrong)s” is neither a VAT rate nor a tax privilege. Write rates as 13%%、9%%, privileges as"
                        " 免税、简易征收.",
                        wrong=wrong[0],
                    )
                )

    # ------------------------------------------------------------------ helpers

    def _laws(self):
        """Return ``{code: rules.codes.Law}`` of these codes as of today."""
        today = beijing_today()
        return {
            record.code: codes.Law(
                is_summary=record.is_summary,
                rates=frozenset(rates.read_list(record.vat_rates)[0]),
                privileges=tuple(privileges.read_list(record.privileges)[0]),
                is_ended=record._is_ended(today),
                begins=record.date_start if record.date_start and record.date_start > today else None,
            )
            for record in self
        }

    @api.model
    def _laws_of(self, digits):
        """Return the laws of the codes with these ``digits`` that are known; see :meth:`_laws`."""
        return self.with_context(active_test=False).search([("code", "in", list(digits))])._laws()

    def _is_ended(self, today):
        return self.date_end < today if self.date_end else not self.is_usable

    @api.model
    def _domain_usable(self):
        """Return the domain of the codes that a fapiao of today may have."""
        today = beijing_today()
        return (
            Domain("is_summary", "=", False)
            & (Domain("date_start", "=", False) | Domain("date_start", "<=", today))
            & (Domain("date_end", ">=", today) | (Domain("date_end", "=", False) & Domain("is_usable", "=", True)))
        )

    # ------------------------------------------------------------------ suggestions

    @api.model
    def _suggest(self, names):
        """Return ``{name: code}`` for those of ``names`` for which a code suggests itself: what was used before for the
        same name, else the code with the longest name or keyword in it, else one in whose name it stands.
        """
        found = self._used_before(names) if names else {}
        if left := names - found.keys():
            found |= self._named_in(left)
        if left := names - found.keys():
            found |= self._naming(left)
        return found

    @api.model
    def _used_before(self, names):
        """Return ``{name: code}`` of products with these names; a later package adds what was issued."""
        products = in_chinese(self.env["product.template"])
        known = products.search([("fapiao_code_id", "!=", False), ("name", "in", list(names))], order="write_date")
        return {product.name: product.fapiao_code_id for product in known}

    @api.model
    def _named_in(self, names):
        """Return ``{name: code}`` by the longest name or keyword of a code that stands in a name."""
        self.flush_model(["name", "keywords"])
        parts = {name: {name[a:b] for a in range(len(name)) for b in range(a + 2, len(name) + 1)} for name in names}
        usable = self._search(self._domain_usable())
        rows = self.env.execute_query(
            SQL(
                """
                SELECT term, id, weight FROM (
                    SELECT id, name AS term, 1 AS weight FROM fapiao_tax_code
                    UNION ALL
                    SELECT id, regexp_split_to_table(keywords, %(separators)s), 0 FROM fapiao_tax_code
                ) AS terms
                WHERE term = ANY(%(parts)s::text[]) AND id IN %(usable)s
                """,
                separators=r"[、，,;；\s]+",
                parts=list(set().union(*parts.values())),
                usable=usable.subselect(),
            )
        )
        best = {}
        for name, own in parts.items():
            fitting = [(len(term), weight, -id_) for term, id_, weight in rows if term in own]
            if fitting:
                best[name] = self.browse(-max(fitting)[2])
        return best

    @api.model
    def _naming(self, names):
        """Return ``{name: code}`` by the shortest name of a code in which a name of two or more characters stands."""
        self.flush_model(["code", "name"])
        long = [name for name in names if len(name) > 1]
        usable = self._search(self._domain_usable())
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (wanted) wanted, id
                  FROM unnest(%(names)s::text[]) AS wanted JOIN fapiao_tax_code ON position(wanted IN name) > 0
                 WHERE id IN %(usable)s
              ORDER BY wanted, length(name), code
                """,
                names=long,
                usable=usable.subselect(),
            )
        )
        return {name: self.browse(id_) for name, id_ in rows}

    def _refresh_parents(self):
        """Recompute the parents of these codes, since codes between may have been added."""
        self.env.add_to_compute(self._fields["parent_id"], self)


def ancestors(code):
    """Return the possible codes above ``code``, the nearest first, whether they exist or not."""
    significant = codes.prefix(code)
    return [significant[:end].ljust(19, "0") for end in range(len(significant) - 2, 0, -2)]
