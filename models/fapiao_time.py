"""The one way between the database's naive UTC and the aware moments of rules and clouds."""

from datetime import UTC
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")  # the clouds' and the bureau's


def aware(moment):
    """Return a moment of the database as an aware one; ``None`` for none."""
    return moment.replace(tzinfo=UTC) if moment else None


def naive(moment):
    """Return an aware moment as the database keeps it; False for none."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else False
