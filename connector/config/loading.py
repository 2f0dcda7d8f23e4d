"""Reads settings: TOML file, then the environment, into the frozen tree.

Called by every command of `connector.cli`. Whatever the file holds, the outcome is Settings or one of ConfigNotFound,
ConfigSyntaxError, UnknownSetting, MissingSetting, ConfigError, KeyRangeInvalid, UnresolvedReference: exit status 2.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connector.config.problems import Problem, as_error, combined
from connector.config.settings import Settings
from connector.config.vschema_files import with_files
from connector.model.errors import ConfigNotFound, ConfigSyntaxError, UnknownSetting


def load(path: Path) -> Settings:
    """The settings of a TOML file, overridden by the environment."""
    return build(with_files(read_toml(path), path.parent), str(path))


def load_kafka(path: Path | None, bootstrap_servers: str | None = None) -> Settings:
    """Settings for commands that need Kafka alone: from a file, or --kafka, or ROWCAST_KAFKA__BOOTSTRAP_SERVERS."""
    data = with_files(read_toml(path), path.parent) if path else {}
    kafka = data.get("kafka", {})
    if bootstrap_servers and isinstance(kafka, Mapping):
        data["kafka"] = {**kafka, "bootstrap.servers": bootstrap_servers}
    elif not path:
        data["kafka"] = {}
    return build(data, str(path) if path else "the environment")


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables. Errors: ConfigNotFound, ConfigSyntaxError."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ConfigNotFound(f"the configuration file cannot be read: {error.strerror}", file=path) from None
    except UnicodeDecodeError as error:
        raise ConfigSyntaxError(f"the file is not UTF-8 text (byte {error.start})", file=path) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigSyntaxError(f"not valid TOML: {error}", file=path) from None
    except (ValueError, RecursionError):  # numbers of thousands of digits, tables nested thousands deep
        raise ConfigSyntaxError("not valid TOML: a value is too long or nested too deep", file=path) from None


def build(data: Mapping[str, Any], file: str) -> Settings:
    """Settings from tables as TOML (or a REST body) has them; `file` is where errors say they come from."""
    # pydantic-settings takes arguments of its own that begin with an underscore: a file must not reach them.
    private = [name for name in data if name.startswith("_")]
    if private:
        raise combined([Problem(UnknownSetting, f"{name} is not a setting") for name in private], file)
    try:
        return Settings(**data)
    except ValidationError as error:
        raise as_error(error, data, file) from None
