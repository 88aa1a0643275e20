"""The settings of a 票单云 account that the protocol leaves open, with their defaults in one place.

They come in as ``Config.options``; secrets are ``Config.secrets``: ``phone`` and ``password`` (of the
cloud), ``tax_password`` (of the tax bureau); ``Config.username`` is the bureau account.
"""

import re
from dataclasses import dataclass, fields

from ..errors import LoginRequired


@dataclass(frozen=True)
class Options:
    """Everything here but ``tenant_number`` rests on an assumption about the vendor."""

    tenant_number: int | None = None  # 企业租户ID; asked for by obtainToken
    token_path: str = "/obtainToken"
    token_body: str = "json"  # "json" as the paper shows it, or "form"; the other is tried on a 20000
    token_header: str = "Authorization"
    token_prefix: str = ""  # for example "Bearer "
    token_lifetime: int = 7200  # seconds; the cloud doesn't say
    token_margin: int = 300  # seconds before its end at which a token is replaced
    add_seal: bool = False  # addSeal: the cloud's own default is without
    confirm_buyer: bool = True  # issue even if the bureau knows no such buyer (gfxxConfirm left out)
    check_person: bool = False  # spflxConfirm: let the bureau check a natural person

    @classmethod
    def of(cls, config):
        """Return the options of a ``Config``; unknown keys are ignored, empty ones keep the default.

        An empty switch is off: that is how an unset box is handed on.
        """
        given = config.options or {}
        values = {}
        for field in fields(cls):
            value = given.get(field.name)
            if value is None:
                continue
            if field.type is bool:
                values[field.name] = bool(value)
            elif value != "" or field.name == "token_prefix":
                values[field.name] = value
        for name in ("token_lifetime", "token_margin"):
            if name in values:
                values[name] = int(values[name])
        return cls(**values)

    @property
    def tenant_id(self):
        """Return the tenant as the integer the cloud wants; raise LoginRequired if it isn't one.

        Zero counts as missing: that is what an unset integer field holds.
        """
        text = str(self.tenant_number or "").strip()
        if not re.fullmatch(r"0*[1-9][0-9]{0,17}", text):
            raise LoginRequired("企业租户ID", code="no_tenant", need="credentials")
        return int(text)
