"""The record of every call that took effect, in order."""
from .records import Entry


def note(exchange, saved=None, before=None, **more):
    """Of the Document `saved`, if any; `before` is states() from before: what has changed since is told."""
    world = exchange.world
    if saved is not None:
        more.update(document=saved.bxd_key, bill_number=saved.number)
    after = states(world, before or ())
    changed = {serial: [old, after[serial]] for serial, old in (before or {}).items() if after[serial] != old}
    entry = Entry(len(world.assistant_entries) + 1, world.clock.now(), exchange.call.name, changed=changed,
                  **more)
    world.assistant_entries[entry.key] = entry
    world.keep(entry)


def states(world, serials):
    return {serial: world.slips[serial].status for serial in serials}
