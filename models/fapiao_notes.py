"""Plain text for activities and the chatter."""

from markupsafe import Markup


def as_html(*texts):
    """Return ``texts`` (empty ones are left out) as escaped HTML: text of a cloud or a partner adds no image
    or link. Line breaks are kept."""
    lines = "\n".join(filter(None, texts)).splitlines()
    return Markup("<p>%s</p>") % Markup("<br/>").join(lines)
