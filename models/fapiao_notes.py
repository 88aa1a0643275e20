"""Plain words in activities and in the chatter, whoever wrote them."""

from markupsafe import Markup


def as_html(*texts):
    """Return ``texts`` (empty ones are left out) as HTML: a cloud's or a partner's words are shown as they are, and
    no image or link of theirs comes to life. Lines stay lines."""
    lines = "\n".join(filter(None, texts)).splitlines()
    return Markup("<p>%s</p>") % Markup("<br/>").join(lines)
