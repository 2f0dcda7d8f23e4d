"""A table with a column of every type and rows for it; used by the tests of this room and of sinks.messages."""

import struct

from hypothesis import strategies as st

from connector.model.table import BYTES, INTEGERS, Column, Row, SqlType, Table, Value

TEXT = "utf8mb4_0900_ai_ci"
WIDTH = {
    SqlType.TINYINT: 8,
    SqlType.SMALLINT: 16,
    SqlType.MEDIUMINT: 24,
    SqlType.INT: 32,
    SqlType.BIGINT: 64,
}


def _columns() -> tuple[Column, ...]:
    result = [Column("id", SqlType.BIGINT, nullable=False, unsigned=True)]
    for kind in SqlType:
        if kind in INTEGERS:
            result += [Column(f"{kind} signed", kind), Column(f"{kind}_unsigned", kind, unsigned=True)]
        elif kind in (SqlType.ENUM, SqlType.SET):
            result.append(Column(f"größe {kind}", kind, collation=TEXT, labels=("a", "b,c")))
        elif kind is SqlType.DECIMAL:
            result.append(Column("amount", kind, length=10, scale=2))
        elif kind is SqlType.BIT:
            result += [Column("flag", kind, length=1), Column("bits", kind, length=12)]
        elif kind in BYTES:
            result.append(Column(f"c_{kind}", kind, length=4, invisible=True))
        elif kind in (SqlType.TIME, SqlType.DATETIME, SqlType.TIMESTAMP):
            result.append(Column(f"at-{kind}", kind, scale=3))
        else:
            text = kind in (SqlType.CHAR, SqlType.VARCHAR) or kind.endswith("text")
            result.append(Column(f"1{kind}", kind, collation=TEXT if text else None, generated=text))
    return tuple(result)


EVERY_TYPE = Table("my shop", "every-type", _columns(), (0, 2))

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def _cell(column: Column) -> st.SearchStrategy[Value]:
    kind = column.type
    if kind in INTEGERS:
        bits = WIDTH[kind]
        low, high = (0, 2**bits - 1) if column.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return st.integers(low, high)
    if kind is SqlType.FLOAT:
        return FLOATS
    if kind is SqlType.DOUBLE:
        return st.floats(allow_nan=False, allow_infinity=False)
    if kind in BYTES:
        return st.binary(max_size=300)
    return st.text(max_size=100)


ROWS: st.SearchStrategy[Row] = st.tuples(*(st.none() | _cell(column) for column in EVERY_TYPE.columns))

# The same table with cells of its own types, for change events.
ONE_ROW: Row = (
    *(2**64 - 1, -128, 255, -1, 65535, -5, 16777215, -(2**31), 2**32 - 1, -(2**63), 2**64 - 1),
    *(struct.unpack("<f", struct.pack("<f", 0.1))[0], 0.1, "-12345678.90", b"\x01", b"\x0a\xbc", "2024", "2024-02-29"),
    *("-838:59:59.000", "2024-02-29 23:59:59.123", "2024-02-29 23:59:59.120", "c", "v", "tt", "t", "mt", "lt"),
    *(b"\x01\x00\x00\x00", b"", b"tb", b"b", b"mb", b"lb", "b,c", "a", '{"a": [1, 2.50]}'),
    b"\xe6\x10\x00\x00" + struct.pack("<BI2d", 1, 1, 1, 2),
    struct.pack("<2f", 1.5, 0.1),
)
