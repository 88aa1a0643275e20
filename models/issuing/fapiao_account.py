"""Model ``fapiao.account``: what waits to be sent through an account, the credit line between two questions, and what
is going to be taken of it.

Source: docs/protocols/tax-rules.md#credit-line. The line is the taxpayer's: accounts with the same tax number and mode
share it.
"""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..cloud import gate
from ..cloud.fapiao_task_mixin import UNSENT_STATES
from ..values import beijing_today, exact

POSTED, DRAFT, ORDER = "posted", "draft", "order"
# What is older is no expectation: sales to people who never ask for a fapiao stay open for good
EXPECTED_FOR = timedelta(days=180)


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    credit_expected = fields.Monetary(
        compute="_compute_credit_expected",
        compute_sudo=True,
        help="What this month's fapiao will probably take of the credit line, without tax: posted invoices without"
        " fapiao, drafts and confirmed orders due by the end of the month, of the last 180 days.",
    )
    credit_expected_posted = fields.Monetary(
        "Posted, Without Fapiao", compute="_compute_credit_expected", compute_sudo=True
    )
    credit_expected_draft = fields.Monetary("Draft Invoices", compute="_compute_credit_expected", compute_sudo=True)
    credit_expected_order = fields.Monetary("Confirmed Orders", compute="_compute_credit_expected", compute_sudo=True)
    credit_short_on = fields.Date(
        "Credit Runs Out",
        compute="_compute_credit_expected",
        compute_sudo=True,
        help="The day of this month on which what is expected exceeds what is left of the credit line.",
    )
    credit_short = fields.Boolean(compute="_compute_credit_short", compute_sudo=True)
    credit_short_told_on = fields.Date(readonly=True, copy=False, help="Of the last warning that it will run out.")

    # ------------------------------------------------------------------ computes

    @api.depends("credit_left", "credit_at", "credit_is_over", "credit_seems_old", "company_id")
    def _compute_credit_expected(self):
        demand = self._origin._credit_demand()
        for account in self:
            rows = demand.get(account._origin, [])
            sums = dict.fromkeys((POSTED, DRAFT, ORDER), exact(0))
            for _day, kind, amount in rows:
                sums[kind] += amount
            account.credit_expected_posted = float(sums[POSTED])
            account.credit_expected_draft = float(sums[DRAFT])
            account.credit_expected_order = float(sums[ORDER])
            account.credit_expected = float(sum(sums.values()))
            # a figure of last month tells nothing of this one
            is_known = account.credit_at and not (account.credit_is_over or account.credit_seems_old)
            account.credit_short_on = is_known and short_on(exact(account.credit_left), rows)

    @api.depends("credit_short_on", "company_id.fapiao_credit_days")
    def _compute_credit_short(self):
        today = beijing_today()
        for account in self:
            company = account.company_id
            until = today + timedelta(days=company.fapiao_credit_days)
            is_watched = company.fapiao_credit_days and account.credit_short_on
            account.credit_short = bool(is_watched and account.credit_short_on <= until)

    # ------------------------------------------------------------------ actions

    def action_move_unsent(self):
        """Open the dialog that sends what waits at this account through another one of the same taxpayer."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        waiting = [("account_id", "=", self.id), ("state", "in", UNSENT_STATES)]
        return self.env["fapiao.request.move"]._open(self.env["fapiao.request"].search(waiting))

    # ------------------------------------------------------------------ branches

    def _companies(self):
        """Return the companies that this account is of: its own, and the branches that are the same taxpayer."""
        self.ensure_one()
        return self.sudo().company_id._fapiao_same_taxpayer()  # sudo: users of a branch may lack access to its parents

    # ------------------------------------------------------------------ issued since the cloud was asked

    def _credit_taken(self):
        """A red fapiao gives back what it reverses in the month of issue, and nothing later. Codes of what is not taxed
        don't count, see :func:`~..rules.credit.counted`."""
        if not self.ids:
            return {}
        self.env["fapiao"].flush_model()
        self.flush_model(["credit_counted_to", "credit_since", "tax_no", "mode"])
        rows = self.env.execute_query(
            SQL(
                """SELECT a.id, SUM(f.amount_untaxed - COALESCE(untaxed.amount, 0))
                     FROM fapiao_account a
                     JOIN fapiao_account peer ON peer.tax_no = a.tax_no AND peer.mode = a.mode
                     JOIN fapiao f ON f.account_id = peer.id AND f.direction = 'out'
                          AND f.id > COALESCE(a.credit_counted_to, 0) AND f.issued_at > a.credit_since
                LEFT JOIN fapiao blue ON blue.id = f.original_id
                LEFT JOIN LATERAL (SELECT SUM(l.amount_untaxed) AS amount FROM fapiao_line l
                                    WHERE l.fapiao_id = f.id AND l.code LIKE '6%%') untaxed ON TRUE
                    WHERE a.id = ANY(%s)
                      AND (f.color = 'blue'
                           OR date_trunc('month', f.issue_date) = date_trunc('month', blue.issue_date))
                    GROUP BY a.id""",
                list(self.ids),
            )
        )
        return {self.browse(id_): exact(amount) for id_, amount in rows}

    def _credit_last_id(self):
        # numbers are drawn before the commit: one that was drawn by now belongs to a fapiao that exists by now
        self.env.cr.execute("SELECT last_value - (NOT is_called)::int FROM fapiao_id_seq")
        return self.env.cr.fetchone()[0]

    # ------------------------------------------------------------------ expected

    def _credit_demand(self):
        """Return ``{account: [(day, kind, Decimal)]}``: the amounts without tax that are expected to be issued
        through each of these accounts until the end of the month; the line is renewed every month.
        """
        accounts = self._credit_issuing()
        if not accounts:
            return {}
        today, demand = beijing_today(), {account: [] for account in self}
        last = today + relativedelta(day=31)
        for company_id, day, kind, amount in self._credit_rows(list(accounts), today, last):
            for account in accounts[company_id]:
                demand[account].append((day, kind, exact(amount)))
        return demand

    def _credit_issuing(self):
        """Return ``{company id: accounts}``: the companies that issue through these accounts, or through another one
        of the same taxpayer."""
        if not self.ids:
            return {}
        self.env["res.company"].flush_model(["fapiao_account_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT c.id, array_agg(a.id) FROM fapiao_account a
                     JOIN fapiao_account peer ON peer.tax_no = a.tax_no AND peer.mode = a.mode
                     JOIN res_company c ON c.fapiao_account_id = peer.id
                    WHERE a.id = ANY(%s) GROUP BY c.id""",
                list(self.ids),
            )
        )
        accounts = {company_id: self.browse(ids) for company_id, ids in rows}
        # sudo: which branches issue through them is the same for every user
        below = self.env["res.company"].sudo().search([("id", "child_of", list(accounts))])
        for branch in below.filtered(lambda company: company.id not in accounts):
            holder = branch._fapiao_lineage().filtered("fapiao_account_id")[:1]
            if holder.id in accounts:
                accounts[branch.id] = accounts[holder.id]
        return accounts

    def _credit_rows(self, company_ids, today, last):
        """Hook: return rows ``company id, day, kind, amount`` of what is expected from ``today`` until ``last``."""
        self.env["account.move"].flush_model()
        return self.env.execute_query(
            SQL(
                """SELECT company_id, %(today)s, 'posted',
                          SUM(fapiao_amount_open * amount_untaxed_signed / amount_total_signed)
                     FROM account_move
                    WHERE company_id = ANY(%(companies)s) AND move_type = 'out_invoice' AND state = 'posted'
                      AND fapiao_amount_open > 0 AND amount_total_signed > 0 AND invoice_date >= %(since)s
                    GROUP BY company_id
                    UNION ALL
                   SELECT company_id, GREATEST(invoice_date, %(today)s), 'draft', SUM(amount_untaxed_signed)
                     FROM account_move
                    WHERE company_id = ANY(%(companies)s) AND move_type = 'out_invoice' AND state = 'draft'
                      AND amount_untaxed_signed > 0 AND COALESCE(invoice_date, date) >= %(since)s
                      AND COALESCE(invoice_date, %(today)s) <= %(last)s
                    GROUP BY company_id, GREATEST(invoice_date, %(today)s)""",
                today=today,
                last=last,
                since=today - EXPECTED_FOR,
                companies=company_ids,
            )
        )

    # ------------------------------------------------------------------ warning

    def _watch_credit(self):
        """Warn the manager once a month that the credit line will run out; take it back when it won't."""
        for account in self.with_context(lang=self._first_manager().lang or self.env.lang):
            summary = account.env._("Credit line will run out")
            if not account.credit_short:
                if account.credit_short_told_on:
                    account.activity_ids.filtered(lambda activity, said=summary: activity.summary == said).unlink()
                    account.credit_short_told_on = False
                continue
            today = beijing_today()
            told = account.credit_short_told_on
            if told and (told.year, told.month) == (today.year, today.month):
                continue
            account.credit_short_told_on = today
            account._warn_manager(summary, account._describe_short())

    def _describe_short(self):
        money = self.currency_id.format
        return self.env._(
            "It will probably be used up on %(day)s: %(left)s is left, and %(expected)s is expected this month"
            " (posted without fapiao %(posted)s, drafts %(drafts)s, confirmed orders %(orders)s). Apply for more at"
            " the tax bureau.",
            day=fields.Date.to_string(self.credit_short_on),
            left=money(self.credit_left),
            expected=money(self.credit_expected),
            posted=money(self.credit_expected_posted),
            drafts=money(self.credit_expected_draft),
            orders=money(self.credit_expected_order),
        )


def short_on(left, rows):
    """Return the first day on which the amounts of ``rows`` (day, kind, amount) exceed ``left``, or False."""
    for day, _kind, amount in sorted(rows):
        left -= amount
        if left < 0:
            return day
    return False
