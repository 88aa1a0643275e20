"""Model ``fapiao.voucher``: what is deducted from the price of an invoice under differential taxation (差额征税).

Source: docs/protocols/tax-rules.md#differential-taxation.
"""

from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...rules.amounts import ZERO
from ...rules.codes import is_number, parted
from ...rules.document import SPECIAL, Voucher
from ..values import KIND_OF, exact

VOUCHER_KINDS = [
    ("01", "Digital fapiao (数电发票)"),
    ("02", "Special VAT fapiao (增值税专用发票)"),
    ("03", "Ordinary VAT fapiao (增值税普通发票)"),
    ("04", "Business tax fapiao (营业税发票)"),
    ("05", "Fiscal receipt (财政票据)"),
    ("06", "Court ruling (法院裁决书)"),
    ("07", "Deed tax certificate (契税完税凭证)"),
    ("08", "Other fapiao (其他发票类)"),
    ("09", "Other voucher (其他扣除凭证)"),
]


class FapiaoVoucher(models.Model):
    _name = "fapiao.voucher"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Deducted Voucher"
    _order = "move_id, sequence, id"
    _check_company_auto = True
    _fapiao_inputs = frozenset(
        {
            *("move_id", "sequence", "fapiao_id", "kind", "number", "code", "date", "total", "deducted"),
            "remark",
        }
    )

    move_id = fields.Many2one("account.move", "Invoice", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="move_id.company_id", store=True, precompute=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer(default=10)
    fapiao_id = fields.Many2one(
        "fapiao",
        "Received Fapiao",
        check_company=True,
        domain="[('direction', '=', 'in'), ('color', '=', 'blue')]",
        index="btree_not_null",
        help="Fills in the number, the date and the total. Leave it empty to enter them by hand.",
    )
    kind = fields.Selection(
        VOUCHER_KINDS, required=True, compute="_compute_from_fapiao", store=True, readonly=False, precompute=True
    )
    number = fields.Char(compute="_compute_from_fapiao", store=True, readonly=False, precompute=True, index=True)
    code = fields.Char(
        compute="_compute_from_fapiao",
        store=True,
        readonly=False,
        precompute=True,
        help="发票代码, of a fapiao of before the digital ones.",
    )
    date = fields.Date(compute="_compute_from_fapiao", store=True, readonly=False, precompute=True)
    total = fields.Monetary(compute="_compute_from_fapiao", store=True, readonly=False, precompute=True)
    deducted = fields.Monetary(
        "Deducted Here",
        compute="_compute_from_fapiao",
        store=True,
        readonly=False,
        precompute=True,
        help="What of the total is deducted from this invoice (本次扣除金额), with tax.",
    )
    remark = fields.Char(help="Required for the kinds 04, 08 and 09.")

    # ------------------------------------------------------------------ computes

    @api.depends("fapiao_id")
    def _compute_from_fapiao(self):
        """Fill in what a received fapiao says; without one, keep what was entered."""
        for voucher in self:
            fapiao = voucher.fapiao_id
            if not fapiao:
                voucher.kind = voucher.kind or "01"
                continue
            code, number = parted(fapiao.number or "", fapiao.code or "")
            voucher.number, voucher.code = number, code or False
            is_special = KIND_OF.get(fapiao.type_code) == SPECIAL
            voucher.kind = "01" if is_number(number) else "02" if is_special else "03"
            voucher.date, voucher.total = fapiao.issue_date, fapiao.amount_total
            voucher.deducted = max(exact(fapiao.amount_total) - voucher._deducted_elsewhere(), ZERO)

    # ------------------------------------------------------------------ CRUD

    @contextmanager
    def _synced(self, moves):
        """Refuse changes where ``moves`` are posted, and recompute their tax behind a change of the deduction."""
        if posted := moves.filtered(lambda move: move.state != "draft"):
            raise UserError(
                self.env._(
                    "The vouchers of %s can't be changed: they have determined the tax that is posted. Reset it to"
                    " draft first.",
                    ", ".join(posted.mapped("display_name")),
                )
            )
        container = {"records": moves}
        with moves._check_balanced(container), moves._sync_dynamic_lines(container):
            yield

    @api.model_create_multi
    def create(self, vals_list):
        moves = self.env["account.move"].browse({vals["move_id"] for vals in vals_list if vals.get("move_id")})
        with self._synced(moves):
            return super().create(vals_list)

    def write(self, vals):
        moves = self.move_id | self.move_id.browse(vals.get("move_id") or [])
        with self._synced(moves):
            return super().write(vals)

    def unlink(self):
        with self._synced(self.move_id):
            return super().unlink()

    # ------------------------------------------------------------------ business methods

    def _neutral(self):
        """Return these vouchers as the rules know them (``rules.document.Voucher``), in their order."""
        return tuple(
            Voucher(
                kind=voucher.kind or "",
                total=exact(voucher.total),
                deducted=exact(voucher.deducted),
                number=(voucher.number or "").strip(),
                code=(voucher.code or "").strip(),
                date=voucher.date.isoformat() if voucher.date else "",
                remark=(voucher.remark or "").strip(),
            )
            for voucher in self
        )

    def _copied(self):
        """Return create commands of equal vouchers, for the credit note of the invoice."""
        names = ("sequence", "fapiao_id", "kind", "number", "code", "date", "total", "deducted", "remark")
        return [
            fields.Command.create(self._convert_to_write({name: voucher[name] for name in names})) for voucher in self
        ]

    def _deducted_elsewhere(self):
        """Return what posted documents beside this one deduct of the voucher (``Decimal``)."""
        self.ensure_one()
        return self._deducted_by([("move_id", "not in", self.move_id._origin.ids)]).get(self._key(), ZERO)

    def _overdrawn(self):
        """Return those of which all posted documents together deduct more than the total."""
        sums = self._deducted_by([])
        return self.filtered(lambda voucher: sums.get(voucher._key(), ZERO) > exact(voucher.total))

    def _deducted_by(self, domain):
        """Return ``{key of voucher: Decimal}``: what posted documents in ``domain`` deduct of these vouchers, as far as
        they have a number; credit notes give back.
        """
        numbers = [voucher.number for voucher in self if voucher.number]
        if not numbers:
            return {}
        # sudo: a voucher is used up whoever may see the other document
        rows = self.sudo().search(
            [
                ("company_id", "in", self.company_id.ids),
                ("number", "in", numbers),
                ("move_id.state", "=", "posted"),
                *domain,
            ]
        )
        sums = {}
        for row in rows:
            sign = -1 if row.move_id.move_type == "out_refund" else 1
            sums[row._key()] = sums.get(row._key(), ZERO) + sign * exact(row.deducted)
        return sums

    def _key(self):
        return self.company_id.id, self.code or "", self.number or ""
