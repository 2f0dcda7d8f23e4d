"""Where a MySQL server is and how to log in; made by `connector.cli` from settings and by sinks from shard URLs.

A URL is `mysql://user:password@host:port/database?ssl-mode=required&ssl-ca=/path&connect-timeout=10`; user, password
and database are percent-encoded. Errors show no part of the URL that is not known to be harmless: a forgotten
%-escape moves pieces of the password into the host, the port, the database or the parameters.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, cast, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from connector.model.errors import ConfigError

SslMode = Literal["disabled", "preferred", "required", "verify_ca", "verify_identity"]

DEFAULT_PORT = 3306
PARAMETERS = ("ssl-mode", "ssl-ca", "connect-timeout")
CONNECT_TIMEOUT_S = 10.0
_FORM = "Write it as mysql://user:password@host:port/database; percent-encode special characters of user and password."


@dataclass(frozen=True)
class ServerAddress:
    """One server and one account. The password is never part of the repr."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ssl_mode: SslMode = "preferred"
    ssl_ca: str | None = None  # path of a PEM file; the system's authorities when None
    connect_timeout_s: float = CONNECT_TIMEOUT_S  # for the TCP connection and each answer of the log-in


def parse_url(url: str) -> tuple[ServerAddress, str]:
    """The address and the database ('' when there is none) of a mysql:// URL; CONFIG_INVALID when it is not one."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname
    except ValueError:
        # "from None": urllib's own text quotes pieces of the URL.
        raise ConfigError("not a MySQL URL: host or port cannot be read", hint=_FORM) from None
    if parts.scheme != "mysql" or not host or parts.fragment:
        raise ConfigError("not a MySQL URL", hint=_FORM)
    if not parts.username:
        raise ConfigError("the MySQL URL names no user", hint=_FORM)
    database = parts.path.removeprefix("/")
    if "/" in database:
        raise ConfigError("a MySQL URL names one database", hint=_FORM)
    address = ServerAddress(
        host=host,
        port=DEFAULT_PORT if port is None else port,
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
    )
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        match name.lower().replace("_", "-"):
            case "ssl-mode":
                address = replace(address, ssl_mode=parse_ssl_mode(value))
            case "ssl-ca":
                address = replace(address, ssl_ca=value)
            case "connect-timeout":
                address = replace(address, connect_timeout_s=_seconds(value))
            case _:
                raise ConfigError("the MySQL URL has an unknown parameter", hint=f"Known are {', '.join(PARAMETERS)}.")
    return address, unquote(database)


def parse_ssl_mode(text: str) -> SslMode:
    """One of MySQL's own mode names in any case, with - or _; CONFIG_INVALID otherwise."""
    mode = text.strip().lower().replace("-", "_")
    if mode not in get_args(SslMode):
        raise ConfigError(f"ssl-mode must be one of {', '.join(get_args(SslMode))}", **{"ssl-mode": repr(text)})
    return cast(SslMode, mode)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise ConfigError("connect-timeout is a number of seconds, at most 3600", **{"connect-timeout": repr(text)})
    return seconds
