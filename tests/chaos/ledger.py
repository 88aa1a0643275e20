"""Odoo's ledger of fapiao against the bureau's, fapiao by fapiao and to the fen.

The bureau's fapiao are told apart by what is printed on them: the invoice's number stands in the remark,
and a red one names its original. So what Odoo has noted decides nothing about which invoice has two.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from .passing import open_tasks, waiting_for_person

_ODOO = (
    "SELECT f.number, f.color, f.status, f.amount_untaxed, f.amount_tax, f.amount_total, o.number,"
    " array_remove(array_agg(m.name), NULL) FROM fapiao f LEFT JOIN fapiao o ON o.id = f.original_id"
    " LEFT JOIN fapiao_move_rel r ON r.fapiao_id = f.id LEFT JOIN account_move m ON m.id = r.move_id"
    " WHERE f.direction = 'out' GROUP BY f.id, o.id"
)
_BOOKS = (
    "SELECT m.id, m.name, m.amount_total, coalesce(sum(n.amount_total), 0),"
    " coalesce(sum(n.amount_total) FILTER (WHERE n.fapiao_state = 'issued'), 0), m.fapiao_state"
    " FROM account_move m LEFT JOIN account_move n ON n.reversed_entry_id = m.id AND n.state = 'posted'"
    " WHERE m.id IN %s GROUP BY m.id ORDER BY m.id"
)
_ZERO = Decimal(0)


@dataclass
class Finding:
    """Something that must not be: what it is, of which invoice (id and number), the bureau's fapiao to it."""

    kind: str  # double | lost | needless | open
    text: str
    move_id: int = 0
    move: str = ""
    there: list = field(default_factory=list)


@dataclass
class Outcome:
    """What a run has come to."""

    issued: int
    red: int
    manual: int
    findings: list

    def count(self, kind: str) -> int:
        return sum(finding.kind == kind for finding in self.findings)


def compare(place, moves: list) -> Outcome:
    """Compare both ledgers, and ask the bureau's truth about every task that waits for a person."""
    there = {item["number"]: item for item in place.sandbox.look("fapiao")}
    here = {row[0]: row for row in place.sql(_ODOO)}
    books = place.sql(_BOOKS, tuple(moves))
    by_move = defaultdict(list)
    for item in there.values():
        by_move[(there[item["original"]] if item["original"] else item)["remark"]].append(item)
    findings = _compare_books(books, by_move) + _compare_facts(here, there, {row[1]: row for row in books})
    waiting = waiting_for_person(place)
    findings += [finding for task in waiting if (finding := _needless(place, task))]
    findings += [Finding("open", f"{tasks}: {count}") for tasks, count in open_tasks(place).items()]
    red = sum(bool(item["original"]) for item in there.values())
    return Outcome(len(there) - red, red, len(waiting), findings)


def _compare_books(books, by_move) -> list:
    """What the bureau has issued for each invoice, less what it has reversed, is what the books say."""
    findings = []
    for move_id, name, total, credited, reversed_, state in books:
        items = by_move.get(name, [])
        net = sum((Decimal(item["gross"]) for item in items), _ZERO)
        if net != total - credited:
            text = f"{name}: the books say {total - credited}, the bureau has {net}; Odoo says {state}"
            # more than can be explained by a credit note that is still to be reversed for
            kind = "double" if net > total - reversed_ else "open"
            findings.append(Finding(kind, text, move_id, name, items))
    return findings


def _compare_facts(here, there, books) -> list:
    findings = []

    def lost(number, text):
        item = there.get(number)
        name = item and (there[item["original"]] if item["original"] else item)["remark"]
        move_id = books[name][0] if name in books else 0
        findings.append(Finding("lost", f"{number}: {text}", move_id, name or "", [item] if item else []))

    for number, item in there.items():
        if number not in here:
            lost(number, f"unknown in Odoo ({item['gross']}, {item['remark'][:40]})")
            continue
        _number, _color, status, *amounts, original, moves = here[number]
        if [Decimal(item[key]) for key in ("net", "tax", "gross")] != [Decimal(str(each)) for each in amounts]:
            lost(number, f"{amounts} in Odoo")
        elif (item["original"] or None) != original:
            lost(
                number,
                f"reverses {original or 'nothing'} in Odoo, {item['original'] or 'nothing'} at the bureau",
            )
        elif bool(item["reversed_by"]) != (status == "red"):
            lost(number, f"{status} in Odoo, reversed by {item['reversed_by'] or 'nothing'} at the bureau")
        elif not original and item["remark"] not in moves:
            lost(number, f"linked to {moves or 'nothing'} instead of {item['remark']}")
    for number in here.keys() - there.keys():
        lost(number, "unknown at the bureau")
    return findings


def _needless(place, task) -> Finding | None:
    """Return a finding where asking by ID could settle what waits for a person."""
    table, task_id, uid = task
    name, said = table.replace("_", "."), ""
    if table == "fapiao_request":
        total, said = place.sql(f"SELECT amount_total, error_message FROM {table} WHERE id = %s", task_id)[0]
        fapiao = place.sandbox.look("fapiao", fpqqlsh=uid)
        bills = place.sandbox.look("bills", number=uid)
        if fapiao and sum(Decimal(item["gross"]) for item in fapiao) != Decimal(str(total)):
            return None  # contents differ: that is a decision
        if not fapiao and any(bill["state"] in ("failed", "waiting", "issuing") for bill in bills):
            return None
    return Finding("needless", f"{name} {task_id} ({uid}) waits for a person: {said}")
