"""Which class speaks to which cloud."""

from .base import ASSISTANT_PART
from .kingdee import Kingdee
from .kingdee.assistant import Assistant
from .piaodanyun import Piaodanyun

CLOUDS = {cloud.provider: cloud for cloud in (Kingdee, Assistant, Piaodanyun)}
PARTS = {ASSISTANT_PART: Assistant.provider}


def open_cloud(config, slot):
    """Return the client of ``config.provider``; raise ValueError for a cloud nobody here speaks to."""
    try:
        cloud = CLOUDS[config.provider]
    except KeyError:
        raise ValueError(f"No client for the cloud {config.provider!r}") from None
    return cloud(config, slot)


def client_of(provider, part=""):
    """Return the class that speaks for a ``part`` of an account at ``provider``; see ``base.part_of``."""
    return CLOUDS[PARTS.get(part, provider)]


def secrets_of(part=""):
    """Return the names of all secrets that an account may hold for its ``part``, whatever its provider."""
    own = [cloud for name, cloud in CLOUDS.items() if (name in PARTS.values()) == bool(part)]
    return {secret for cloud in own for secret, whose in cloud.secrets.items() if secret != whose}


def providers_of(operation):
    """Return the names of the clouds that can do ``operation`` (see ``clouds.base``), sorted."""
    return sorted(name for name, cloud in CLOUDS.items() if operation in cloud.capabilities)
