"""Texts and queries of the reversal dialog for one or several fapiao of a credit note."""

import json

from odoo import models

from ..rules.red_document import check_from_plain


class FapiaoRedFlush(models.TransientModel):
    _inherit = "fapiao.red.flush"

    # ------------------------------------------------------------------ texts

    def _describe_scopes(self, plans):
        """Return what happens, a line for each fapiao, preceded by the total."""
        lines = [self._describe_scope(plan) for plan in plans]
        if len(plans) > 1:
            total = -sum(plan.order.total for plan in plans)
            intro = self.env._(
                "%(credit)s takes from %(count)s fapiao. Each gets a red fapiao, %(total)s in all:",
                credit=self.credit_id.display_name,
                count=len(plans),
                total=self.credit_id.company_currency_id.format(float(total)),
            )
            lines.insert(0, intro)
        return "\n".join(lines) or False

    def _describe_scope(self, plan):
        """Return what happens to the fapiao of ``plan``, as text."""
        fapiao, money = plan.fapiao, plan.fapiao.currency_id.format
        if plan.scope == "full":
            return self.env._(
                "Fapiao %(number)s over %(total)s is reversed in full.",
                number=fapiao.number,
                total=money(abs(float(plan.order.total))),
            )
        if plan.scope == "partial":
            return self.env._(
                "%(part)s of fapiao %(number)s over %(total)s are reversed.",
                part=money(abs(float(plan.order.total))),
                number=fapiao.number,
                total=money(fapiao.amount_total),
            )
        if len(self.more_ids) and self.credit_id:
            return self.env._(
                "Fapiao %(number)s over %(total)s is reversed in full, and what remains of it is issued anew"
                " as soon as all are reversed.",
                number=fapiao.number,
                total=money(fapiao.amount_total),
            )
        rest = sum(float(move._fapiao_rest_without(fapiao)) for move in fapiao._invoices())
        return self.env._(
            "This cloud reverses in full only. So fapiao %(number)s over %(total)s is reversed in full, and"
            " as soon as that is done a new one over %(rest)s is issued for what remains of the invoice.",
            number=fapiao.number,
            total=money(fapiao.amount_total),
            rest=money(rest),
        )

    # ------------------------------------------------------------------ queries

    def _ask_all(self):
        """Query the bureau for each of the fapiao; one refusal prevents the reversal of all."""
        self._ask()
        if not self.more_ids or self.answer != "allowed":
            return
        first = (self.fapiao_id, self.number, self.check, self.answer_text)
        checks = {}
        for fapiao in self.more_ids:
            # sudo: as in _note
            self.sudo().write({"fapiao_id": fapiao.id, "number": fapiao.number})
            self._ask()
            if self.answer != "allowed":
                break
            checks[fapiao.number] = json.loads(self.check)
        fapiao, number, check, text = first
        values = {"fapiao_id": fapiao.id, "number": number, "more_checks": json.dumps(checks)}
        if self.answer == "allowed":
            values |= {"check": check, "answer_text": text}
        else:
            values["answer_text"] = f"{self.number}: {self.answer_text}"
        self.sudo().write(values)  # sudo: as in _note

    def _more_check_answers(self):
        said = json.loads(self.more_checks or "{}")
        return {number: check_from_plain(check) for number, check in said.items()}
