"""Details of received fapiao: the assistant's answer to their serial numbers (18), taken into the pool.

Headers of a pull have no lines, and tickets more to them than a pull tells. What is asked has no effect at the cloud.
Source: docs/protocols/kingdee-assistant.md#tickets.
"""

from ...clouds.base import ASSISTANT_PART
from ...clouds.inbound import is_number
from ..cloud.engine import Engine
from ..cloud.fapiao_pace import QUESTION
from ..received.pool import OTHER_TYPE

LOT = 50  # serial numbers in one question; what a click asks for at once


def ask(env, account, serials, purpose=QUESTION):
    """Return ``{serial number: picking.Ticket}`` of those that the assistant of ``account`` knows; raises
    ``CloudError``. Reads and writes nothing in the caller's transaction.
    """
    tickets = Engine(env)._ask(account, lambda cloud: cloud.tickets(serials), ASSISTANT_PART, purpose)
    return {ticket.state.serial_no: ticket for ticket in tickets}


def take(fapiao, tickets):
    """Take ``tickets`` over for ``fapiao``, as superuser; each is recorded as complete, or with what is wrong."""
    for company, ours in fapiao.grouped("company_id").items():
        rows, taken = [], fapiao.browse()
        for one in ours:
            ticket = tickets.get(one.serial_no)
            if problem := _problem(one, ticket):
                one._record_details(problem)
                continue
            _rename(one, ticket.fapiao.number)
            row = ticket.fapiao._replace(number=one.number)
            if row.deduction == "unselected" and one.deduction:
                # the assistant may not know yet what was selected since; a pull says what was taken back
                row = row._replace(deduction="")
            # a kind that the answer leaves out is read as another ticket
            rows.append(row._replace(type_code=one.type_code) if row.type_code == OTHER_TYPE else row)
            taken |= one
        fapiao._load(company.id, None, rows)
        for one in taken:
            one._keep_ticket(tickets[one.serial_no])
            one._record_details()
        taken.filtered(lambda one: one._missing_kinds())._want_files()


def _problem(fapiao, ticket):
    """Return in words why ``ticket`` isn't taken over, or ""."""
    if ticket is None:
        return fapiao.env._("The assistant does not know this fapiao by the cloud's ID.")
    theirs = ticket.fapiao.number
    if is_number(theirs) and is_number(fapiao.number) and not _is_alike(theirs, fapiao):
        return fapiao.env._(
            "The assistant knows another fapiao by the same ID: %s. Nothing was taken over; ask the cloud's support.",
            theirs,
        )
    return ""


def _is_alike(number, fapiao):
    """Return whether ``number`` is the fapiao's, with or without its code: a digital one may have both kinds."""
    own = fapiao.number
    return number == own or number.endswith(own) or own.endswith(number) or len(number) != len(own)


def _rename(fapiao, number):
    """Give a fapiao that had only the cloud's ID the number it turns out to have, unless another one has it."""
    if is_number(fapiao.number) or not is_number(number):
        return
    domain = [("company_id", "=", fapiao.company_id.id), ("direction", "=", "in"), ("number", "=", number)]
    if not fapiao.search_count(domain, limit=1):
        fapiao.number = number
