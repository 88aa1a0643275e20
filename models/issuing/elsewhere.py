"""Fapiao issued elsewhere, in the tax bureau's portal or another program: taken in as a fact, linked with invoices.

Plain functions over ``env``. Nothing is sent here but one question. Linking makes a request that was never sent and is
issued from the start, so that the invoice counts as issued wherever coverage is read: a second fapiao for it is
refused like after any other issue (docs/guarantees.md).
"""

from dataclasses import replace

from odoo import Command, fields
from odoo.exceptions import UserError

from ...clouds import base
from ...rules import pieces, taxno
from ...rules.document import Draft, Party
from ...rules.names import name_key
from ..cloud.fapiao_task_mixin import DEAD_STATES, OPEN_STATES
from ..values import DIGITAL_FORM, KIND_AND_FORM, STATUSES, TYPE_CODES, exact

# ---------------------------------------------------------------------- taking in


def _type_code(found):
    """Return the code of the type of a fapiao, None for one that is not kept here."""
    return TYPE_CODES.get((found.type, found.form or DIGITAL_FORM))


def why_not_taken_in(env, account, number, found):
    """Return in words why what the cloud answered for ``number`` isn't taken in, or ""."""
    if not isinstance(found, base.Issued):
        return env._(
            "The cloud of account %(account)s does not show fapiao %(number)s. Check the number; a fapiao issued a"
            " moment ago may show a little later.",
            account=account.display_name,
            number=number,
        )
    if taxno.normalise(found.seller_tax_no) != taxno.normalise(account.tax_no):
        return env._(
            "Fapiao %(number)s was issued by %(seller)s, not by %(taxpayer)s. Only what this company has issued is"
            " taken in here; what it has received is pulled.",
            number=number,
            seller=found.seller_name or found.seller_tax_no or "–",
            taxpayer=account.tax_no,
        )
    if not _type_code(found):
        return env._("Fapiao %(number)s is of a kind that is not kept here (%(kind)s).", number=number, kind=found.type)
    if None in (found.amount, found.tax, found.total, found.issued_at):
        return env._("The cloud names fapiao %s without its amounts or date. Try again later.", number)
    return ""


def take_in(env, account_id, user_id, found):
    """Record ``found`` (``Issued``) and return ``(id, "")``, or ``(0, why not)`` in words.

    A known fapiao is updated. One that a request made here names is left to that request, which is queried now: its
    answer may have been lost, and what is found has to be compared with what was ordered.
    """
    account = env["fapiao.account"].browse(account_id)
    Fapiao = env["fapiao"]
    own = [("company_id", "in", account._companies().ids), ("direction", "=", "out")]
    if known := Fapiao.search([*own, ("number", "=", found.number)]):
        known._take_over(found)
        return known.id, ""
    if other := Fapiao.search([("direction", "=", "out"), ("number", "=", found.number)], limit=1):
        # of the same taxpayer: one fapiao stands for documents of one company
        return 0, env._(
            "Fapiao %(number)s is kept by %(company)s already.",
            number=found.number,
            company=other.company_id.display_name,
        )
    if requests := _requests_named_by(account, found):
        requests._hint()
        # issued with another number: verified, as after an answer without amounts
        requests.filtered(lambda request: request.state == "issued").write({"watch_at": requests._now()})
        requests._wake_reconciler()
        return 0, env._(
            "Fapiao %(number)s belongs to request %(requests)s, made here. The cloud is being asked about that request;"
            " the fapiao shows there as soon as the answer fits.",
            number=found.number,
            requests=", ".join(requests.mapped("request_uid")),
        )
    original = found.original_number and Fapiao.search([*own, ("number", "=", found.original_number)])
    if original:
        return original._adopt_red(found).id, ""
    if found.original_number:
        return 0, env._(
            "Fapiao %(number)s reverses %(original)s, which is not known here. Take in that one first.",
            number=found.number,
            original=found.original_number,
        )
    fapiao = Fapiao.create(_values(account, user_id, found))
    fapiao._want_files()
    # a cloud may name a fapiao without the ID it was ordered under: what may have issued it is asked about
    _requests_like(fapiao, (*OPEN_STATES, *DEAD_STATES))._hint()
    if found.color == "blue" and (found.reversed_by or found.status not in ("", "normal")):
        fapiao._queue_refresh(found)
    return fapiao.id, ""


def _requests_named_by(account, found):
    """Return the requests, of any company, whose ID the cloud names with the fapiao, on its head or its lines."""
    named = {found.request_uid, *(detail.document for detail in found.line_details)} - {""}
    return account.env["fapiao.request"].search([("request_uid", "in", list(named))])


def _values(account, user_id, found):
    Fapiao = account.env["fapiao"]
    return {
        "company_id": account.company_id.id,
        "account_id": account.id,
        "direction": "out",
        "color": found.color,
        "number": found.number,
        "type_code": _type_code(found),
        "code": found.code or False,
        "short_number": found.short_number or False,
        "status": found.status if found.status in dict(STATUSES) else "normal",
        **Fapiao._times(found.issued_at),
        "seller_name": found.seller_name,
        "seller_tax_no": found.seller_tax_no,
        "buyer_name": found.buyer_name,
        "buyer_tax_no": found.buyer_tax_no,
        "amount_untaxed": float(found.amount),
        "amount_tax": float(found.tax),
        "amount_total": float(found.total),
        "check_code": found.check_code,
        **Fapiao._addresses(found.files),
        **Fapiao._particulars(found.particulars),
        "line_ids": Fapiao._lines_said(found),
        "checked_at": fields.Datetime.now(),
        "taken_in_by_id": user_id,
    }


# ---------------------------------------------------------------------- linking


def link(env, fapiao_id, move_ids, user_id):
    """Let a fapiao taken in stand for the invoices ``move_ids``; raise ``UserError`` unless it fits them.

    Runs in a transaction of its own, under the locks of issuing: a click on *Issue* at the same time is repeated and
    sees it, or this is refused by it.
    """
    moves = env["account.move"].browse(move_ids)._fapiao_lock()
    fapiao = env["fapiao"].browse(fapiao_id)
    fapiao.lock_for_update()
    rest = Rest(moves)
    if obstacle := _fapiao_obstacle(fapiao) or _moves_obstacle(fapiao, moves) or rest.obstacle_for(fapiao):
        raise UserError(obstacle)
    requests = env["fapiao.request"]
    request = requests.create({**requests._blue_values(rest.as_built(fapiao)), **_link_values(fapiao, user_id)})
    request._identify()
    # one of a branch is taken in by its parent, whose account it is
    fapiao.write({"company_id": request.company_id.id, "move_ids": [Command.set(request.move_ids.ids)]})
    request._link_fact(fapiao)
    request._set_state("issued")
    return request


def _link_values(fapiao, user_id):
    return {"account_id": fapiao.account_id.id, "is_elsewhere": True, "user_id": user_id}


def unlink(fapiao):
    """Take back that ``fapiao`` stands for its invoices; it stays as a fact without request."""
    env = fapiao.env
    # sudo: only this flow changes requests; the caller has checked the rights
    requests = fapiao.sudo().request_ids.filtered(lambda one: one.is_elsewhere and one.state == "issued")
    if not requests:
        raise UserError(env._("Fapiao %s was not linked by hand: it has a request of its own.", fapiao.number))
    if fapiao.sudo().red_form_ids or fapiao.status != "normal":
        raise UserError(
            env._("Fapiao %s is reversed or being reversed: what it stands for can't change any more.", fapiao.number)
        )
    requests.move_ids._fapiao_lock()
    release(requests, env._("%(user)s took back that fapiao %(number)s stands for it.", **_who(fapiao)))


def _who(fapiao):
    return {"user": fapiao.env.user.name, "number": fapiao.number}


def release(requests, message):
    """Withdraw ``requests`` that link fapiao by hand, and say so on their documents."""
    for request in requests:
        documents, linked = request._documents(), request.fapiao_ids
        request._set_state("withdrawn", message=message)
        request.fapiao_ids = [Command.clear()]
        linked.write({"move_ids": [Command.clear()], "order_ids": [Command.clear()]})
        for document in documents:
            document._message_log(body=message)


def _fapiao_obstacle(fapiao):
    """Return in words why ``fapiao`` can't be linked with any invoice, or ""."""
    env = fapiao.env
    number = fapiao.number
    if fapiao.direction != "out" or fapiao.color != "blue" or not fapiao.taken_in_by_id:
        return env._("Fapiao %s is not a blue one issued elsewhere, so it is not linked by hand.", number)
    if fapiao.status != "normal" or fapiao.red_ids or fapiao.red_form_ids.filtered("is_open"):
        return env._("Fapiao %s is reversed, or being reversed: it stands for nothing.", number)
    if fapiao.request_ids.filtered(lambda request: request.state == "issued") or fapiao.move_ids:
        return env._(
            "Fapiao %(number)s stands for %(documents)s already.",
            number=number,
            documents=", ".join(fapiao.move_ids.mapped("display_name")) or fapiao.request_ids[:1].request_uid,
        )
    return ""


def _moves_obstacle(fapiao, moves):
    """Return in words why the invoices can't have a fapiao issued elsewhere, or ""."""
    env = fapiao.env
    for move in moves:
        values = {"invoice": move.display_name, "number": fapiao.number}
        is_own = move.company_id in fapiao.company_id._fapiao_same_taxpayer()
        if move.move_type != "out_invoice" or move.state != "posted" or not is_own:
            return env._("%(invoice)s is no posted customer invoice of the company that issued %(number)s.", **values)
        if move._fapiao_is_going():
            return env._(
                "A fapiao for %(invoice)s is on its way, or it is being reversed. Its result may be %(number)s: wait"
                " for it, or withdraw the request.",
                **values,
            )
    if request := _requests_like(fapiao, OPEN_STATES)[:1]:
        return env._(
            "The result of request %(request)s over the same amount for the same buyer (%(documents)s) is not known"
            " yet: it may be fapiao %(number)s. Wait for it first.",
            request=request.request_uid,
            documents=", ".join(one.display_name for one in request._documents()),
            number=fapiao.number,
        )
    return ""


def _requests_like(fapiao, states):
    """Return the requests in ``states`` that may have issued this fapiao: sent, with the same buyer and total."""
    requests = fapiao.env["fapiao.request"].search(
        [
            ("company_id", "in", fapiao.company_id._fapiao_same_taxpayer().ids),
            ("kind", "=", fapiao.color),
            ("state", "in", states),
            ("was_sent", "=", True),
            ("amount_total", "=", fapiao.amount_total),
        ]
    )
    buyer = taxno.normalise(fapiao.buyer_tax_no)
    return requests.filtered(lambda one: taxno.normalise(one.buyer_tax_no) == buyer)


class Rest:
    """What of invoices no fapiao stands for, compared with a fapiao issued elsewhere."""

    def __init__(self, moves):
        self.env, self.moves = moves.env, moves
        self.builder = moves._fapiao_builder()
        self.credits, self.items, self.shares, self.problems = self.builder._rest_of(moves)

    def obstacle_for(self, fapiao):
        """Return in words how ``fapiao`` differs from what the invoices need, or ""."""
        env = self.env
        if self.problems:
            problems = (self.moves[:1]._fapiao_describe(problem) for problem in self.problems)
            return " ".join(problems)
        differences = [
            env._("%(what)s: %(ours)s on the invoice, %(theirs)s on the fapiao", what=what, ours=ours, theirs=theirs)
            for what, ours, theirs in self._compared(fapiao)
            if ours != theirs
        ]
        if not differences:
            return ""
        return env._(
            "Fapiao %(number)s does not fit %(invoices)s: %(differences)s. An invoice counts as issued only by a fapiao"
            " that says the same.",
            number=fapiao.number,
            invoices=", ".join(self.moves.mapped("display_name")),
            differences="; ".join(differences),
        )

    def _compared(self, fapiao):
        env = self.env
        amount = sum((item.amount for _document, item in self.items), exact(0))
        tax = sum((item.tax for _document, item in self.items), exact(0))
        compared = [
            (env._("amount"), amount, exact(fapiao.amount_untaxed)),
            (env._("tax"), tax, exact(fapiao.amount_tax)),
        ]
        for move in self.moves:
            buyer = move.partner_id._fapiao_party()
            number, theirs = taxno.normalise(buyer.tax_no), taxno.normalise(fapiao.buyer_tax_no)
            if number or theirs:
                compared.append((env._("buyer tax number"), number or "–", theirs or "–"))
            elif name_key(buyer.name) != name_key(fapiao.buyer_name):
                compared.append((env._("buyer"), buyer.name, fapiao.buyer_name or ""))
        return compared

    def as_built(self, fapiao):
        """Return the ``Built`` that stands for ``fapiao`` as it is printed."""
        seller = Party(name=fapiao.seller_name or "", tax_no=fapiao.seller_tax_no or "")
        buyer = Party(name=fapiao.buyer_name or "", tax_no=fapiao.buyer_tax_no or "")
        kind, form = KIND_AND_FORM[fapiao.type_code]
        draft = Draft(
            kind,
            seller,
            buyer,
            self._keyed(fapiao._lines_as_printed()),
            exact(fapiao.amount_untaxed),
            exact(fapiao.amount_tax),
            exact(fapiao.amount_total),
            form=form,
        )
        return self.builder._built_as_printed(self.moves, draft, self.shares, self.credits)

    def _keyed(self, printed):
        """Return the lines ``printed`` with the keys of the invoice lines they were issued for, where certain."""
        built, *others = self.builder._build_rest(self.moves)
        found = built.draft and not others and pieces.attributed(built.draft.lines, [list(printed)])
        if not found:
            return printed
        keys = [tuple(dict.fromkeys(key for piece in made for key in piece.keys)) for made in found[0]]
        return tuple(replace(line, keys=own) for line, own in zip(printed, keys, strict=True))
