"""How long does the search for bills take over all that is open: as many bills as received fapiao?"""

from . import bills
from .world import check, timed


def measure(world, report):
    """Make a bill for each fapiao of the pool and add the figure of matching them."""
    count, named, like = bills.make(world)
    runs = []
    with timed(runs), world.env() as env:
        env["fapiao.match"]._match([world.company_id])
    by_rule = _found(world, named, like)
    said = ", ".join(f"{rule} {found:,}" for rule, found in sorted(by_rule.items()))
    return report.add("Match with bills", runs, count, said)


def _found(world, named, like):
    """Return how many pairs each rule made; raise Failure where they aren't those that are to be found."""
    found = world.query(
        "SELECT rule, state, count(*), sum(amount) FROM fapiao_match WHERE active GROUP BY rule, state"
    )
    pairs = {(rule, state): count for rule, state, count, _amount in found}
    check(pairs.get(("number", "confirmed")) == named, f"{named} bills name their fapiao, found are {pairs}")
    same = pairs.get(("tax_no_total", "confirmed"), 0) + pairs.get(("tax_no_total", "proposed"), 0)
    check(same >= like, f"{like} bills have seller and total of a fapiao, found are {pairs}")
    ((wrong,),) = world.query(
        "SELECT count(*) FROM fapiao_match x JOIN account_move m ON m.id = x.move_id"
        " JOIN fapiao f ON f.id = x.fapiao_id"
        " WHERE x.state = 'confirmed' AND (x.amount <> f.amount_total OR x.amount <> -m.amount_total_signed"
        " OR f.match_state <> 'matched' OR m.fapiao_in_state <> 'matched')"
    )
    check(not wrong, f"{wrong} pairs are confirmed and don't fit")
    by_rule = {}
    for (rule, _state), count in pairs.items():
        by_rule[rule] = by_rule.get(rule, 0) + count
    return by_rule
