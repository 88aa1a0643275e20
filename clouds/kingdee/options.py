"""The settings of a 金蝶发票云 account, with their defaults in one place.

They come in as ``Config.options``; the one secret is ``Config.secrets["app_secret"]``.
Source: docs/protocols/kingdee-billing.md#authentication, #envelope, #billing-request.
"""

from dataclasses import dataclass, fields
from datetime import date

from ..errors import LoginRequired

USER_TYPES = ("UserName", "Mobile")
SYSTEM_LENGTH = 10


@dataclass(frozen=True)
class Options:
    """``bill_date`` is the date on the bills to be frozen (a date or its ISO text), left out if empty:
    freezing must not look at the clock.
    """

    app_key: str = ""
    tenant_code: str = ""
    datacenter: str = ""  # accountId (数据中心)
    cloud_user: str = ""
    user_type: str = "UserName"
    business_system: str = ""
    org_code: str = ""
    bill_date: str = ""
    auto_invoice: bool = True  # issue at once; else the bill waits in the cloud for a person
    auto_merge: bool = False
    gross_total: bool = False  # assumption: totalAmount excludes tax as includeTaxFlag 0 says [docs]
    full_interface: str = ""  # interfaceCode of full pulls, with lines; no paper names it
    language: str = "zh_CN"
    token_lifetime: int = 7200  # seconds, where the cloud names no end
    token_margin: int = 300  # seconds before its end at which a token is replaced

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
            elif field.type is int and value != "":
                values[field.name] = int(value)
            elif value != "" and value is not False:
                values[field.name] = value.isoformat() if isinstance(value, date) else str(value).strip()
        values.setdefault("cloud_user", config.username)
        return cls(**values)

    @property
    def checked_system(self):
        """Return the business system; raise LoginRequired where it is missing or too long to be one."""
        if not 0 < len(self.business_system) <= SYSTEM_LENGTH:
            raise LoginRequired("业务系统编码", code="no_business_system", need="credentials")
        return self.business_system
