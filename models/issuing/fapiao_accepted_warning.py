"""Model ``fapiao.accepted.warning``: a warning before issuing that a person has accepted for a partner or product.

The same warning about the same partner or product isn't shown again, as long as what it states is the same.
"""

from dataclasses import replace

from odoo import api, fields, models

from ...rules.problems import PARTNER, REMEMBERED, errors


class FapiaoAcceptedWarning(models.Model):
    _name = "fapiao.accepted.warning"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Accepted Fapiao Warning"
    _order = "id desc"
    _rec_name = "message"

    code = fields.Char(required=True, readonly=True)
    facts = fields.Char(readonly=True, help="What the warning depends on, such as the tax number.")
    message = fields.Text("Warning", required=True, readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True, index="btree_not_null", ondelete="cascade")
    product_id = fields.Many2one("product.product", readonly=True, index="btree_not_null", ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", "Accepted By", required=True, readonly=True)
    create_date = fields.Datetime("Accepted On", readonly=True)

    @api.model
    def _without_accepted(self, all_built):
        """Return ``all_built`` without the warnings that were accepted before; an error always stays."""
        about = [self._keys_of(built) for built in all_built]
        if not (wanted := {key for keys in about for key in keys.values()}):
            return all_built
        accepted = self._known(wanted)
        return [
            replace(
                built, problems=[one for number, one in enumerate(built.problems) if keys.get(number) not in accepted]
            )
            for built, keys in zip(all_built, about, strict=True)
        ]

    @api.model
    def _accept(self, all_built):
        """Remember the warnings of ``all_built``, which the user has just accepted."""
        new = {}
        for built in all_built:
            for number, key in self._keys_of(built).items():
                new[key] = built.sources[:1]._fapiao_describe(replace(built.problems[number], fix=""))
        known = self._known(new) if new else set()
        # sudo: only this flow accepts, by a person's click
        self.sudo().create(
            [
                {
                    **dict(zip(("company_id", "code", "partner_id", "product_id", "facts"), key, strict=True)),
                    "message": message,
                    "user_id": self.env.uid,
                }
                for key, message in new.items()
                if key not in known
            ]
        )

    @api.model
    def _known(self, keys):
        """Return those of ``keys`` that were accepted; one query."""
        # sudo: what was accepted holds for all who issue
        rows = self.sudo().search(
            [("company_id", "in", [key[0] for key in keys]), ("code", "in", [key[1] for key in keys])]
        )
        return {(row.company_id.id, row.code, row.partner_id.id, row.product_id.id, row.facts or "") for row in rows}

    @api.model
    def _keys_of(self, built):
        """Return ``{place in the problems: key}`` of the warnings of ``built`` that may be remembered."""
        stopping, keys = errors(built.problems), {}
        for number, problem in enumerate(built.problems):
            if problem in stopping or problem.code not in REMEMBERED:
                continue
            about, names = REMEMBERED[problem.code]
            documents = built.sources
            partner, product = documents.env["res.partner"], documents.env["product.product"]
            if about == PARTNER:
                partner = documents[:1]._fapiao_partner_of(problem)
            else:
                product = documents._fapiao_line_of(problem).product_id[:1]
            if partner or product:
                facts = " ".join(str(problem.values.get(name, "")) for name in names)
                keys[number] = (documents[:1].company_id.id, problem.code, partner.id, product.id, facts)
        return keys
