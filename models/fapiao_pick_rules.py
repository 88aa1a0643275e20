"""The five rules of the assistant (``ticketParam``), held here as well: what a page lets through counts only
if the company's own settings do. Source: seed 002, 5.2; shared/protocols/kingdee-assistant.md."""

from odoo import models

from ..clouds.picking import UNUSED
from ..rules import taxno
from .fapiao_match import plain_name
from .fapiao_match_verdict import DEAD


class FapiaoPick(models.Model):
    _inherit = "fapiao.pick"

    def _why_refused(self, ticket, is_there=False):
        """Return in words why a :class:`~..clouds.picking.Ticket` may not be taken, or "". ``is_there``: the
        document has it already, so that its claim is our own."""
        company, row = self.company_id, ticket.fapiao
        problems = self._dead(row)
        if not row.amount_total:
            problems.append(self.env._("It has no amount."))
        if not is_there and not company.fapiao_pick_claimed and self._is_claimed_elsewhere(ticket.state):
            problems.append(
                self.env._("It is claimed already: %s.", ticket.state.claimed_by or self.env._("elsewhere"))
            )
        if ticket.state.is_personal:
            if not company.fapiao_pick_personal:
                problems.append(
                    self.env._("It is a personal fapiao. Ask the seller for one in the company's name.")
                )
        else:
            problems += self._wrong_title(row)
        if ticket.state.verified is False and not company.fapiao_pick_unverified:
            problems.append(
                self.env._("The tax bureau could not verify it. Correct its data, or don't use it.")
            )
        return " ".join(problems)

    def _dead(self, row):
        if row.status not in (*DEAD, "red"):
            return []
        return [
            {
                "red": self.env._("It was reversed by a red fapiao."),
                "void": self.env._("It is void."),
                "lost": self.env._("It is out of control (失控) at the tax bureau."),
                "abnormal": self.env._("It is abnormal (异常) at the tax bureau."),
            }[row.status]
        ]

    def _is_claimed_elsewhere(self, state):
        own = {self.key, self.number, *map(self.account_id._assistant_key, self._documents())}
        return state.claim not in ("", UNUSED) and state.claimed_by not in own

    def _wrong_title(self, row):
        """Tickets without a buyer (taxi, paper train) have no title that could be wrong."""
        if not (row.buyer_name or row.buyer_tax_no):
            return []
        company, problems = self.company_id, []
        if not company.fapiao_pick_title and plain_name(row.buyer_name) != plain_name(company.name):
            problems.append(
                self.env._(
                    "It is made out to %(title)s, not to %(company)s.",
                    title=row.buyer_name or "–",
                    company=company.name,
                )
            )
        ours = taxno.normalise(self.account_id.tax_no)
        if not company.fapiao_pick_tax_no and taxno.normalise(row.buyer_tax_no) != ours:
            problems.append(
                self.env._(
                    "Its buyer's tax number is %(theirs)s, not %(ours)s.",
                    theirs=row.buyer_tax_no or "–",
                    ours=ours,
                )
            )
        return problems
