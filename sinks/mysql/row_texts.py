"""Row images straight to SQL text by the native core, without a row in between. Used by `sinks.mysql.statements`.

The core renders what `literals` would render; where it cannot (a JSON document with a DECIMAL in it) it says so, and
the row takes the Python path.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NoReturn

from connector.model.errors import InternalError, MessageInvalid
from connector.model.table import Column
from schemas.lossless import LOSSLESS, wraps
from sinks.mysql.literals import Literal, literal_of

_KNOWN = frozenset({"integer", "floating", "decimal", "text", "document", "binary", "bits"})


class RowTexts:
    """Texts of one table version's images; every method returns None where only Python can.

    MESSAGE_INVALID for bytes that are no image of the table.
    """

    def __init__(
        self,
        core: ModuleType,
        columns: Sequence[Column],
        written: Sequence[tuple[int, str]],
        key: Sequence[tuple[int, str]],
        enums: Sequence[int],
    ) -> None:
        """`written` and `key`: column index and what stands before its literal; `enums`: ENUMs with an error value."""
        self._error: type[Exception] = core.NativeError
        self._core = core.RowTexts([_forms(column) for column in columns], written, key, enums)

    def values(self, image: bytes) -> tuple[str, bool] | None:
        """One row of an INSERT's VALUES, and whether it can be written in a strict session."""
        found: tuple[str, bool] | None = self._call(self._core.values, image)
        return found

    def key(self, image: bytes) -> str | None:
        """The row's key as one item of a DELETE's IN list."""
        found: str | None = self._call(self._core.key, image)
        return found

    def assignments(self, image: bytes) -> tuple[str, bool] | None:
        """Assignments of an UPDATE, and whether they can be made in a strict session."""
        found: tuple[str, bool] | None = self._call(self._core.assignments, image)
        return found

    def condition(self, image: bytes) -> str | None:
        """The condition that finds the row by its key."""
        found: str | None = self._call(self._core.condition, image)
        return found

    def _call(self, function: Callable[[bytes], Any], image: bytes) -> Any:
        try:
            return function(image)
        except self._error as error:
            _raise(*error.args)


def row_texts(
    core: ModuleType | None,
    columns: Sequence[Column],
    written: Sequence[tuple[int, str]],
    key: Sequence[tuple[int, str]],
    enums: Sequence[int],
) -> RowTexts | None:
    """The texts, None without the core or for a column that it does not know."""
    if core is None or not all(_name(literal_of(column)) in _KNOWN for column in columns):
        return None
    return RowTexts(core, columns, written, key, enums)


def _forms(column: Column) -> tuple[str, str]:
    wire = "wrapped" if wraps(column.type, column.unsigned) else LOSSLESS[column.type]
    return wire, _name(literal_of(column))


def _name(literal: Literal) -> str:
    return getattr(literal, "__name__", "")


def _raise(code: str, what: str, hint: str | None, context: Sequence[tuple[str, str]]) -> NoReturn:
    kind = MessageInvalid if code == MessageInvalid.code else InternalError
    raise kind(what, hint=hint, **dict(context))
