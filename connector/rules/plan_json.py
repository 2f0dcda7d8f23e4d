"""Plans as JSON and back, without loss: the form in which a plan is stored, compared or handed to another interpreter.

An opcode is an object with `is` (the snake-case name of its class) and its fields. Bytes are {"hex": ...}, doubles
{"double": text of float.hex()}, so that equal texts are equal plans. `serialise` has the form of the native core.
"""

import dataclasses
import json
import re
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from connector.model import plan as model
from connector.model.errors import InternalError
from connector.model.plan import PLAN_VERSION, Plan

_CLASSES = {
    re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(): kind
    for kind in (
        *get_args(model.Opcode),
        model.Computed,
        model.Aggregate,
        model.TargetExpression,
    )
}
_NAMES = {kind: name for name, kind in _CLASSES.items()}


def write_plan(plan: Plan) -> str:
    """Compact JSON, equal for equal plans."""
    return json.dumps(_written(plan), separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def read_plan(text: str) -> Plan:
    """The plan that `write_plan` wrote. Raises InternalError for another version or for what is no plan."""
    try:
        data = json.loads(text)
        if data["version"] != PLAN_VERSION:
            raise InternalError(f"a plan of version {data['version']}, not {PLAN_VERSION}")
        plan = _read(Plan, data)
    except (ValueError, KeyError, TypeError) as error:
        raise InternalError(f"this is no plan: {type(error).__name__}") from error
    assert isinstance(plan, Plan)
    return plan


def _written(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, float):
        return {"double": value.hex()}
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        written = {each.name: _written(getattr(value, each.name)) for each in dataclasses.fields(value)}
        return {"is": _NAMES[type(value)], **written} if type(value) in _NAMES else written
    return value


def _read(kind: Any, data: Any) -> Any:
    """`data` as a value of the annotated type."""
    if isinstance(data, dict) and "is" in data:
        kind = _CLASSES[data["is"]]
        data = {name: value for name, value in data.items() if name != "is"}
    origin = get_origin(kind)
    if origin is Literal:
        return data
    if origin in (Union, UnionType):
        return _read_one_of(get_args(kind), data)
    if origin is tuple:
        return _read_tuple(get_args(kind), data)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _read(hints[name], value) for name, value in data.items()})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    return _scalar(data)


def _read_one_of(kinds: tuple[Any, ...], data: Any) -> Any:
    classes = [kind for kind in kinds if isinstance(kind, type) and dataclasses.is_dataclass(kind)]
    if isinstance(data, dict) and not {"hex", "double"} & data.keys() and len(classes) == 1:
        return _read(classes[0], data)
    return _scalar(data)


def _read_tuple(kinds: tuple[Any, ...], data: list[Any]) -> tuple[Any, ...]:
    if len(kinds) == 2 and kinds[1] is ...:
        return tuple(_read(kinds[0], item) for item in data)
    return tuple(_read(kind, item) for kind, item in zip(kinds, data, strict=True))


def _scalar(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return bytes.fromhex(data["hex"]) if "hex" in data else float.fromhex(data["double"])
