"""Detects documents entered twice: same customer, same lines, a few days apart.

Plain functions that the builder calls once for many documents. The result is a warning, since only a user can
distinguish a repeated sale from a repeated entry.
"""

# Messages are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from odoo.tools import SQL

from ...rules import taxno
from ...rules.names import name_key
from ...rules.problems import Problem, _
from ..values import LIVING, shortest

CODE = "twin"
CURE = _("If both are sales of their own, issue this one as well. Otherwise cancel or credit it.")

ELSEWHERE = _(
    "Fapiao %(number)s, issued elsewhere for the same buyer over the same total as %(document)s, stands for no invoice."
)
ELSEWHERE_CURE = _("If it was issued for this invoice, open it and link it; otherwise issue this one as well.")

# Documents with a valid fapiao or an open request, and those selected together with a later one. A document
# that had a fapiao before is reissued, which is no repetition.
_INVOICES = """
    SELECT m.id, o.id, bool_or(line.id IS NOT NULL)
      FROM account_move m
      JOIN res_company c ON c.id = m.company_id AND c.fapiao_twin_days > 0
      JOIN account_move o ON o.company_id = m.company_id
           AND o.commercial_partner_id = m.commercial_partner_id
           AND o.invoice_date BETWEEN m.invoice_date - c.fapiao_twin_days
               AND m.invoice_date + c.fapiao_twin_days
           AND o.currency_id = m.currency_id AND o.amount_total = m.amount_total
           AND o.move_type = 'out_invoice' AND o.state = 'posted' AND o.id != m.id
      LEFT JOIN fapiao_request_line line ON line.move_id = o.id AND line.live
     WHERE m.id = ANY(%(ids)s)
       AND (line.id IS NOT NULL OR (o.id = ANY(%(ids)s) AND o.id < m.id))
       AND NOT EXISTS (
           SELECT FROM fapiao_request_line own WHERE own.move_id = m.id AND own.state = 'issued'
       )
     GROUP BY m.id, o.id
     ORDER BY m.id, 3 DESC, o.id
"""
# An order whose fapiao waits for its invoice; this invoice isn't made from it, or it would share that fapiao.
_ORDERS_OF_INVOICES = """
    SELECT m.id, o.id, TRUE
      FROM account_move m
      JOIN res_company c ON c.id = m.company_id AND c.fapiao_twin_days > 0
      JOIN sale_order o ON o.company_id = m.company_id AND o.state = 'sale'
           AND o.currency_id = m.currency_id AND o.amount_total = m.amount_total
           AND o.date_order::date BETWEEN m.invoice_date - c.fapiao_twin_days
               AND m.invoice_date + c.fapiao_twin_days
      JOIN res_partner other ON other.id = o.partner_invoice_id
           AND other.commercial_partner_id = m.commercial_partner_id
     WHERE m.id = ANY(%(ids)s)
       AND EXISTS (
           SELECT FROM fapiao_request_line line
            WHERE line.order_id = o.id AND line.live AND line.move_id IS NULL AND line.quantity != 0
       )
       AND NOT EXISTS (
           SELECT FROM fapiao_request_line own WHERE own.move_id = m.id AND own.state = 'issued'
       )
     ORDER BY m.id, o.id
"""
_ORDERS = """
    SELECT m.id, o.id, bool_or(line.id IS NOT NULL)
      FROM sale_order m
      JOIN res_company c ON c.id = m.company_id AND c.fapiao_twin_days > 0
      JOIN res_partner buyer ON buyer.id = m.partner_invoice_id
      JOIN sale_order o ON o.company_id = m.company_id AND o.id != m.id AND o.state = 'sale'
           AND o.currency_id = m.currency_id AND o.amount_total = m.amount_total
           AND o.date_order::date BETWEEN m.date_order::date - c.fapiao_twin_days
               AND m.date_order::date + c.fapiao_twin_days
      JOIN res_partner other ON other.id = o.partner_invoice_id
           AND other.commercial_partner_id = buyer.commercial_partner_id
      LEFT JOIN fapiao_request_order_rel rel ON rel.order_id = o.id
      LEFT JOIN fapiao_request_line line ON line.request_id = rel.request_id AND line.live
     WHERE m.id = ANY(%(ids)s)
       AND (line.id IS NOT NULL OR (o.id = ANY(%(ids)s) AND o.id < m.id))
       AND NOT EXISTS (
           SELECT FROM fapiao_request_order_rel own_rel
             JOIN fapiao_request_line own ON own.request_id = own_rel.request_id
            WHERE own_rel.order_id = m.id AND own.state = 'issued'
       )
     GROUP BY m.id, o.id
     ORDER BY m.id, 3 DESC, o.id
"""
_FLUSHED = {
    "account.move": [
        *("company_id", "commercial_partner_id", "invoice_date", "currency_id", "amount_total"),
        *("move_type", "state"),
    ],
    "sale.order": [
        *("company_id", "partner_invoice_id", "date_order", "currency_id", "amount_total", "state"),
    ],
    "res.partner": ["commercial_partner_id"],
    "res.company": ["fapiao_twin_days"],
    "fapiao.request.line": ["move_id", "order_id", "live", "state"],
}
_LINES = {"account.move": "invoice_line_ids", "sale.order": "order_line"}
_QUANTITY = {"account.move.line": "quantity", "sale.order.line": "product_uom_qty"}


def of_invoices(moves):
    """Return ``{invoice: Problem}`` of the ``moves`` similar to another one, or to an order with a fapiao."""
    orders = moves.env["sale.order"]
    return {
        **_problems(moves, orders, _ORDERS_OF_INVOICES),
        **_problems(moves, moves, _INVOICES),
        **_issued_elsewhere(moves),
    }


def _issued_elsewhere(moves):
    """Return ``{invoice: Problem}`` of the ``moves`` that a fapiao taken in, which stands for nothing yet, may be for:
    same buyer and total. Whatever the company's days are: the fapiao exists.
    """
    # sudo: which fapiao exist is the same for every user
    free = (
        moves.env["fapiao"]
        .sudo()
        .search(
            [
                ("company_id", "in", moves.company_id.ids),
                ("taken_in_by_id", "!=", False),
                ("color", "=", "blue"),
                ("status", "in", LIVING),
                ("move_ids", "=", False),
                ("amount_total", "in", moves.mapped("amount_total_signed")),
            ]
        )
    )
    if not free:
        return {}
    by_key = {(one.company_id.id, *_buyer(one.buyer_tax_no, one.buyer_name), one.amount_total): one for one in free}
    problems = {}
    for move in moves:
        party = move.partner_id._fapiao_party()
        key = (move.company_id.id, *_buyer(party.tax_no, party.name), move.amount_total_signed)
        if known := by_key.get(key):
            values = {"document": move.display_name, "number": known.number}
            line = str(move.invoice_line_ids[:1].id)
            problems[move] = Problem(CODE, ELSEWHERE, ELSEWHERE_CURE, values, line=line, severity="warning")
    return problems


def _buyer(tax_no, name):
    """Return what tells a buyer: the tax number, else the name."""
    return (taxno.normalise(tax_no), "") if tax_no else ("", name_key(name))


def of_orders(orders):
    """Return ``{order: Problem}`` of those of ``orders`` (``sale.order``) similar to another one."""
    return _problems(orders, orders, _ORDERS)


def warning(built):
    """Return the problem "similar to another" of ``built``, or None."""
    return next((problem for problem in built.problems if problem.code == CODE), None)


def without(all_built):
    """Return those of ``all_built`` without a similar document, which a batch may issue without confirmation.
    A split invoice is left out as a whole.
    """
    held = {move for built in all_built if warning(built) for move in built.moves}
    return [built for built in all_built if held.isdisjoint(built.moves)]


def _problems(documents, others, query):
    problems = {}
    for document, other, is_covered in _pairs(documents, others, query):
        if document not in problems and _is_same(document, other):
            problems[document] = _problem(document, other, is_covered)
    return problems


def _pairs(documents, others, query):
    """Return ``[(document, other, whether the other has a fapiao or a request)]`` of the same customer and
    total, the others from the model of ``others``; one query for all.
    """
    if not documents:
        return []
    env = documents.env
    for model, names in _FLUSHED.items():
        env[model].flush_model(names)
    rows = env.execute_query(SQL(query, ids=documents.ids))
    if not rows:
        return []
    # sudo: coverage is the same for every user
    found, others = documents.sudo(), others.sudo().browse(dict.fromkeys(row[1] for row in rows))
    by_id, other_by_id = _by_id(found), _by_id(others)
    return [(by_id[id_], other_by_id[other_id], is_covered) for id_, other_id, is_covered in rows]


def _by_id(records):
    return {record.id: record for record in records}


def _lines(document):
    return document[_LINES[document._name]]


def _is_same(document, other):
    mine, theirs = _lines(document), _lines(other)
    return _signature(mine) == _signature(theirs) and not _is_ordered(mine, theirs)


def _signature(lines):
    """Return a value that is equal for documents over the same goods, in any order of lines."""
    return sorted(
        (
            str(line.product_id.id or (line.name or "").strip()),
            line.product_uom_id.id,
            shortest(line[_QUANTITY[line._name]]),
            shortest(line.price_unit),
            shortest(line.discount),
            sorted(line.tax_ids.ids),
        )
        for line in lines
        if (line.display_type or "product") == "product"
    )


def _is_ordered(mine, theirs):
    """Return whether both are deliveries of one order within its quantity."""
    if not mine._name == theirs._name == "account.move.line":
        return False
    shared = mine.sale_line_ids & theirs.sale_line_ids
    return bool(shared) and all(line.qty_invoiced <= line.product_uom_qty for line in shared)


def _problem(document, other, is_covered):
    values = {
        "document": document.display_name,
        "other": other.display_name,
        "numbers": other.fapiao_numbers or "",
    }
    if not is_covered:
        message = _("%(document)s has the same customer, lines and total as %(other)s, which is chosen as well.")
    elif other.fapiao_numbers:
        message = _(
            "%(document)s has the same customer, lines and total as %(other)s, which has the fapiao %(numbers)s."
        )
    else:
        message = _("%(document)s has the same customer, lines and total as %(other)s, whose fapiao is requested.")
    line = _lines(document)[:1]
    key = line._fapiao_key() if line._name == "sale.order.line" else str(line.id)
    return Problem(CODE, message, CURE, values, line=key, severity="warning")
