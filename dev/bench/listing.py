"""How long does a user wait for the list of received fapiao, for a search in it and for its groups?

The calls are those of the web client, as a user with record rules; what HTTP adds isn't in it.
"""

from .world import check, timed

RUNS = 3
PAGE = 80
COUNTED = 10_001  # the web client counts no further by itself
_RECEIVED = ("direction", "=", "in")
_SHOWN = {
    name: {}
    for name in (
        *("issue_date", "number", "type_code", "seller_name", "amount_untaxed", "amount_tax"),
        *("amount_total", "status", "color"),
    )
} | {"currency_id": {"fields": {}}}
_SUMS = ["amount_untaxed:sum", "amount_tax:sum", "amount_total:sum", "__count"]


def measure(world, batch, report):
    """Add the figures over the rows of ``batch`` and return their names by the key of the demand."""
    some = batch.row(batch.count // 2)
    number = some.code + some.number
    sellers = sum(1 for _ in world.query("SELECT DISTINCT seller_name FROM fapiao WHERE direction = 'in'"))
    months = len({batch.row(index).day[:7] for index in range(0, batch.count, batch.count // 1000)})
    return {
        "list": _list(world, report, "List, first page", [], PAGE, batch.count),
        "count": _count(world, report, batch.count),
        "number": _list(world, report, "Search a number", [("number", "ilike", number)], 1, batch.count),
        "part": _list(
            world, report, "Search part of a number", [("number", "ilike", number[-9:-1])], 1, batch.count
        ),
        "seller": _list(
            world, report, "Search a seller", [("seller_name", "ilike", some.seller_name)], 1, batch.count
        ),
        "month": _group(world, report, "Group by month", "issue_date:month", months, batch.count),
        "by_seller": _group(world, report, "Group by seller", "seller_name", sellers, batch.count),
    }


def _list(world, report, name, domain, least, rows):
    runs = []
    for _run in range(RUNS):
        with world.user_env() as env, timed(runs):
            found = env["fapiao"].web_search_read(
                [_RECEIVED, *domain], _SHOWN, limit=PAGE, count_limit=COUNTED
            )
        check(len(found["records"]) >= least, f"{name}: {len(found['records'])} records")
        check(found["length"] <= COUNTED, f"{name}: {found['length']} counted")
        check(not domain or found["length"] < rows / 10, f"{name}: found {found['length']}")
    return report.add(name, runs, rows)


def _count(world, report, rows):
    runs = []
    for _run in range(RUNS):
        with world.user_env() as env, timed(runs):
            count = env["fapiao"].search_count([_RECEIVED])
        check(count == rows, f"{count} counted instead of {rows}")
    return report.add("Count all", runs, rows)


def _group(world, report, name, by, groups, rows):
    runs = []
    for _run in range(RUNS):
        with world.user_env() as env, timed(runs):
            found = env["fapiao"].web_read_group([_RECEIVED], [by], _SUMS, limit=PAGE)
        check(found["length"] == groups, f"{name}: {found['length']} groups instead of {groups}")
        counted = sum(group["__count"] for group in found["groups"])
        check(groups > PAGE or counted == rows, f"{name}: {counted} rows in the groups")
        check(all(group["amount_total:sum"] for group in found["groups"]), f"{name}: a group without a sum")
    return report.add(name, runs, rows)
