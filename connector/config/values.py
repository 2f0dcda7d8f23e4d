"""Types of settings: what is accepted where, shared by the models of the settings tree.

In the environment and in a REST body every value is text: numbers, flags, lists and tables are therefore accepted as
text too (lists and tables as JSON). A reference in anything that has to be checked (number, flag, choice, key range) is
resolved when the file is read; in plain text and in secrets it stays as written until it is used.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from connector.config.references import REFERENCE, Resolver
from connector.config.urls import check_url
from connector.model.errors import RowcastError
from connector.model.keyrange import KeyRange, parse_shards

T = TypeVar("T")
TYPED = "rowcast"  # pydantic error type that carries one of our errors in its context


def dotted(name: str) -> str:
    """Field name -> setting name: database_server_id -> database.server.id."""
    return name.replace("_", ".")


class Section(BaseModel):
    """Base of every table of the tree: frozen, unknown names forbidden, names as Debezium writes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=dotted, hide_input_in_errors=True)


def typed(error: RowcastError) -> PydanticCustomError:
    """Lets one of our errors travel through pydantic; `connector.config.problems` takes it out again."""
    return PydanticCustomError(TYPED, "{what}", {"what": str(error), "error": error})


def invalid(what: str, hint: str | None = None) -> PydanticCustomError:
    """A value that does not fit, in words that follow the setting's name: "must ..."."""
    return PydanticCustomError("rowcast_value", "{what}", {"what": what, "hint": hint})


def _settled(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return Resolver().text(value)
    except RowcastError as error:
        raise typed(error) from None


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise invalid("must be a whole number")
    return _settled(value)


def _from_json(value: Any) -> Any:
    value = _settled(value)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise invalid("must be a list or table; as text it has to be JSON") from None


def _list(value: Any) -> Any:
    value = _settled(value)
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            return _from_json(value)
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _url(value: SecretStr) -> SecretStr:
    try:
        check_url(value.get_secret_value())
    except RowcastError as error:
        raise typed(error) from None
    return value


def _providers_known(value: str) -> str:
    for match in REFERENCE.finditer(value):
        if match["provider"] not in ("env", "file"):
            raise invalid(f"refers to {match[0]}, which has no provider", "Write ${env:NAME} or ${file:/path:key}.")
    return value


def _key_range(value: str) -> str:
    try:
        KeyRange.parse(value)
    except RowcastError as error:
        raise typed(error) from None
    return value


def _shards(value: str) -> str:
    try:
        parse_shards(value)
    except RowcastError as error:
        raise typed(error) from None
    return value


def _vschema_json(value: str) -> str:
    if not value.lstrip().startswith("{"):
        raise invalid("must be a table, or JSON", "A file can be named in the configuration file alone.")
    return value


def _plain(value: Any) -> Any:
    """Parameters are texts to vindexes, but region_bytes = 1 is how one writes it."""
    if not isinstance(value, Mapping):
        return value
    return {name: str(each) if type(each) is int else each for name, each in value.items()}


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        raise invalid("must be a regular expression") from None
    return value


_TOPIC_PART = r"^(?:[A-Za-z0-9._-]|\$\{\w+:[^}]*\})+$"

Choice = Annotated[T, BeforeValidator(_settled)]
"""A Literal whose text may be a reference."""
Flag = Annotated[bool, BeforeValidator(_settled)]
Number = Annotated[int, BeforeValidator(_number)]
Count = Annotated[int, BeforeValidator(_number), Field(ge=1, le=2**31 - 1)]
Milliseconds = Annotated[int, BeforeValidator(_number), Field(ge=0, le=2**31 - 1)]
Port = Annotated[int, BeforeValidator(_number), Field(ge=1, le=65535)]
ServerId = Annotated[int, BeforeValidator(_number), Field(ge=1, le=2**32 - 1)]
Text = Annotated[str, Field(min_length=1), AfterValidator(_providers_known)]
TopicPart = Annotated[str, Field(min_length=1, max_length=200, pattern=_TOPIC_PART), AfterValidator(_providers_known)]
"""Text that becomes a part of a topic name: letters, digits, dot, underscore, hyphen."""
Secret = Annotated[SecretStr, AfterValidator(lambda value: (_providers_known(value.get_secret_value()), value)[1])]
MySqlUrl = Annotated[SecretStr, AfterValidator(_url)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_list)]
Patterns = Annotated[tuple[Annotated[str, Field(min_length=1), AfterValidator(_regex)], ...], BeforeValidator(_list)]
ShardName = Annotated[str, AfterValidator(_key_range)]
Shards = Annotated[str, BeforeValidator(_settled), AfterValidator(_shards)]
VSchemaJson = Annotated[str, AfterValidator(_vschema_json)]
Params = Annotated[dict[str, str], BeforeValidator(_plain)]
Json = Annotated[T, BeforeValidator(_from_json)]
"""A list or table, in a REST body or the environment as JSON text."""
