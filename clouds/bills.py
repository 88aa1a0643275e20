"""What a cloud answers that takes orders into a queue of its own, splits and merges them.

Part of the contract: imported from :mod:`.base`. Source: docs/protocols/kingdee-billing.md#billing-request.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bill:
    """An order as it lies at the cloud; ``fapiao`` are the ``Issued`` that it has become so far.

    ``state``: ``waiting`` (in the cloud's own queue, for a person there), ``issuing``, ``returned`` (sent
    back to us), or "" where the cloud doesn't say. ``is_complete``: the cloud lists at least one fapiao
    and nothing that isn't issued; whether the list is the whole order only its totals can tell.
    ``text``: what the cloud says about what isn't issued.
    """

    request_uid: str
    fapiao: tuple = ()
    is_complete: bool = False
    state: str = ""
    text: str = ""
    raw: dict = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Withdrawn:
    """The cloud has taken back the orders that were asked, but for those ``refused``: pairs of id and
    text, the id "" where the cloud names none.
    """

    refused: tuple[tuple[str, str], ...] = ()
    text: str = ""
