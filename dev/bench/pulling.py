"""How fast is a pull: as the scheduler does it, over HTTP from another process, a commit for each page?"""

from .world import check, timed

SLICE = 30.0  # seconds at a time, as the scheduler goes on with a pull


def pull(world, batch, runs, is_first=True):
    """Pull all of ``batch`` and append the seconds to ``runs``. ``is_first``: nothing of it is there yet."""
    with world.env() as env:
        account = env["fapiao.account"].browse(world.account_id)
        made = env["fapiao.pull"]._open_pull(account, "header", world.first_day, world.last_day)
        pull_id = made.id
    with timed(runs):
        while _is_open(world, pull_id):
            with world.env() as env:
                check(env["fapiao.pull"]._continue(pull_id, SLICE), "the pull is another worker's")
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
