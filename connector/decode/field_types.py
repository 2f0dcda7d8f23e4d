"""MySQL's field type codes as table maps and binary JSON use them, and what sets of codes have in common."""

TINY = 1
SHORT = 2
LONG = 3
FLOAT = 4
DOUBLE = 5
TIMESTAMP_OLD = 7
LONGLONG = 8
INT24 = 9
DATE = 10
TIME_OLD = 11
DATETIME_OLD = 12
YEAR = 13
NEWDATE = 14
VARCHAR = 15
BIT = 16
TIMESTAMP = 17
DATETIME = 18
TIME = 19
VECTOR = 242
JSON = 245
DECIMAL = 246
ENUM = 247
SET = 248
BLOB = 252
VAR_STRING = 253
STRING = 254
GEOMETRY = 255

# Columns that own a bit in the signedness bitmap of a table map. YEAR has one although it has no sign.
SIGNED = frozenset({TINY, SHORT, INT24, LONG, LONGLONG, FLOAT, DOUBLE, DECIMAL, YEAR})
# Columns whose collation the charset fields of a table map list (63 = binary: BINARY, VARBINARY, BLOB). VECTOR counts
# as a BLOB there.
CHARACTER = frozenset({VARCHAR, VAR_STRING, STRING, BLOB, VECTOR})
