"""How an ERP system is reached: its address, and the environment variables that hold its secrets.

A parameter file holds no secret: every `*_env` is the name of an environment variable.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from salesfc_lib.foundation.schema.block import Month, ParameterBlock

VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")  # name of an environment variable
ERP_SYSTEMS = ("sap_s4", "netsuite", "kingdee_galaxy", "u8_cloud", "jiandaoyun")
ErpSystem = Literal["sap_s4", "netsuite", "kingdee_galaxy", "u8_cloud", "jiandaoyun"]


def _check_variable(name: str) -> str:
    if name and not VARIABLE.match(name):
        raise ValueError(
            "expected the name of an environment variable, such as ERP_TOKEN; the file holds no "
            "secret"
        )
    return name


Variable = Annotated[str, AfterValidator(_check_variable)]


class ErpConnection(ParameterBlock):
    """One system's address, who signs in, and how fast and how much may be asked."""

    url: str  # https://host, of the system itself; without user and password
    # a host that may have a private address, and may be spoken to without TLS (http://)
    private_host: str = ""
    user_env: Variable = ""  # environment variables that hold what the system asks for
    password_env: Variable = ""
    token_env: Variable = ""  # a bearer token, or an API key
    client_id_env: Variable = ""  # OAuth 2.0, or the id and the secret of a Kingdee application
    client_secret_env: Variable = ""
    refresh_token_env: Variable = ""
    token_path: str = ""  # OAuth 2.0: path of the token's endpoint on the same host
    account: str = ""  # kingdee: data centre; u8: system code; jiandaoyun: app_id
    entry: str = ""  # jiandaoyun: entry_id of the form; kingdee: form that is read, empty: orders
    organisation: str = ""  # kingdee: organisation; netsuite: subsidiary; u8: corp
    fields: dict[str, str] = Field(default_factory=dict)  # jiandaoyun: our name -> _widget_…
    page_size: int | None = Field(None, ge=1)  # None: the most that the system gives
    per_second: float | None = Field(None, gt=0)  # requests; None: what the system allows

    @model_validator(mode="after")
    def _plain_address(self) -> ErpConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if "@" in self.url or parts.query or parts.fragment:
            raise ValueError("url: expected https://host, without user, password, ? and #")
        if not host or parts.scheme not in ("http", "https"):
            raise ValueError("url: expected an address such as https://erp.example.com")
        if parts.scheme == "http" and host != self.private_host.lower():
            raise ValueError(
                "url: expected https; http:// is allowed for the host that `private_host` names"
            )
        return self


class Target(ErpConnection):
    """An ERP system that receives the forecast of one level, product by product and month."""

    system: ErpSystem
    level: str = ""  # series that are sent; empty: the last of `levels`
    dimension: str = "product"  # whose members `products` names, besides ids of series
    # a CSV file of the project: product (a member, or a series' id), number, unit and, where they
    # differ, plant and factor (how many of the ERP's unit one of ours is)
    products: str = Field(min_length=1)
    plant: str = ""  # sap: plant; netsuite: location; of products whose row names none
    first: int = Field(1, ge=1)  # months ahead of the first month that is sent
    months: int = Field(3, ge=1, le=36)  # months that are sent
    open_from: Month | None = None  # first month that is open there; None: the calendar month
    frozen_through: Month | None = None  # months through this one are in production already
    draft: bool = True  # a draft or an inactive version; false: what plans production
    version: str = Field("", max_length=2)  # sap; empty: 01 of a draft, 00 else
    requirement_type: str = "VSF"  # sap: planned independent requirement's type
    mrp_area: str = ""  # sap; empty: the plant
    tag: str = Field("", max_length=10)  # what marks our rows there; empty: of unit and name
    decimals: int = Field(0, ge=0, le=3)  # of the quantities that are sent

    @model_validator(mode="after")
    def _drafts_are_inactive(self) -> Target:
        if self.draft and self.version == "00":
            raise ValueError("version: 00 is the active version; expected another, or draft: false")
        return self
