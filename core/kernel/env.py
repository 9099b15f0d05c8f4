"""What the operator sets: `COMMONTY_…` variables, read once and checked at start.

A secret may be given as a file: `COMMONTY_SECRET_KEY_FILE=/run/secrets/key`. In the demo and in tests the addresses
of the embedded services are read from the service's own directory.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.kernel.errors import Invalid

PREFIX = "COMMONTY_"
DEMO_SECRET = "demo secret, known to everybody, refused in production"  # noqa: S105  # that is its point


class Environment(BaseSettings):
    """Every variable with its default. Adding one here means adding it to the deploy folder's example too."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    env: Literal["demo", "test", "production"] = "demo"
    var: Path = Path("var")
    database_url: str = ""
    migrate_database_url: str = ""
    admin_database_url: str = ""
    redis_url: str = ""
    base_domain: str = "localhost"
    # Name servers that are asked for proofs, as address or address:port; empty: this machine's own.
    dns_servers: Annotated[tuple[str, ...], NoDecode] = ()
    # Addresses or networks of proxies whose X-Forwarded-Host and X-Forwarded-Proto are believed; empty: nobody's host.
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    port: int = Field(default=8000, ge=1, le=65535)
    # Which hosts this web process answers: an installation may keep officers' pages on servers of their own.
    serve: Literal["all", "public", "staff"] = "all"
    secret_key: str = DEMO_SECRET
    secret_key_fallbacks: Annotated[tuple[str, ...], NoDecode] = ()
    plugins_allowed: Annotated[tuple[str, ...], NoDecode] = ()
    otlp_endpoint: str = ""
    trace: Literal["", "console"] = ""
    trace_plugins: bool = False
    email_url: str = ""
    # Lets plugins call loopback addresses: for demo and tests, never in production.
    http_local: bool = False
    oidc_issuer: str = ""
    oidc_client_secret: str = "demo"  # noqa: S105  # replaced by the operator; production refuses it
    # With a Keycloak, `oidc_…` is not used: each tenant's client shows a key of its own.
    keycloak_url: str = ""
    keycloak_realm: str = "scotland"
    keycloak_staff_realm: str = "scotland-staff"
    # Only for `commonty realm`: a client of the realm `master` that may make realms. No web process needs it.
    keycloak_admin_client: str = "commonty-operator"
    keycloak_admin_secret: str = ""
    # The operator's file of identity providers (deploy/keycloak/providers.toml is an example); only for these commands.
    keycloak_providers: str = ""

    @field_validator("secret_key_fallbacks", "plugins_allowed", "dns_servers", "trusted_proxies", mode="before")
    @classmethod
    def _comma_list(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                ip_network(text)
            except ValueError as error:
                raise ValueError(f"{text} must be an address or a network, such as 10.0.0.0/8") from error
        return value

    @field_validator("base_domain")
    @classmethod
    def _plain_domain(cls, value: str) -> str:
        if not value or value != value.lower() or "/" in value or ":" in value:
            raise ValueError("must be a bare domain in small letters, such as choices.example")
        return value

    @field_validator("keycloak_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must be an address that begins with https:// (http:// on this machine only)")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _production_is_real(self) -> Environment:
        if self.env != "production":
            return self
        for name, value in (("DATABASE_URL", self.database_url), ("REDIS_URL", self.redis_url)):
            if not value:
                raise ValueError(f"{PREFIX}{name} must be set in production")
        if self.http_local:
            raise ValueError(f"{PREFIX}HTTP_LOCAL lets plugins reach this machine itself; it is refused in production")
        if self.secret_key == DEMO_SECRET or len(self.secret_key) < 32:
            raise ValueError(f"{PREFIX}SECRET_KEY must be a secret of its own, 32 characters or more, in production")
        if self.keycloak_url:
            if "127.0.0.1" in self.keycloak_url or not self.keycloak_url.startswith("https://"):
                raise ValueError(f"{PREFIX}KEYCLOAK_URL must be the https address of Keycloak in production")
            return self
        if self.oidc_client_secret == "demo":  # noqa: S105  # the value that is refused
            raise ValueError(f"{PREFIX}OIDC_CLIENT_SECRET must be set in production")
        if "127.0.0.1" in self.oidc_issuer or not self.oidc_issuer.startswith("https://"):
            raise ValueError(f"{PREFIX}OIDC_ISSUER must be the https address of the sign-in service in production")
        return self

    @property
    def var_dir(self) -> Path:
        """Where this machine keeps data, keys, mail and static files."""
        return self.var.resolve()

    def origin(self, subdomain: str) -> str:
        """The canonical address of a host below the base domain."""
        host = f"{subdomain}.{self.base_domain}"
        return f"https://{host}" if self.env == "production" else f"http://{host}:{self.port}"


def _from_files() -> dict[str, str]:
    """The values of `COMMONTY_…_FILE` variables, by field name."""
    found: dict[str, str] = {}
    for name, path in os.environ.items():
        if not (name.startswith(PREFIX) and name.endswith("_FILE")):
            continue
        try:
            found[name[len(PREFIX) : -len("_FILE")].lower()] = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Invalid(
                f"{name} names a file that cannot be read: {error.strerror}.",
                code="environment.file",
                remedy="Give the path of a readable file.",
            ) from error
    return found


def _from_services(var: Path) -> dict[str, str]:
    """Addresses of the embedded services, where they have been started."""
    path = var / "services.json"
    if not path.is_file():
        return {}
    services = json.loads(path.read_text(encoding="utf-8"))
    return {
        "database_url": services["postgres"]["database_url"],
        "migrate_database_url": services["postgres"]["migrate_url"],
        "admin_database_url": services["postgres"]["admin_url"],
        "redis_url": services["redis"]["url"],
    }


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The environment, read once. Raises Invalid naming the variable that is wrong."""
    try:
        given: dict[str, Any] = _from_files()
        first = Environment(**given)
        if first.env != "production":
            embedded = _from_services(first.var_dir)
            given |= {name: value for name, value in embedded.items() if not getattr(first, name)}
            first = Environment(**given)
        if not first.migrate_database_url:
            first = Environment(**{**given, "migrate_database_url": first.database_url})
        return first
    except ValidationError as error:
        problem = error.errors()[0]
        name = PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else ""
        said = problem["msg"].removeprefix("Value error, ")
        raise Invalid(
            f"{name}: {said}" if name else said,
            code="environment.invalid",
            remedy="Set the variable and start again.",
        ) from error
