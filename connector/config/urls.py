"""mysql:// URLs as settings: checked when the file is read, resolved when somebody connects.

Called by the settings models. The URL's own grammar is `connector.mysql.address`.
"""

import re

from pydantic import SecretStr

from connector.config import secrets
from connector.config.references import REFERENCE, Resolver
from connector.model.errors import ConfigError
from connector.mysql.address import ServerAddress, parse_url


def check_url(text: str) -> None:
    """Refuse (ConfigError) what cannot be the MySQL URL of a database; references in it count as well formed."""
    if not REFERENCE.fullmatch(text):
        # A digit stands for each reference: it fits as a name, a host and a port.
        _database_url(REFERENCE.sub("1", text))


def target(url: SecretStr, resolver: Resolver) -> tuple[ServerAddress, str]:
    """Server and database of a URL. Errors: ConfigError, UnresolvedReference."""
    address, database = _database_url(resolver.url(url.get_secret_value()))
    secrets.remember(address.password)
    return address, database


def without_password(text: str) -> str:
    """The URL as it may be shown."""
    return re.sub(r"^(\w+://[^:@/]*):.*@", rf"\1:{secrets.MASK}@", text)


def _database_url(text: str) -> tuple[ServerAddress, str]:
    address, database = parse_url(text)
    if not database:
        raise ConfigError(
            "the MySQL URL names no database", hint="Write it as mysql://user:password@host:port/database."
        )
    return address, database
