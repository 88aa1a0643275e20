"""What is measured, each with a check that something was measured at all."""

import io

from . import bills
from .world import check, timed

RUNS = 3
_SLICE = 30.0  # seconds at a time, as the scheduler continues a pull
_PAGE = 80
_COUNTED = 10_001  # the web client counts no further at first
_RECEIVED = ("direction", "=", "in")
_COLUMNS = "issue_date number type_code seller_name amount_untaxed amount_tax amount_total status color"
_SHOWN = {**{name: {} for name in _COLUMNS.split()}, "currency_id": {"fields": {}}}
_SUMS = ["amount_untaxed:sum", "amount_tax:sum", "amount_total:sum", "__count"]


def pull(world, batch, runs, is_first=True):
    """Pull all of ``batch`` as the scheduler does, over HTTP from another process with a commit for each page, and
    append the seconds to ``runs``. ``is_first``: nothing of it is there yet."""
    with world.env() as env:
        account = env["fapiao.account"].browse(world.account_id)
        pull_id = env["fapiao.pull"]._open_pull(account, "header", world.first_day, world.last_day).id
    with timed(runs):
        while _is_open(world, pull_id):
            with world.env() as env:
                check(env["fapiao.pull"]._continue(pull_id, _SLICE), "the pull is another worker's")
    with world.env() as env:
        done = env["fapiao.pull"].browse(pull_id)
        counts = (done.new_count, done.changed_count, done.same_count, done.unread_count)
        check(done.state == "done", f"the pull is {done.state}: {done.message}")
    wanted = (batch.count, 0, 0, 0) if is_first else (0, 0, batch.count, 0)
    check(counts == wanted, f"new, changed, unchanged and unread rows are {counts} instead of {wanted}")


def _is_open(world, pull_id):
    query = (
        "SELECT state IN ('draft', 'running') AND NOT COALESCE(needs_person, FALSE) FROM fapiao_pull"
        " WHERE id = %s AND (next_try_at IS NULL OR next_try_at <= now() AT TIME ZONE 'UTC' + '1 s')"
    )
    return bool((world.query(query, pull_id) or [(False,)])[0][0])


def take_rows(world):
    """Return ``(columns, CSV)`` of all that is in the pool."""
    found = world.query(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'fapiao'"
        " AND table_schema = current_schema AND column_name NOT IN ('id', 'original_id') ORDER BY ordinal_position"
    )
    columns = ", ".join(f'"{name}"' for (name,) in found)
    csv = io.BytesIO()
    with world.registry.cursor() as cr:
        rows = f"SELECT {columns} FROM fapiao WHERE direction = 'in' ORDER BY id"
        cr.copy_expert(f"COPY ({rows}) TO STDOUT (FORMAT csv)", csv)
    return columns, csv.getvalue()


def load(world, columns, csv, runs):
    """Load the rows by one COPY, one INSERT … ON CONFLICT and one commit into the empty pool with its indexes and
    constraints, and append the seconds to ``runs``: all that a pull does besides is left out."""
    excluded = ", ".join(f"EXCLUDED.{column}" for column in columns.split(", "))
    with timed(runs), world.registry.cursor() as cr:
        cr.execute(f"CREATE TEMPORARY TABLE raw ON COMMIT DROP AS SELECT {columns} FROM fapiao LIMIT 0")
        cr.copy_expert(f"COPY raw ({columns}) FROM STDIN (FORMAT csv)", io.BytesIO(csv))
        cr.execute(
            f"INSERT INTO fapiao ({columns}) SELECT {columns} FROM raw"
            f" ON CONFLICT (company_id, direction, number) DO UPDATE SET ({columns}) = ROW ({excluded})"
        )


def lists(world, batch, report):
    """Add how long a user with record rules waits for the web client's calls, over the rows of ``batch``, without
    HTTP; return the figures by the key of the demand."""
    some = batch.row(batch.count // 2)
    number, sellers = some.code + some.number, "SELECT count(DISTINCT seller_name) FROM fapiao WHERE direction = 'in'"
    months = len({batch.row(index).day[:7] for index in range(0, batch.count, batch.count // 1000)})
    searches = {
        "list": ("List, first page", [], _PAGE),
        "number": ("Search a number", [("number", "ilike", number)], 1),
        "part": ("Search part of a number", [("number", "ilike", number[-9:-1])], 1),
        "seller": ("Search a seller", [("seller_name", "ilike", some.seller_name)], 1),
    }
    groups = {
        "month": ("Group by month", "issue_date:month", months),
        "by_seller": ("Group by seller", "seller_name", world.query(sellers)[0][0]),
    }
    return {
        **{key: _search(world, report, batch.count, *values) for key, values in searches.items()},
        "count": _count(world, report, batch.count),
        **{key: _group(world, report, batch.count, *values) for key, values in groups.items()},
    }


def _search(world, report, rows, name, domain, least):
    found, runs = _ask(world, "web_search_read", [_RECEIVED, *domain], _SHOWN, limit=_PAGE, count_limit=_COUNTED)
    check(len(found["records"]) >= least, f"{name}: {len(found['records'])} records")
    check(found["length"] <= (rows / 10 if domain else _COUNTED), f"{name}: {found['length']} counted")
    return report.add(name, runs, rows)


def _count(world, report, rows):
    count, runs = _ask(world, "search_count", [_RECEIVED])
    check(count == rows, f"{count} counted instead of {rows}")
    return report.add("Count all", runs, rows)


def _group(world, report, rows, name, by, groups):
    found, runs = _ask(world, "web_read_group", [_RECEIVED], [by], _SUMS, limit=_PAGE)
    check(found["length"] == groups, f"{name}: {found['length']} groups instead of {groups}")
    counted = sum(group["__count"] for group in found["groups"])
    check(groups > _PAGE or counted == rows, f"{name}: {counted} rows in the groups")
    check(all(group["amount_total:sum"] for group in found["groups"]), f"{name}: a group without a sum")
    return report.add(name, runs, rows)


def _ask(world, method, *args, **kwargs):
    """Return the last answer of the pool's *method* and the seconds of each call."""
    runs = []
    for _run in range(RUNS):
        with world.user_env() as env, timed(runs):
            answer = getattr(env["fapiao"], method)(*args, **kwargs)
    return answer, runs


def match(world, report):
    """Make a bill for each fapiao of the pool and add the figure of matching them all."""
    count, named, like = bills.make(world)
    runs = []
    with timed(runs), world.env() as env:
        env["fapiao.match"]._match([world.company_id])
    found = world.query("SELECT rule, state, count(*) FROM fapiao_match WHERE active GROUP BY rule, state")
    pairs = {(rule, state): pairs for rule, state, pairs in found}
    check(pairs.get(("number", "confirmed")) == named, f"{named} bills name their fapiao, found are {pairs}")
    same = sum(count for (rule, _state), count in pairs.items() if rule == "tax_no_total")
    check(same >= like, f"{like} bills have seller and total of a fapiao, found are {pairs}")
    ((wrong,),) = world.query(
        "SELECT count(*) FROM fapiao_match x JOIN account_move m ON m.id = x.move_id"
        " JOIN fapiao f ON f.id = x.fapiao_id"
        " WHERE x.state = 'confirmed' AND (x.amount <> f.amount_total OR x.amount <> -m.amount_total_signed"
        " OR f.match_state <> 'matched' OR m.fapiao_in_state <> 'matched')"
    )
    check(not wrong, f"{wrong} pairs are confirmed and don't fit")
    note = ", ".join(f"{rule} {state} {pairs:,}" for (rule, state), pairs in sorted(pairs.items()))
    return report.add("Match with bills", runs, count, note)
