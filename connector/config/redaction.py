"""The settings as they may be shown: names as in the file, defaults filled in, secrets masked.

Called by `connector.cli` and by tests.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr

from connector.config.references import has_reference
from connector.config.secrets import MASK
from connector.config.settings import Settings
from connector.config.urls import without_password
from connector.kafka.config import is_secret


def effective(settings: Settings) -> dict[str, Any]:
    """Every setting in force, by its name in the file; unset ones are left out, references stay as written."""
    shown: dict[str, Any] = _shown(settings)
    shown["schema.registry.url"] = without_password(settings.schema_registry_url)
    kafka = settings.kafka.__pydantic_extra__ or {}
    shown["kafka"].update(
        {name: MASK if is_secret(name) and not has_reference(str(value)) else value for name, value in kafka.items()}
    )
    return shown


def _shown(value: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        named = {field.alias or name: getattr(value, name) for name, field in fields.items()}
        return {name: _shown(each) for name, each in named.items() if each is not None}
    if isinstance(value, SecretStr):
        return _masked(value.get_secret_value())
    if isinstance(value, Mapping):
        return {name: _shown(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_shown(each) for each in value]
    return value


def _masked(text: str) -> str:
    """A URL without its password; a reference as written; anything else not at all."""
    if "://" in text:
        return without_password(text)
    return text if not text or has_reference(text) else MASK
