"""Which class speaks to which cloud."""

from .piaodanyun import Piaodanyun

CLOUDS = {Piaodanyun.provider: Piaodanyun}


def open_cloud(config, slot):
    """Return the client of ``config.provider``; raise ValueError for a cloud nobody here speaks to."""
    try:
        cloud = CLOUDS[config.provider]
    except KeyError:
        raise ValueError(f"No client for the cloud {config.provider!r}") from None
    return cloud(config, slot)
