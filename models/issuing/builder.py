"""Builds neutral fapiao (drafts of ``rules/``) from invoices: exact decimals in CNY.

Sections in the order of a run: checks, lines, coverage and splitting, merging, unattributed amounts.
"""

# Messages are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from dataclasses import asdict, dataclass, field, replace

from ...rules import checks, codes, netting, rates, shares, taxno
from ...rules import draft as drafting
from ...rules.amounts import ZERO, net_of_gross, plain, round2
from ...rules.document import DIGITAL_PAPER, NOT_TAXABLE, Draft, Item
from ...rules.netting import waived
from ...rules.parties import check_registered_name
from ...rules.problems import Problem, _, errors
from ...rules.split import split
from ..values import ADVANCE_RECEIPT, exact, in_document_language, shortest
from . import fapiao_twins
from .fapiao_document_mixin import SEPARATOR
from .fapiao_request import LOST, WAY_OUT


@dataclass(frozen=True)
class Built:
    """One planned fapiao: a draft, or the problems that prevent it.

    ``moves`` are its invoices, several if merged. ``credits`` are the credit notes deducted from them.
    ``shares`` are create values for ``fapiao.request.line``: the slices it covers.
    """

    moves: object
    draft: Draft | None
    problems: list = field(default_factory=list)
    shares: list = field(default_factory=list)
    credits: object = None

    @property
    def documents(self):
        """Return the invoices and their credit notes."""
        return self.moves | self.credits if self.credits else self.moves

    @property
    def sources(self):
        """Return what the fapiao is issued for, by a click on it: invoices, or orders."""
        return self.documents

    @property
    def is_ready(self):
        return self.draft is not None and not errors(self.problems)


@dataclass(frozen=True)
class Wishes:
    """What a person says of the fapiao to be issued, by the names of ``rules.document.Draft``; where they say nothing,
    the settings of account and company decide. ``paper_code``, ``paper_number``: the sheet of the first one on paper.
    ``with_notes``: whether the notes among the lines are added to the remark; ``remark``: the whole of it.
    """

    issue_at_once: bool | None = None
    may_merge: bool | None = None
    organisation: str = ""
    priority: str = ""
    paper_code: str = ""
    paper_number: str = ""
    with_notes: bool | None = None
    remark: str | None = None

    def of_draft(self):
        """Return the fields of a draft, all but the remark."""
        values = asdict(self)
        return {name: values[name] for name in values.keys() - {"with_notes", "remark"}}


def on_sheets(all_built, first):
    """Return ``all_built`` with the numbers of their sheets, one after the other from ``first`` on."""
    step, placed = 0, []
    for built in all_built:
        if not (built.draft and built.draft.paper_number):
            placed.append(built)
            continue
        number = codes.following(first, step)
        placed.append(replace(built, draft=replace(built.draft, paper_number=number)))
        step += 1
    return placed


@dataclass(frozen=True)
class Catalogue:
    """Data read once for many invoices."""

    codes: dict  # product → fapiao.tax.code
    laws: dict  # digits of a code → rules.codes.Law
    names: dict  # product → name on the fapiao, or ""
    described: dict  # product → how core describes it, in each language
    quantity_digits: int


NOTHING = "nothing_to_issue"
QUANTITY_DIGITS = 6  # of fapiao.request.line, fine enough for a unit that is divided


@dataclass(frozen=True)
class Covered:
    """What valid fapiao and open requests cover, read once for many invoices."""

    by_key: dict  # item's key → (amount, tax, quantity), signed as the item
    parts: dict  # item's key → numbers of its used slices
    lost: dict = field(default_factory=dict)  # document → unattributed request lines: their line isn't on it any more

    def is_remnant(self, item):
        """Return whether all but some cents of tax is covered: they are added to the remaining lines."""
        return item.key in self.by_key and not item.amount and not item.is_gift


def lowest_free(numbers):
    """Return the lowest number, from 0 up, that is not in the set ``numbers``."""
    return next(number for number in range(len(numbers) + 1) if number not in numbers)


class Builder:
    """Builds the fapiao of invoices; see :meth:`_build`. The user of ``env`` is the drawer by default."""

    def __init__(self, env, wishes=None):
        self.env = env
        self.wishes = wishes or Wishes()
        self.is_printed = False  # whether the fapiao exists, whatever is decided of it

    def _build(self, moves, freed=None):
        """Return the :class:`Built` of ``moves``, in their order; reads only.

        One for each invoice, less its credit notes and what is covered already; several if it exceeds the
        limits of one fapiao. An invoice with an error has exactly one. ``freed`` (``fapiao.request.line``)
        count as covering nothing.
        """
        return self._build_groups(list(moves), freed)

    def _build_groups(self, groups, freed=None):
        """Return the ``Built`` of each group of invoices with a common fapiao."""
        moves = self.env["account.move"].union(*groups)
        documents = moves | moves._fapiao_credits()
        catalogue = self._catalogue(documents)
        covered = self._covered(documents, freed)
        twins = fapiao_twins.of_invoices(moves)
        overdrawn = moves.fapiao_voucher_ids._overdrawn()
        all_built = [
            built for group in groups for built in self._build_group(group, catalogue, covered, twins, overdrawn)
        ]
        return self.env["fapiao.accepted.warning"]._without_accepted(all_built)

    def _build_group(self, moves, catalogue, covered, twins, overdrawn):
        credits_ = moves._fapiao_credits()
        problems = self._once([problem for move in moves for problem in self._obstacles(move)])
        if any(move._fapiao_is_due() for move in moves):
            # what comes to 0.00 beside others, such as an invoice that is credited in full, adds nothing to the fapiao
            problems = [problem for problem in problems if problem.code != NOTHING]
        # what is left of a document with unattributed request lines is unknown
        lost = [self._lost_line(one, covered.lost[one]) for one in moves | credits_ if one in covered.lost]
        if problems := problems or lost or self._differential_problems(moves, credits_, overdrawn):
            return [Built(moves, None, problems)]
        move, company = moves[0], moves.company_id
        account = move._fapiao_account()
        limits = account._limits(catalogue.laws)
        parties = company._fapiao_seller(account), move.partner_id._fapiao_party(), move._fapiao_type_or_default()
        items, problems = self._net_items(moves, credits_, catalogue)
        items = items and self._uncovered(items, covered)
        problems += self._rounding_notes(moves)
        problems += self._company_problems(company, account) + [twins[move] for move in moves if move in twins]
        draft, found = self._draft(moves, items, covered, parties, limits)
        problems += found
        whole = Built(moves, draft, problems, [], credits_)
        if not draft:
            # the user sees all problems at once
            problems += checks.check_parties(*parties, limits)
            return [whole]
        return self._split(whole, items, covered, limits)

    def _draft(self, moves, items, covered, parties, limits):
        """Return ``(draft, problems)`` with the totals of ``items``, those of the ledger; ``(None, …)`` without items.

        ``items`` are ``(document, item)`` of the invoices ``moves`` and of their credit notes.
        """
        if items is None:
            return None, []
        move = moves[0]
        remark, problems = self._remark(moves, limits)
        draft, found = drafting.build(
            self._netted(moves, items, covered),
            *parties,
            sum((item.amount for _document, item in items), ZERO),
            sum((item.tax for _document, item in items), ZERO),
            limits=limits,
            remark=remark,
            drawer=move._fapiao_drawer_text() or self._drawer_of(move),
            **self._printed(
                move,
                [item for _document, item in items],
                move._fapiao_form_or_default(),
                next(filter(None, moves.mapped("fapiao_small_scale_reason")), ""),
            )
            | self._levied(move),
        )
        return draft, problems + found

    def _levied(self, move):
        """Return what differential taxation adds to the fapiao of ``move``: its levy, deduction and vouchers."""
        if not move.fapiao_levy:
            return {}
        vouchers = move.fapiao_voucher_ids._neutral()
        deduction = sum((voucher.deducted for voucher in vouchers), ZERO)
        return {"levy": move.fapiao_levy, "deduction": deduction, "vouchers": vouchers, "may_merge": False}

    def _differential_problems(self, moves, credits_, overdrawn):
        """Return why ``moves`` under differential taxation can't be issued as they stand beside other documents;
        ``overdrawn``: vouchers of which too much is deducted.
        """
        if not any(moves.mapped("fapiao_levy")):
            return []
        if credits_ and sum(exact(move.amount_total_signed) for move in moves | credits_):
            return [
                Problem(
                    "differential_credited",
                    _("%(invoice)s is credited in part, but its vouchers are deducted from the whole price."),
                    _("Credit the invoice in full; then invoice what remains, with the vouchers deducted from it."),
                    {"invoice": moves[0].display_name},
                )
            ]
        return [
            Problem(
                "voucher_overdrawn",
                _("Voucher %(number)s is deducted on other invoices too, together more than its total of %(total)s."),
                _("Reset the invoice to draft and deduct no more than what is left of it."),
                {"number": voucher.number, "total": f"{exact(voucher.total)}"},
            )
            for voucher in moves.fapiao_voucher_ids & overdrawn
        ]

    def _printed(self, document, items, form, reason=""):
        """Return what the settings of the company and the account of ``document`` and the wishes add to a fapiao over
        ``items``; ``reason``: for 3 percent, if a document names one.
        """
        company, account, wishes = document.company_id, document._fapiao_account(), self.wishes.of_draft()
        if form != DIGITAL_PAPER:
            wishes |= {"paper_code": "", "paper_number": ""}

        # the account's reason for charging 3 %, if a line is charged 3 %
        is_charged = any(item.amount > 0 and item.rate == rates.SMALL_SCALE for item in items)
        return {
            "payee": company._fapiao_setting("fapiao_payee") or "",
            "reviewer": company._fapiao_setting("fapiao_reviewer") or "",
            "small_scale_reason": is_charged and account.small_scale and (reason or account.small_scale_reason) or "",
            "form": form,
            **wishes,
            "show_seller_bank": company._fapiao_setting("fapiao_show_seller_bank"),
            "show_buyer_bank": company._fapiao_setting("fapiao_show_buyer_bank"),
        }

    def _netted(self, moves, items, covered):
        """Return the items of the invoices, each less its own credit notes."""
        netted = []
        for move in moves:
            own = [item for document, item in items if document == move and not covered.is_remnant(item)]
            taken = [item for document, item in items if document.reversed_entry_id == move]
            netted += netting.net(own, taken)
        return netted

    def _drawer_of(self, move):
        """Return the drawer if the company has none set; scheduled runs have no name to print."""
        user = move.invoice_user_id if self.env.user._is_superuser() else self.env.user
        return user.name or ""

    # ------------------------------------------------------------------ checks of the document

    def _obstacles(self, move):
        """Return the problems that prevent any fapiao for ``move``, whatever its lines."""
        return self._first_problem(
            move,
            self._document_problem,
            self._account_problem,
            self._currency_problem,
            lambda one: one._fapiao_decision_problem(),
            self._zero_problem,
            self._lost_lines_problem,
        )

    @staticmethod
    def _first_problem(document, *checks_in_turn):
        """Return a list with the first problem that a check finds, or an empty one."""
        found = (check(document) for check in checks_in_turn)
        return [problem for problem in found if problem][:1]

    def _document_problem(self, move):
        values = {"invoice": move.display_name}
        if move.move_type != "out_invoice":
            return Problem(
                "not_an_invoice",
                _("%(invoice)s is not a customer invoice, so no fapiao can be issued for it."),
                _("Issue from a customer invoice; a credit note is answered by a red fapiao."),
                values,
            )
        if move.state != "posted":
            return Problem("not_posted", _("%(invoice)s is not posted."), _("Confirm the invoice first."), values)
        return None

    def _account_problem(self, move):
        account = move._fapiao_account()
        values = {"company": move.company_id.display_name, "account": account.display_name}
        if not account:
            return Problem(
                "no_account",
                _("%(company)s has no fapiao account."),
                _("Choose one in Settings > Accounting > Fapiao."),
                values,
            )
        if not account.active:
            return Problem(
                "account_archived",
                _("The fapiao account %(account)s of %(company)s is archived."),
                _("Restore it, or choose another in Settings > Accounting > Fapiao."),
                values,
            )
        return None

    def _currency_problem(self, move):
        company = move.company_id
        values = {"company": company.display_name, "currency": move.currency_id.name}
        if company.currency_id.name != "CNY":
            return Problem(
                "company_currency",
                _("The books of %(company)s are not kept in CNY, the only currency of a fapiao."),
                _("Issue the fapiao from a company whose currency is CNY."),
                values,
            )
        if self._lacks_rate(move):
            return Problem(
                "no_currency_rate",
                _("There is no exchange rate for %(currency)s, so the books took one for one yuan."),
                _("Enter the rate, then reset the invoice to draft and confirm it again."),
                values,
            )
        return None

    def _zero_problem(self, move):
        documents = move | move._fapiao_credits()
        if sum(exact(document._fapiao_total()) for document in documents):
            return None
        return Problem(
            NOTHING,
            _("%(invoice)s comes to 0.00, so there is nothing to issue."),
            _("Nothing needs to be done."),
            {"invoice": move.display_name},
        )

    def _lacks_rate(self, move):
        """Return whether the ledger used 1:1 because there is no rate (``res.currency._get_rates``)."""
        is_converted = move.currency_id != move.company_id.currency_id
        return is_converted and exact(move.invoice_currency_rate, 12) == 1 and not self._has_rate(move)

    def _has_rate(self, document, *conditions):
        company = document.company_id.root_id
        domain = [("currency_id", "=", document.currency_id.id), ("company_id", "in", (False, company.id)), *conditions]
        # sudo: reads only whether there is a rate
        return bool(self.env["res.currency.rate"].sudo().search_count(domain, limit=1))

    def _company_problems(self, company, account):
        """Return the problems of a company that isn't the taxpayer of ``account``, or has another name there."""
        company = company._fapiao_taxpayer()
        own = company.partner_id._fapiao_tax_no()
        number = taxno.normalise(account.tax_no)
        values = {"company": company.display_name, "own": own, "number": number}
        if not own:
            return [
                Problem(
                    "company_tax_no_missing",
                    _("%(company)s has no tax number, but its fapiao account is that of %(number)s."),
                    _("Enter the number as Tax ID on the contact of your company."),
                    values,
                )
            ]
        if own != number:
            return [
                Problem(
                    "company_tax_no_differs",
                    _("%(company)s has the tax number %(own)s, its fapiao account is that of %(number)s."),
                    _("Correct whichever is wrong: the Tax ID of the company, or the account it has chosen."),
                    values,
                )
            ]
        return check_registered_name(company.name, account.registered_name)

    # ------------------------------------------------------------------ lines: amounts as booked, rate, texts

    def _catalogue(self, moves):
        lines = moves.invoice_line_ids
        return self._catalogue_of(lines.product_id | self._advanced_for(lines), lines)

    def _catalogue_of(self, products, lines):
        by_product = products._fapiao_code()
        return Catalogue(
            by_product,
            lines.fapiao_tax_code_id.union(*by_product.values())._laws(),
            products._fapiao_item_name(),
            products._fapiao_described(),
            self.env["decimal.precision"].precision_get("Product Unit"),
        )

    def _net_items(self, moves, credits_, catalogue):
        """Return ``([(document, item)], problems)`` of invoices and their credit notes."""
        items, problems = [], []
        for document in moves | credits_:
            found, faults = self._items(document, catalogue)
            problems += faults
            items += [(document, item) for item in found or []]
        problems += [problem for move in moves for problem in move._fapiao_line_problems()]
        return (None if problems else items), self._once(problems)

    def _items(self, move, catalogue):
        """Return ``(items, problems)``: the document's lines as booked, in CNY, those of a credit note with
        opposite sign. Returns ``None`` instead of items if one of them is invalid.

        Amounts are those of the journal items: a posted entry is valid even if rounding method or price of a
        tax has changed since. Core only assigns the booked tax to the lines.
        """
        base_lines = self._base_lines(move)
        base_lines.sort(key=lambda base_line: (base_line["record"].sequence, base_line["record"].id))
        items, problems = [], []
        for base_line in base_lines:
            if base_line["record"].display_type != "product":
                problems += self._special_line_problems(base_line["record"])
                continue
            item, found = self._item(base_line, catalogue)
            items.append(item)
            problems += found
        if problems:
            return None, self._once(problems)
        if left_off := self._left_off(move):
            # the others keep the taxes of core: what is left off may cancel them out in the books
            items = [item for item in items if int(item.key) not in left_off.ids]
        else:
            items = self._with_booked_tax(items, self._booked_tax(move))
        return waived(self._as_advances(items, catalogue), self._rounded_down(move)), []

    def _booked_tax(self, move):
        """Return the tax of the document without what cash rounding has added to it."""
        added = move._fapiao_rounding_lines().filtered("tax_repartition_line_id")
        return exact(move.amount_tax_signed) + sum(map(exact, added.mapped("balance")), ZERO)

    def _rounded_down(self, move):
        """Return by how much cash rounding has lowered the total; negative of a credit note."""
        lines = move._fapiao_rounding_lines() - move._fapiao_rounding_up()
        return sum(map(exact, lines.mapped("balance")), ZERO)

    def _left_off(self, move):
        """Return the lines that stay off; of a fapiao that exists, its down payment doesn't."""
        lines = move._fapiao_left_off()
        if lines and self.is_printed and move._fapiao_may_decide():
            return lines.filtered(lambda line: line.balance > 0)
        return lines

    def _total_without(self, move, left_off):
        """Return the total that :meth:`_items` gives where ``left_off`` isn't empty."""
        sign = -1 if move.move_type == "out_refund" else 1
        total = -self._rounded_down(move)
        for base_line in self._base_lines(move):
            line = base_line["record"]
            if line.display_type == "product" and line not in left_off:
                total += exact(-line.balance)
                total += sign * sum(exact(one["tax_amount"]) for one in base_line["tax_details"]["taxes_data"])
        return float(total)

    def _base_lines(self, move):
        """Return core's base lines of the document with their booked taxes, without what cash rounding has added to
        the largest tax.
        """
        base_lines, tax_lines = move._get_rounded_base_and_tax_lines()
        booked = [tax_line for tax_line in tax_lines if tax_line["record"].display_type != "rounding"]
        if len(booked) < len(tax_lines):
            self.env["account.tax"]._round_base_lines_tax_details(base_lines, move.company_id, tax_lines=booked)
        return base_lines

    def _item(self, base_line, catalogue):
        line = base_line["record"]
        amount = exact(-line.balance)
        is_gift = self._is_gift(line, amount)
        tax_data, problems = self._tax_of(base_line) if amount or is_gift else (None, [])
        product = line.product_id or self._advanced_for(line)
        has_code = product or line.fapiao_tax_code_id or self._receipt_code(line)
        if (amount > 0 or is_gift) and not has_code:
            problems = [*problems, self._no_product(line)]
        sign = -1 if line.move_id.move_type == "out_refund" else 1
        return Item(
            **self._texts_of(line, product, tax_data, catalogue),
            key=str(line.id),
            amount=amount,
            tax=sign * exact(tax_data["tax_amount"]) if tax_data else ZERO,
            quantity=sign * exact(line.quantity, catalogue.quantity_digits),
            discount=self._discount(base_line, tax_data, shortest(line.quantity), amount) if sign > 0 else ZERO,
            document=str((line.move_id.reversed_entry_id or line.move_id).id),
        ), problems

    def _as_advances(self, items, catalogue):
        """Return ``items`` with down payments as their fapiao shows them: goods of the order by their own name, or an
        advance receipt, which is not taxed. They have no quantity, for nothing is delivered yet.
        """
        lines = self.env["account.move.line"].browse(int(item.key) for item in items)
        advances = lines.move_id._fapiao_advance_lines()
        return [
            self._as_advance(line, item, catalogue) if line in advances else item
            for line, item in zip(lines, items, strict=True)
        ]

    def _as_advance(self, line, item, catalogue):
        code = self._receipt_code(line)
        if code:
            return replace(
                item,
                name=code.name,
                code=code.code,
                short_name=code.short_name or "",
                amount=item.amount + item.tax,
                tax=ZERO,
                rate=ZERO,
                zero_kind=NOT_TAXABLE,
                policy="",
                quantity=None,
            )
        goods = in_document_language(line.product_id or self._advanced_for(line))
        return replace(item, name=catalogue.names.get(goods) or goods.name or item.name, quantity=None)

    def _receipt_code(self, line):
        """Return the code of the advance receipt that the fapiao of a down payment is, or none."""
        move = line.move_id.reversed_entry_id or line.move_id
        is_receipt = line.is_downpayment and move.fapiao_advance == ADVANCE_RECEIPT
        return move.fapiao_advance_code_id if is_receipt else self.env["fapiao.tax.code"]

    def _texts_of(self, line, product, tax_data, catalogue):
        """Return the values of an ``Item`` that don't depend on quantity and amount."""
        code = line.fapiao_tax_code_id or catalogue.codes.get(product)
        tax = tax_data["tax"] if tax_data else self.env["account.tax"]
        return {
            "name": self._name_of(line, catalogue),
            "code": code.code if code else "",
            "short_name": code.short_name or "" if code else "",
            "rate": exact(tax.amount, 4) / 100,
            "spec": line.product_id._fapiao_spec(line.company_id),
            "goods_code": line.product_id.default_code or "",
            "note": " ".join((line.name or "").strip().split("\n")[1:]),
            "unit": line.product_uom_id.fapiao_name or "",
            "zero_kind": tax.fapiao_zero_kind or "",
            "policy": tax.fapiao_policy or product.fapiao_policy or "",
            "coal_kind": product.fapiao_coal_kind or "",
        }

    # ------------------------------------------------------------------ tax

    def _tax_of(self, base_line):
        """Return ``(tax_data, problems)`` of the one VAT of the line: a fapiao line has exactly one rate.

        In core's ``taxes_data`` groups are expanded, and taxes withheld on payment are not included.
        """
        taxes_data, line = base_line["tax_details"]["taxes_data"], base_line["record"]
        values = {"line": self._words_of(line)}
        if not taxes_data:
            problem = Problem(
                "no_tax",
                _("Line “%(line)s” has no tax."),
                _("Choose a VAT; a zero rate needs the one that says why it is zero."),
                values,
                line=str(line.id),
            )
            return None, [problem]
        tax = taxes_data[0]["tax"]
        if len(taxes_data) != 1 or tax.amount_type != "percent" or tax.amount < 0:
            problem = Problem(
                "several_taxes",
                _("Line “%(line)s” has more than one tax, or one that is no percentage."),
                _("A fapiao line carries exactly one VAT rate: leave just that on the line."),
                values,
                line=str(line.id),
            )
            return None, [problem]
        return taxes_data[0], []

    def _with_booked_tax(self, items, tax_total):
        """Return ``items`` whose taxes sum to the booked ``tax_total``, so that a request covers the whole
        invoice. Core leaves a rest if the taxes of a rate cancel out; it is added to the largest item.
        """
        rest = tax_total - sum((item.tax for item in items), ZERO)
        if not rest or not items:
            return items
        largest = max(items, key=lambda item: (bool(item.rate), item.amount))
        return [replace(item, tax=item.tax + rest) if item is largest else item for item in items]

    def _discount(self, base_line, tax_data, quantity, amount):
        """Return the tax-exclusive discount included in ``amount``: list price of ``quantity`` less ``amount``.

        A negative discount has raised the price.
        """
        line = base_line["record"]
        if amount < 0 or not tax_data or exact(line.discount, 6) <= 0:
            return ZERO
        listed = shortest(line.price_unit) * quantity / shortest(base_line["rate"])
        if tax_data["price_include"]:
            listed = net_of_gross(listed, exact(tax_data["tax"].amount, 4) / 100)
        return max(round2(listed) - amount, ZERO)

    @staticmethod
    def _is_gift(line, amount):
        """Return whether the line of an invoice has a price, all of which is discounted."""
        is_sold = line.move_id.move_type == "out_invoice" and line.price_unit * line.quantity > 0
        return not amount and is_sold and line.discount > 0

    # ------------------------------------------------------------------ texts

    def _name_of(self, line, catalogue):
        """Return the item name: that of the product for fapiao, else the first line of the description. One that was
        not typed, but is the product's in any language, becomes the product's in the document's language.
        """
        product, words = line.product_id, self._words_of(line)
        if name := catalogue.names.get(product) or (words not in catalogue.described.get(product, {""}) and words):
            return name
        named = in_document_language(product).with_context(display_default_code=False)
        # attributes printed as specification are not repeated
        attributes = line.company_id.fapiao_spec_source == "attributes" and not product.fapiao_spec
        return (named.name if attributes else named.display_name) or ""

    def _words_of(self, line):
        """Return the first line of the description without the product's reference, which has its own column."""
        words = (line.name or "").strip().split("\n", 1)[0]
        if reference := line.product_id.default_code:
            words = words.removeprefix(f"[{reference}]").strip()
        return words

    def _advanced_for(self, lines):
        """Return the goods that down payments are for: the most expensive of the order with the same taxes.

        Sales books a down payment on a line without a product, but its fapiao needs the classification.
        """
        products = self.env["product.product"]
        for line in lines.filtered(lambda line: line.is_downpayment and not line.product_id):
            # sudo: users who invoice an order may lack access to it
            sold = line.sudo().sale_line_ids.order_id.order_line.filtered("product_id")
            alike = sold.grouped("tax_ids").get(line.tax_ids, sold[:0])
            products |= alike.sorted("price_subtotal", reverse=True)[:1].product_id.sudo(False)
        return products

    # ------------------------------------------------------------------ lines that can't be issued

    def _special_line_problems(self, line):
        """Return why a line without goods and rate can't be issued: early payment discount. Cash rounding can."""
        if line.display_type == "rounding" or not exact(line.balance):
            return []
        return [
            Problem(
                "early_payment",
                _("The payment terms take off tax in advance for early payment; no fapiao can show it."),
                _("Choose payment terms that reduce the tax only on early payment, or never."),
            )
        ]

    def _rounding_notes(self, moves):
        """Return a warning for each of ``moves`` that cash rounding has raised."""
        raised = {move: -sum(map(exact, move._fapiao_rounding_up().mapped("balance"))) for move in moves}
        return [
            Problem(
                "rounding_left_out",
                _("Cash rounding has raised %(invoice)s by %(amount)s, which stays off the fapiao: it is no price."),
                _("Nothing needs to be done; the invoice itself stays as it is."),
                {"invoice": move.display_name, "amount": plain(amount)},
                severity="warning",
            )
            for move, amount in raised.items()
            if amount
        ]

    def _no_product(self, line):
        return Problem(
            "product_missing",
            _("Line “%(line)s” has no product, and so no tax classification code."),
            _("Choose a product on the line, or a tax classification code."),
            {"line": self._words_of(line)},
            line=str(line.id),
        )

    def _once(self, problems):
        """Return ``problems`` without duplicates."""
        return [problem for number, problem in enumerate(problems) if problem not in problems[:number]]

    # ------------------------------------------------------------------ coverage

    def _covered(self, documents, freed=None):
        """Return the :class:`Covered` of ``documents``, without the request lines ``freed``."""
        # sudo: coverage is the same for every user
        lines = documents.sudo().fapiao_request_line_ids.filtered("live")
        if freed:
            lines -= freed.sudo()
        by_key, parts = {}, {}
        lost = lines.filtered(lambda line: line.move_line_id.move_id != line.move_id and not line.lost_fapiao_id)
        for line in lines.filtered("move_line_id") - lost:
            key = str(line.move_line_id.id)
            figures = (
                exact(line.amount_untaxed),
                exact(line.amount_tax),
                exact(line.quantity, QUANTITY_DIGITS),
            )
            by_key[key] = self._add(by_key.get(key), figures)
            parts.setdefault(key, set()).add(line.part)
        return Covered(
            by_key,
            parts,
            {documents.browse(move.id): rows for move, rows in lost.grouped("move_id").items()},
        )

    def _lost_line(self, document, rows):
        return Problem(
            "cover_without_line",
            _("%(numbers)s stands for a line that %(document)s does not have any more."),
            _("Reverse that fapiao, or withdraw the request if nothing is issued; then issue again."),
            {
                "document": document.display_name,
                "numbers": rows._describe_what_binds() or ", ".join(rows.request_id.mapped("display_name")),
            },
        )

    def _add(self, before, figures):
        if not before:
            return figures
        return tuple(one + other for one, other in zip(before, figures, strict=True))

    def _uncovered(self, items, covered):
        """Return the ``(document, item)`` of ``items`` as far as they are not covered."""
        documents = {item.key: document for document, item in items}
        left = shares.uncovered([item for _document, item in items], covered.by_key)
        return [(documents[item.key], item) for item in left]

    # ------------------------------------------------------------------ splitting

    def _split(self, whole, items, covered, limits):
        """Return the ``Built`` into which ``whole`` (one, with its draft) is split under ``limits``. With an
        error in one of them nothing is issued, since half an invoice is not useful.
        """
        details = self._details(self._documents_of(whole))
        drafts, problems = split(whole.draft, limits, details)
        if drafts and len(drafts) == 1:
            whole = replace(whole, draft=drafts[0])
        problems = self._once([*whole.problems, *problems, *self._checked(whole.draft, drafts, limits, details)])
        if errors(problems) or len(drafts) == 1:
            share_values = self._share_values(items, [whole.draft], covered)[0]
            return [replace(whole, problems=problems, shares=share_values)]
        parts = [
            self._part_of(whole, draft, share_values)
            for draft, share_values in zip(drafts, self._share_values(items, drafts, covered), strict=True)
        ]
        # a warning about the invoice is shown once
        return [replace(parts[0], problems=problems), *parts[1:]]

    def _documents_of(self, whole):
        """Return the documents that say what a special element wants to know."""
        return whole.moves

    def _details(self, documents):
        """Return the details of their special elements, rows by element; those of the first document that has one."""
        found = {}
        for document in documents:
            found = {**document._fapiao_details(), **found}
        return found

    def _checked(self, whole, drafts, limits, details):
        """Return the problems of ``drafts``, the split ``whole``; they share one credit line."""
        if drafts is None:
            limits = replace(limits, amount_limit=None)
            drafts = split(whole, limits, details)[0] or [whole]
        if len(drafts) == 1:
            return checks.preflight(drafts[0], limits)
        apart = replace(limits, credit_left=None)
        found = [problem for draft in drafts for problem in checks.preflight(draft, apart)]
        return found + checks.check_credit(whole.lines, limits)

    def _part_of(self, whole, draft, share_values):
        documents = {values["move_id"] for values in share_values}
        return replace(
            whole,
            moves=whole.moves.filtered(lambda move: move.id in documents),
            credits=whole.credits and whole.credits.filtered(lambda move: move.id in documents),
            draft=draft,
            problems=[],
            shares=share_values,
        )

    def _share_values(self, items, drafts, covered):
        """Return create values for ``fapiao.request.line``, a list for each of ``drafts``.

        A slice takes the lowest free number: two concurrent requests for the same line conflict in the unique
        index whatever the size of their slices.
        """
        documents = {item.key: document for document, item in items}
        taken = {key: set(numbers) for key, numbers in covered.parts.items()}
        values = []
        for of_part in shares.allot([item for _document, item in items], [draft.lines for draft in drafts]):
            values.append([])
            for sequence, share in enumerate(of_part, start=1):
                numbers = taken.setdefault(share.item.key, set())
                part = lowest_free(numbers)
                numbers.add(part)
                document = documents[share.item.key]
                values[-1].append({**self._values_of_share(document, share, sequence), "part": part})
        return values

    def _shares(self, items):
        """Return create values for the lines of one request over all ``items``, ``(document, item)``."""
        return [
            self._values_of_share(document, shares.Share(item, item.amount, item.tax, item.quantity or ZERO), sequence)
            for sequence, (document, item) in enumerate(items, start=1)
        ]

    def _rest_of(self, moves):
        """Return ``(credit notes, items, shares, problems)`` of what of the invoices ``moves`` no fapiao stands for,
        whatever the rules of issuing say of it.

        ``items``: ``(document, item)``; ``shares``: create values of one request over them; ``problems``: why the
        uncovered lines are not known.
        """
        self.is_printed = True
        credits_ = moves._fapiao_credits()
        documents = moves | credits_
        covered = self._covered(documents)
        problems = [self._lost_line(one, covered.lost[one]) for one in documents if one in covered.lost]
        problems += filter(None, map(self._lost_lines_problem, moves))
        items, found = self._net_items(moves, credits_, self._catalogue(documents))
        items = self._uncovered(items or [], covered)
        shares_ = [
            {**values, "part": lowest_free(covered.parts.get(item.key, set()))}
            for values, (_document, item) in zip(self._shares(items), items, strict=True)
        ]
        return credits_, items, shares_, problems + found

    def _built_as_printed(self, moves, draft, shares_, credits_):
        """Return the :class:`Built` of a fapiao that exists: ``draft`` is what is printed on it."""
        return Built(moves, draft, [], shares_, credits_)

    def _values_of_share(self, document, share, sequence):
        return {
            "sequence": sequence,
            "move_id": document.id,
            "move_line_id": int(share.item.key),
            "name": share.item.name,
            "quantity": float(share.quantity),
            "amount_untaxed": float(share.amount),
            "amount_tax": float(share.tax),
        }

    # ------------------------------------------------------------------ merging on one fapiao

    def _build_merged(self, moves, freed=None):
        """Return the ``Built`` of ``moves`` on one fapiao, or on as few as the limits allow; a single one
        with the problems if they can't be merged. See :meth:`_build`.
        """
        if problems := self._merge_problems(moves):
            return [Built(moves, None, problems)]
        # the oldest first, in whatever order they were selected
        return self._build_groups([moves.sorted(lambda move: (move.date, move.id))], freed)

    def _build_rest(self, moves, freed=None):
        """Return the ``Built`` of invoices that had a common fapiao: merged again if possible."""
        if len(moves) > 1 and not self._merge_problems(moves):
            return self._build_merged(moves, freed)
        return self._build(moves, freed)

    def _merge_problems(self, documents):
        """Return why ``documents``, invoices or orders, can't be merged on one fapiao."""
        if len(documents.company_id) > 1:
            companies = ", ".join(documents.company_id.mapped("display_name"))
            return [
                Problem(
                    "merge_companies",
                    _("What you chose is of several companies: %(companies)s."),
                    _("Merge what is of one company only."),
                    {"companies": companies},
                )
            ]
        buyers = self.env["res.partner"].union(*(one._fapiao_buyer() for one in documents))
        if len(buyers) > 1:
            customers = ", ".join(buyers.mapped("display_name"))
            return [
                Problem(
                    "merge_buyers",
                    _("What you chose is for several customers: %(customers)s. A fapiao has one buyer."),
                    _("Merge what is for one customer only."),
                    {"customers": customers},
                )
            ]
        checks_in_turn = [self._merge_accounts, self._merge_currencies, self._merge_elements]
        if documents._name == "account.move":
            # for orders, both are chosen in the request dialog
            checks_in_turn = [
                *(self._merge_recipients, self._merge_types, self._merge_forms, self._merge_levies),
                *checks_in_turn,
            ]
        return [problem for check in checks_in_turn if (problem := check(documents))]

    def _merge_accounts(self, documents):
        """A fapiao is issued through one account, by one drawer."""
        first, other = self._differing(documents, lambda one: (one._fapiao_account(), one._fapiao_drawer_text()))
        return other and Problem(
            "merge_accounts",
            _("%(first)s is issued through %(first_account)s, %(other)s through %(other_account)s."),
            _("Choose the same account and drawer on both, or issue them separately."),
            {
                "first": first.display_name,
                "first_account": self._describe_issuer(first),
                "other": other.display_name,
                "other_account": self._describe_issuer(other),
            },
        )

    def _describe_issuer(self, document):
        names = (document._fapiao_account().sudo().display_name, document._fapiao_drawer_text())
        return ", ".join(filter(None, names))

    def _merge_recipients(self, moves):
        """Contacts of one customer may have different invoicing data."""
        first, other = self._differing(moves, lambda move: move.partner_id._fapiao_party())
        return other and Problem(
            "merge_recipients",
            _("%(first)s and %(other)s go to contacts with different data for the fapiao."),
            _("Give both invoices the same customer address, or issue them separately."),
            {"first": first.display_name, "other": other.display_name},
        )

    def _merge_types(self, moves):
        first, other = self._differing(moves, lambda move: move._fapiao_type_or_default())
        names = dict(moves._fields["fapiao_type"]._description_selection(self.env))
        return other and Problem(
            "merge_types",
            _("%(first)s wants the fapiao type %(first_type)s, %(other)s wants %(other_type)s."),
            _("Choose the same fapiao type on the invoices, or issue them separately."),
            {
                "first": first.display_name,
                "first_type": names[first._fapiao_type_or_default()],
                "other": other.display_name,
                "other_type": names[other._fapiao_type_or_default()],
            },
        )

    def _merge_forms(self, moves):
        first, other = self._differing(moves, lambda move: move._fapiao_form_or_default())
        names = dict(moves._fields["fapiao_form"]._description_selection(self.env))
        return other and Problem(
            "merge_forms",
            _("%(first)s wants the fapiao as %(first_form)s, %(other)s as %(other_form)s."),
            _("Choose the same form on the invoices, or issue them separately."),
            {
                "first": first.display_name,
                "first_form": names[first._fapiao_form_or_default()],
                "other": other.display_name,
                "other_form": names[other._fapiao_form_or_default()],
            },
        )

    def _merge_levies(self, moves):
        """A fapiao under differential taxation has one line."""
        alone = moves.filtered("fapiao_levy")[:1]
        return alone and Problem(
            "merge_differential",
            _("%(invoice)s is under differential taxation (差额征税), so its fapiao has one line."),
            _("Issue it separately."),
            {"invoice": alone.display_name},
        )

    def _merge_currencies(self, documents):
        first, other = self._differing(documents, lambda one: one.currency_id)
        return other and Problem(
            "merge_currencies",
            _("%(first)s is in %(first_currency)s, %(other)s in %(other_currency)s."),
            _("Issue what is in different currencies separately."),
            {
                "first": first.display_name,
                "first_currency": first.currency_id.name,
                "other": other.display_name,
                "other_currency": other.currency_id.name,
            },
        )

    def _merge_elements(self, documents):
        told = [(document, document._fapiao_details()) for document in documents]
        for number, (first, own) in enumerate(told):
            for other, theirs in told[number + 1 :]:
                if any(own[element] != theirs[element] for element in own.keys() & theirs.keys()):
                    return Problem(
                        "merge_elements",
                        _("%(first)s and %(other)s say different things of the same special element (特定要素)."),
                        _("Make them agree, or issue the fapiao separately."),
                        {"first": first.display_name, "other": other.display_name},
                    )
        return None

    def _differing(self, moves, value_of):
        """Return the first of ``moves`` and one with another value, or none."""
        first = moves[:1]
        return first, next((move for move in moves if value_of(move) != value_of(first)), None)

    # ------------------------------------------------------------------ remark

    def _remark(self, moves, limits):
        """Return ``(remark, problems)``: what a person has said, else what is proposed."""
        proposed, problems = self._proposed_remark(moves, limits)
        said = self.wishes.remark
        return (proposed, problems) if said in (None, proposed) else (said, [])

    def _proposed_remark(self, moves, limits):
        """Return ``(remark, problems)``: the invoices' remarks without duplicates, as many as the limit allows."""
        remarks = moves._fapiao_remarks(self.wishes.with_notes)
        if len(remarks) < 2:
            return "".join(remarks), []
        shown = list(remarks)
        while len(shown) > 1 and not limits.lengths.remark.admits(SEPARATOR.join(shown)):
            shown.pop()
        return SEPARATOR.join(shown), [] if shown == remarks else [
            Problem(
                "remarks_cut",
                _("There is room for the remarks of %(shown)s of %(count)s invoices only."),
                _("Shorten the remarks if all must be printed."),
                {"shown": len(shown), "count": len(remarks)},
                severity="warning",
            )
        ]

    # ------------------------------------------------------------------ unattributed amounts

    def _lost_lines_problem(self, move):
        """Return the problem of an invoice with unattributed amounts: only known lines can be issued."""
        # sudo: coverage is the same for every user
        rows = move.sudo()._fapiao_rows_lost()
        if not rows:
            return None
        return Problem("lines_unknown", LOST, WAY_OUT, rows.request_id._bundle()._values_of_loss(rows.lost_fapiao_id))
