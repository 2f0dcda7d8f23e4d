"""Row images back to rows: the `Table` that a row schema describes, and a reader generated for it.

Used by `messages`. Inverse of `connector.encode.rows`; the reader follows the schema the image was written with.
"""

import json
import struct
from collections.abc import Callable
from typing import Any, NoReturn, cast

from connector.model.errors import MessageInvalid
from connector.model.table import Column, Row, SqlType, Table
from schemas.lossless import LOSSLESS, wraps

_VERSION = 1
# What reading damaged bytes raises: an index behind the end, a half number, text that is not UTF-8.
DAMAGE = (IndexError, struct.error, UnicodeDecodeError)


def table_of_schema(text: str) -> Table:
    """The table version that a row schema was made for. MESSAGE_INVALID when it is no row schema of rowcast."""
    try:
        schema = json.loads(text)
        about = schema["rowcast"]
        if about["version"] != _VERSION:
            raise MessageInvalid(f"the row schema has version {about['version']!r}, this rowcast reads {_VERSION}")
        columns = tuple(_column(field) for field in schema["fields"])
        return Table(about["database"], about["table"], columns, tuple(about["primary_key"]))
    except (ValueError, KeyError, TypeError) as error:
        raise MessageInvalid("the schema of a row image is not a row schema of rowcast") from error


def _column(field: dict[str, Any]) -> Column:
    about = field["mysql"]
    kind = SqlType(about["type"])
    if field["type"] != ["null", LOSSLESS[kind]]:
        raise ValueError("the field's Avro type is not the one of its MySQL type")
    return Column(
        name=about["name"],
        type=kind,
        nullable=about["nullable"],
        unsigned=about.get("unsigned", False),
        collation=about.get("collation"),
        length=about.get("length", 0),
        scale=about.get("scale", 0),
        labels=tuple(about.get("labels", ())),
        generated=about.get("generated", False),
        invisible=about.get("invisible", False),
    )


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Avro int or long at this offset, and the offset behind it."""
    z = shift = 0
    while True:
        byte = data[at]
        at += 1
        z |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
        if shift > 63:
            raise MessageInvalid("a number is longer than 64 bits")
    return (z >> 1) ^ -(z & 1), at


def read_size(data: bytes, at: int) -> tuple[int, int]:
    """Length of bytes or of a string at this offset, and the offset behind it; never beyond the end of the data."""
    size, at = read_long(data, at)
    if size < 0 or at + size > len(data):
        raise MessageInvalid("a length is negative or goes beyond the end")
    return size, at


def row_reader(table: Table) -> Callable[[bytes], Row]:
    """A generated function from a row image to the row, cells as in connector.model.table.

    It raises MESSAGE_INVALID or one of DAMAGE for bytes that are not an image of this table.
    """
    cells = [f"c{index}" for index in range(len(table.columns))]
    lines = ["def read(data):", "    at = 0"]
    for cell, column in zip(cells, table.columns, strict=True):
        kind = "wrapped" if wraps(column.type, column.unsigned) else LOSSLESS[column.type]
        lines += [
            "    branch = data[at]; at += 1",
            f"    if branch == 0: {cell} = None",
            "    elif branch != 2: bad_branch()",
            "    else:",
            *(f"        {line}" for line in _READ[kind].replace("CELL", cell).splitlines()),
        ]
    lines += [
        "    if at != len(data): bad_end()",
        f"    return ({''.join(f'{cell}, ' for cell in cells)})",
    ]
    scope: dict[str, object] = {
        "read_long": read_long,
        "read_size": read_size,
        "read_float": struct.Struct("<f").unpack_from,
        "read_double": struct.Struct("<d").unpack_from,
        "bad_branch": _bad_branch,
        "bad_end": _bad_end,
    }
    exec(compile("\n".join(lines), "<row reader>", "exec"), scope)
    return cast("Callable[[bytes], Row]", scope["read"])


_LONG = """z = data[at]
if z < 128:
    at += 1
    CELL = (z >> 1) ^ -(z & 1)
else:
    CELL, at = read_long(data, at)"""

# One byte holds an even (not negative) length below 64. A slice behind the end is short, which bad_end notices.
_SIZED = """z = data[at]
if z < 128 and not z & 1:
    end = at + 1 + (z >> 1)
    CELL = {first}
else:
    size, at = read_size(data, at)
    end = at + size
    CELL = {rest}
at = end"""

_READ = {
    "long": _LONG,
    "wrapped": f"{_LONG}\nif CELL < 0: CELL += {1 << 64}",
    "float": "(CELL,) = read_float(data, at); at += 4",
    "double": "(CELL,) = read_double(data, at); at += 8",
    "string": _SIZED.format(first="data[at + 1:end].decode()", rest="data[at:end].decode()"),
    "bytes": _SIZED.format(first="data[at + 1:end]", rest="data[at:end]"),
}


def _bad_branch() -> NoReturn:
    raise MessageInvalid("a row image has a field that is neither null nor a value")


def _bad_end() -> NoReturn:
    raise MessageInvalid("a row image ends in the wrong place")
