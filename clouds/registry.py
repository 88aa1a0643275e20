"""Which class speaks to which cloud."""

from .kingdee import Kingdee
from .kingdee.assistant import Assistant
from .piaodanyun import Piaodanyun

CLOUDS = {cloud.provider: cloud for cloud in (Kingdee, Assistant, Piaodanyun)}
PARTS = {part: provider for cloud in CLOUDS.values() for part, provider in cloud.parts.items()}


def open_cloud(config, slot):
    """Return the client of ``config.provider``; raise ValueError for a cloud without one."""
    try:
        cloud = CLOUDS[config.provider]
    except KeyError:
        raise ValueError(f"No client for the cloud {config.provider!r}") from None
    return cloud(config, slot)


def client_of(provider, part=""):
    """Return the class that speaks for a ``part`` of an account at ``provider``; see ``base.part_of``."""
    return CLOUDS[PARTS.get(part, provider)]


def callbacks_of(provider):
    """Return what reads the callbacks of a cloud; None where it has none, or there is no such cloud."""
    cloud = CLOUDS.get(provider)
    return cloud and cloud.callbacks


def secrets_of(part=""):
    """Return the names of all secrets that an account may hold for its ``part``, whatever its provider."""
    own = [cloud for name, cloud in CLOUDS.items() if (name in PARTS.values()) == bool(part)]
    return {secret for cloud in own for secret, whose in cloud.secrets.items() if secret != whose}


def providers_of(operation):
    """Return the names of the clouds that can do ``operation`` (see ``clouds.base``), sorted."""
    return sorted(name for name, cloud in CLOUDS.items() if operation in cloud.capabilities)


def providers_with(part):
    """Return the names of the clouds whose accounts may have a ``part``, sorted."""
    return sorted(name for name, cloud in CLOUDS.items() if part in cloud.parts)
