"""The settings of an expense assistant's account, with their defaults in one place.

They come in as ``Config.options``; the one secret is ``Config.secrets["client_secret"]``.
Source: docs/protocols/kingdee-assistant.md#addresses.
"""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Options:
    """``page_url``: where the pages lie, if not under the account's own address. ``socket_url``: for
    browsers that listen themselves; nothing here calls it. ``quiet_codes``: comma-separated codes by
    which the long poll says that there is no message, beside the words it is known by.
    """

    client_key: str = ""
    page_url: str = ""
    socket_url: str = "https://link.piaozone.com"
    quiet_codes: str = ""
    token_lifetime: int = 7200  # seconds; assumption: no source says how long a token lives
    token_margin: int = 300  # seconds before its end at which a token is replaced

    @classmethod
    def of(cls, config):
        """Return the options of a ``Config``; unknown keys are ignored, empty ones keep the default."""
        values = {}
        for field in fields(cls):
            value = (config.options or {}).get(field.name)
            if value not in (None, "", False):
                values[field.name] = field.type(value) if field.type is int else str(value).strip()
        values.setdefault("client_key", (config.username or "").strip())
        return cls(**values)

    @property
    def quiet(self):
        """Return the set of ``quiet_codes``."""
        return {code.strip() for code in self.quiet_codes.split(",") if code.strip()}
