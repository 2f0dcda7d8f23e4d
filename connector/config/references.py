"""`${env:NAME}` and `${file:/path:key}` inside settings: stored as written, resolved when used.

Called by `connector.config` (numbers and choices, which have to be known to be checked) and by whoever builds objects
from settings (`Resolver`). Errors: UnresolvedReference, which names the reference and never a value.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from connector.config import secrets
from connector.model.errors import UnresolvedReference

REFERENCE = re.compile(r"\$\{(?P<provider>\w*):(?P<name>[^}]*)\}")


def has_reference(text: str) -> bool:
    """Whether the text still has to be resolved."""
    return REFERENCE.search(text) is not None


class Resolver:
    """Resolves references against one environment; remembers every secret it hands out (`connector.config.secrets`)."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def text(self, value: str) -> str:
        """The text with every reference replaced."""
        return REFERENCE.sub(self._value_of, value)

    def secret(self, value: SecretStr | str) -> str:
        """As `text`, for a secret: the result is masked in logs and errors from now on."""
        resolved = self.text(value.get_secret_value() if isinstance(value, SecretStr) else value)
        secrets.remember(resolved)
        return resolved

    def url(self, value: str) -> str:
        """As `text`, for a URL: what comes in through a reference is percent-encoded, unless it is the whole URL."""
        if REFERENCE.fullmatch(value):
            return self.text(value)
        return REFERENCE.sub(lambda match: quote(self._value_of(match), safe=""), value)

    def _value_of(self, match: re.Match[str]) -> str:
        provider, name, reference = match["provider"], match["name"], match[0]
        if provider == "env":
            value = self._environ.get(name)
            if value is None:
                raise UnresolvedReference(f"{reference}: the environment has no variable {name}")
            return value
        if provider == "file":
            path, _, key = name.rpartition(":")
            return _property(Path(path), key, reference)
        raise UnresolvedReference(
            f"{reference}: there is no provider {provider!r}", hint="Write ${env:NAME} or ${file:/path:key}."
        )


def _property(path: Path, key: str, reference: str) -> str:
    """One key of a properties file (key=value or key: value a line, # and ! start comments)."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UnresolvedReference(f"{reference}: the file cannot be read: {reason}") from None
    for line in lines:
        stripped = line.strip()
        if stripped and stripped[0] not in "#!":
            name, separator, value = _split(stripped)
            if separator and name.strip() == key:
                return value.strip()
    raise UnresolvedReference(f"{reference}: the file has no key {key!r}")


def _split(line: str) -> tuple[str, str, str]:
    """A property line at whichever of = and : comes first."""
    border = next((sign for sign in line if sign in "=:"), "=")
    return line.partition(border)
