"""JSON values inside expressions: read from a cell's text, extracted, compared, written as MySQL writes them.

Called by `functions` and `machine`; `literal_text` by `comparisons`. SQL's NULL is None, JSON's null is JSON_NULL.
"""

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.model.errors import InternalError
from connector.model.plan import Comparison
from connector.rules.json_path import Step
from connector.rules.syntax import Literal


@dataclass(frozen=True, slots=True)
class Real:
    """A number with a fraction or an exponent, as it is written."""

    text: str


class _Null:
    """JSON's null."""

    def __repr__(self) -> str:
        return "null"


JSON_NULL = _Null()
_OPERATORS: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
    Comparison.NULL_SAFE_EQ: operator.eq,
}


def read(text: str) -> Any:
    """A JSON text as a value."""
    value = json.loads(text, parse_float=Real, strict=False)
    return JSON_NULL if value is None else value


def plain(value: Any) -> Any:
    """What json.loads gives as a value of this module."""
    if isinstance(value, float):
        return Real(repr(value))
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


def write(value: Any) -> str:
    """A value as MySQL prints it."""
    if value is JSON_NULL or value is None:
        return "null"
    if isinstance(value, Real):
        return value.text
    if isinstance(value, list):
        return f"[{', '.join(map(write, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{write(name)}: {write(item)}' for name, item in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)


def extract(value: Any, path: tuple[Step, ...]) -> Any:
    """What the path leads to, None (SQL's NULL) when it leads nowhere. A scalar is its own first element."""
    for step in path:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return None
            value = value[step]
        elif isinstance(value, list):
            if step >= len(value):
                return None
            value = value[step]
        elif step > 0:
            return None
    return JSON_NULL if value is None else value


def unquote(value: Any) -> str:
    """Strings without their quotes, everything else as printed."""
    return value if isinstance(value, str) else write(value)


def literal_text(literal: Literal) -> str:
    """A literal of a rule as JSON text."""
    value = literal.value
    if literal.truth:
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return repr(value)
    raise InternalError(f"a rule compares JSON with {literal.sql}")


def compare(op: Comparison, left: Any, right: Any) -> bool:
    """MySQL's order: null, numbers, strings, objects, arrays, booleans; objects and arrays equal nothing here."""
    order = _rank(left), _rank(right)
    if order[0] != order[1]:
        return _OPERATORS[op](*order)
    return _OPERATORS[op](_comparable(left), _comparable(right))


def _rank(value: Any) -> int:
    if value is JSON_NULL:
        return 0
    if isinstance(value, bool):
        return 5
    if isinstance(value, int | Real):
        return 1
    return 2 if isinstance(value, str) else 3 if isinstance(value, dict) else 4


def _comparable(value: Any) -> Any:
    if isinstance(value, Real):
        return Decimal(value.text)
    return 0 if value is JSON_NULL else value
