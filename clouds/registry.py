"""Which class speaks to which cloud."""

from .kingdee import Kingdee
from .kingdee.assistant import Assistant
from .piaodanyun import Piaodanyun

CLOUDS = {cloud.provider: cloud for cloud in (Kingdee, Assistant, Piaodanyun)}


def open_cloud(config, slot):
    """Return the client of ``config.provider``; raise ValueError for a cloud nobody here speaks to."""
    try:
        cloud = CLOUDS[config.provider]
    except KeyError:
        raise ValueError(f"No client for the cloud {config.provider!r}") from None
    return cloud(config, slot)


def providers_of(operation):
    """Return the names of the clouds that can do ``operation`` (see ``clouds.base``), sorted."""
    return sorted(name for name, cloud in CLOUDS.items() if operation in cloud.capabilities)
