"""Random tables, rows, conditions and expressions over the whole language of rules, from one seed."""

import random
from dataclasses import dataclass
from typing import Any

from connector.model.table import Column, Row, SqlType, Table, Value

COLLATIONS = [
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_as_cs",
    "utf8mb4_bin",
    "utf8mb4_0900_bin",
    "utf8mb4_general_ci",
    "utf8mb4_unicode_ci",
    "utf8mb3_general_ci",
    "latin1_swedish_ci",
    "latin1_general_ci",
    "ascii_general_ci",
    "latin1_bin",
]
TEXTS = ["", "a", "A", "b", "aB", "ab ", "a ", " a", "abc", "ABC", "5", "5abc", "-1.5", "1e2", "%", "a_b", "a\\b", "0"]
TEXTS += ["x%y", "_", "zz", "Z", "10", "2", "-0", "'", "é", "ß", "E", "straße", "ñ", "日本", "😀"]
ASCII = [text for text in TEXTS if text.isascii()]
NUMBERS = ["0", "1", "-1", "2", "5", "7", "10", "100", "127", "128", "255", "-128", "0.5", "-0.5", "1.5", "2.50", "1e0"]
NUMBERS += ["99.99", "0.01", "3", "2024", "4294967295", "9223372036854775807", "18446744073709551615", "1e2", "5e-1"]
EXACT = [number for number in NUMBERS if "e" not in number]
DATES = ["2024-01-31", "2024-02-29", "1970-01-01", "1999-12-31", "9999-12-31", "1000-01-01", "2038-01-19"]
CLOCKS = ["00:00:00", "12:30:45", "23:59:59", "01:02:03"]
DURATIONS = ["00:00:00", "-00:00:01", "12:30:45", "-12:30:45", "838:59:59", "-838:59:59", "100:00:00"]
LABELS = ("red", "Blue", "a-b")
JSONS = [
    '{"a": 1, "b": "x"}', '{"a": 1.5, "b": "X"}', '{"a": "1", "b": null}', '{"a": [1, 2, {"c": "d"}], "b": true}',
    '{"a": {"b": -7, "c": "é\\"q"}, "b": false}', "[1, 2, 3]", '"text"', "5", "null", "true", "1e100", "{}", "[]",
    '{"a": 9007199254740993, "b": 0.1}', '{"a": -0.0, "b": "5abc"}', '{"a": 100.0, "b": ""}',
]  # fmt: skip
PATHS = ["$", "$.a", "$.b", "$.a.b", "$.a[0]", "$.a[2].c", "$[1]", "$[0]", '$."a"', "$.zz"]


@dataclass(frozen=True)
class Given:
    """A column, its DDL and what its cells may be."""

    column: Column
    ddl: str
    cells: tuple[Value, ...]
    family: str  # what expressions may do with it

    @property
    def name(self) -> str:
        """Of the column."""
        return self.column.name


def _column(name: str, kind: SqlType, ddl: str, cells: list[Any], family: str, **details: Any) -> Given:
    return Given(Column(name, kind, **details), ddl, tuple(cells), family)


class Generator:
    """One table and what can be asked about it. Equal seeds give equal texts."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.columns = self._columns()
        self._collation = "utf8mb4_0900_ai_ci"

    def table(self, database: str) -> Table:
        """The table as rules see it."""
        return Table(database, "t", tuple(given.column for given in self.columns), (0,))

    def ddl(self) -> str:
        """CREATE TABLE."""
        return f"create table t ({', '.join(f'`{given.name}` {given.ddl}' for given in self.columns)})"

    def rows(self, count: int) -> list[Row]:
        """Rows with all columns, a tenth of the cells NULL."""
        pick = self._random
        return [
            (index, *(None if pick.random() < 0.1 else pick.choice(given.cells) for given in self.columns[1:]))
            for index in range(count)
        ]

    def _columns(self) -> list[Given]:
        pick = self._random
        ints = [0, 1, -1, 2, 5, 7, 10, 100, 127, -128]
        made = [_column("id", SqlType.INT, "int primary key", [0], "integer", nullable=False)]
        made += [
            _column("t", SqlType.TINYINT, "tinyint", ints, "integer"),
            _column("su", SqlType.SMALLINT, "smallint unsigned", [0, 1, 2, 5, 255, 65535], "integer", unsigned=True),
            _column("i", SqlType.INT, "int", [*ints, 2**31 - 1, -(2**31)], "integer"),
            _column("b", SqlType.BIGINT, "bigint", [*ints, 2**63 - 1, -(2**63), 2**53 + 1], "integer"),
            _column("bu", SqlType.BIGINT, "bigint unsigned", [0, 1, 5, 2**63, 2**64 - 1], "integer", unsigned=True),
            _column(
                "d", SqlType.DECIMAL, "decimal(10,2)",
                ["0.00", "1.50", "-0.50", "99999999.99", "-99999999.99", "2.00", "0.01", "5.00"],
                "decimal", length=10, scale=2,
            ),
            _column(
                "e6", SqlType.DECIMAL, "decimal(20,6)",
                ["0.000000", "0.333333", "-12345678901234.123456", "1.500000", "7.000001"],
                "decimal", length=20, scale=6,
            ),
            _column("f", SqlType.FLOAT, "float", [0.0, 1.5, -0.5, 0.100000001490116119384765625, 16777216.0], "double"),
            _column("g", SqlType.DOUBLE, "double", [0.0, 0.1, 1.5, -2.5, 1e10, 3.5, 1e-5, 2.0**53, -0.5], "double"),
        ]  # fmt: skip
        names = pick.sample(COLLATIONS, 3)
        for index, collation in enumerate(["utf8mb4_0900_ai_ci", *names]):
            charset = collation.split("_")[0]
            cells = self._texts(collation)
            ddl = f"varchar(20) character set {charset} collate {collation}"
            made.append(
                _column(f"v{index}", SqlType.VARCHAR, ddl, cells, f"text:{collation}", collation=collation, length=20)
            )
        collation = pick.choice(COLLATIONS)
        charset = collation.split("_")[0]
        chars = sorted({text.rstrip(" ") for text in self._texts(collation)})
        labels = ", ".join(f"'{label}'" for label in LABELS)
        many = ["", "red", "red,Blue", "Blue,a-b", "red,Blue,a-b"]
        moments = [f"{date} {clock}" for date in DATES for clock in CLOCKS]
        precise = [f"{each}.{pick.choice(['000', '500', '001'])}" for each in moments]
        seconds = ["2024-01-31 12:30:45", "1970-01-01 00:00:01"]
        made += [
            _column(
                "c", SqlType.CHAR, f"char(9) character set {charset} collate {collation}", chars,
                f"text:{collation}", collation=collation, length=9,
            ),
            _column(
                "en", SqlType.ENUM, f"enum({labels}) character set utf8mb4 collate utf8mb4_0900_ai_ci", [*LABELS],
                "label", collation="utf8mb4_0900_ai_ci", labels=LABELS,
            ),
            _column(
                "st", SqlType.SET, f"set({labels}) character set utf8mb4 collate utf8mb4_general_ci", many,
                "label", collation="utf8mb4_general_ci", labels=LABELS,
            ),
            _column("vb", SqlType.VARBINARY, "varbinary(9)", [text.encode()[:9] for text in ASCII], "bytes", length=9),
            _column("bt", SqlType.BIT, "bit(10)", [b"\0\0", b"\0\5", b"\3\xff", b"\0\1"], "bit", length=10),
            _column("y", SqlType.YEAR, "year", ["0000", "1901", "2024", "2155"], "year"),
            _column("da", SqlType.DATE, "date", DATES, "date"),
            _column("dt", SqlType.DATETIME, "datetime", moments, "datetime"),
            _column("dt3", SqlType.DATETIME, "datetime(3)", precise, "datetime", scale=3),
            _column("ti", SqlType.TIME, "time", DURATIONS, "time"),
            _column("ts", SqlType.TIMESTAMP, "timestamp null", seconds, "timestamp"),
            _column("j", SqlType.JSON, "json", JSONS, "json"),
        ]  # fmt: skip
        return made

    def _texts(self, collation: str) -> list[str]:
        if collation.startswith("utf8mb4"):
            return TEXTS
        if collation.startswith("utf8mb3"):
            return [text for text in TEXTS if text != "😀"]
        return [*ASCII, "é", "ß", "ñ"] if collation.startswith("latin1") else ASCII

    # ---- values -----------------------------------------------------------------------------------------------------
    def _of(self, *families: str) -> str:
        return self._random.choice([g.name for g in self.columns if g.family.split(":")[0] in families])

    def number(self, depth: int = 2) -> str:
        """An expression that is a number."""
        pick = self._random
        if depth <= 0 or pick.random() < 0.3:
            if pick.random() < 0.3:
                return pick.choice(NUMBERS)
            return self._of("integer", "integer", "decimal", "double")
        less = depth - 1
        choice = pick.randrange(16)
        if choice < 6:
            operator = pick.choice(["+", "-", "*", "/", "div", "%", "mod"])
            return f"({self.number(less)} {operator} {self.number(less)})"
        if choice == 6:
            return f"-({self.number(less)})"
        if choice == 7:
            return f"ifnull({self.number(less)}, {self.number(less)})"
        if choice == 8:
            return f"if({self.condition(less)}, {self.number(less)}, {self.number(less)})"
        if choice == 9:
            return f"nullif({self.number(less)}, {self.number(less)})"
        if choice == 10:
            kind = pick.choice(["signed", "unsigned", "decimal(10,2)", "decimal(5)", "double"])
            return f"cast({pick.choice([self.number(less), self.text(less)])} as {kind})"
        if choice == 11:
            return f"{pick.choice(['length', 'char_length'])}({self.text(less)})"
        if choice == 12:
            return f"{pick.choice(['year', 'month', 'day'])}({self.moment()})"
        if choice == 13:
            return f"({self._of('integer', 'bit')} {pick.choice(['&', '|', '^', '<<', '>>'])} {self.whole()})"
        if choice == 14:
            when = f"case when {self.condition(less)} then {self.number(less)}"
            return f"{when} {pick.choice(['', f'else {self.number(less)} '])}end"
        return f"({pick.choice([self._of('year', 'bit'), self._text_column()])} + {self.number(less)})"

    def whole(self) -> str:
        """An integer."""
        pick = self._random
        return pick.choice([str(pick.randrange(-3, 9)), self._of("integer"), "(t + 1)"])

    def _text_column(self) -> str:
        return self._random.choice([g.name for g in self.columns if g.family == f"text:{self._collation}"])

    def _label(self) -> str:
        labels = [g.name for g in self.columns if g.family == "label" and g.column.collation == self._collation]
        return self._random.choice(labels or [self._text_column()])

    def text(self, depth: int = 2) -> str:
        """An expression that is text."""
        pick = self._random
        if depth <= 0 or pick.random() < 0.35:
            return pick.choice([self._text_column(), self._text_column(), self._label(), self.quoted()])
        less = depth - 1
        choice = pick.randrange(9)
        if choice == 0:
            return (
                f"concat({self.text(less)}, {pick.choice([self.text(less), self._of('integer', 'decimal', 'date')])})"
            )
        if choice == 1:
            return f"{pick.choice(['upper', 'lower'])}({self.text(less)})"
        if choice == 2:
            return f"substring({self.text(less)}, {self.whole()}, {self.whole()})"
        if choice == 3:
            return f"{pick.choice(['left', 'right', 'substr'])}({self.text(less)}, {self.whole()})"
        if choice == 4:
            return f"coalesce({self.text(less)}, {self.text(less)})"
        if choice == 5:
            operand = pick.choice([self.text(less), self._of("integer", "decimal")])
            return f"cast({operand} as char{pick.choice(['', '(2)'])})"
        if choice == 6:
            return f"j->>'{pick.choice(PATHS)}'"
        if choice == 7:
            return f"if({self.condition(less)}, {self.text(less)}, {self.text(less)})"
        return f"nullif({self.text(less)}, {self.text(less)})"

    def quoted(self) -> str:
        """A text literal."""
        return quote(self._random.choice(TEXTS))

    def moment(self) -> str:
        """A DATE or DATETIME."""
        pick = self._random
        plain = self._of("date", "datetime")
        return pick.choice([plain, plain, f"date({plain})", f"cast({self._of('date')} as datetime)"])

    def moment_literal(self) -> str:
        """A literal beside a DATE or DATETIME."""
        pick = self._random
        date = pick.choice(DATES)
        whole = f"{date} {pick.choice(CLOCKS)}"
        return pick.choice([f"'{date}'", f"'{whole}'", f"date'{date}'", f"timestamp'{whole}'", f"'{whole}.500'"])

    def turn(self) -> None:
        """Before a rule: its texts are of one collation mostly, because MySQL refuses most mixtures."""
        self._collation = self._random.choice(
            [g.column.collation or "" for g in self.columns if g.family[:4] == "text"]
        )

    def value(self) -> str:
        """Something for the select list."""
        return self._random.choice([self.number, self.number, self.text, self.text, self.moment, self.json])()

    def json(self) -> str:
        """A JSON value."""
        path = self._random.choice(PATHS)
        return self._random.choice([f"j->'{path}'", f"json_extract(j, '{path}')"])

    # ---- conditions -------------------------------------------------------------------------------------------------
    def condition(self, depth: int = 3) -> str:
        """A condition."""
        pick = self._random
        if depth > 0 and pick.random() < 0.45:
            less = depth - 1
            joint = pick.choice(["and", "or", "and", "or", "xor"])
            if pick.random() < 0.2:
                return f"not ({self.condition(less)})"
            if pick.random() < 0.1:
                wanted = pick.choice(["true", "false", "unknown"])
                return f"({self.condition(less)}) is {pick.choice(['', 'not '])}{wanted}"
            left, right = self.condition(less), self.condition(less)
            if pick.random() < 0.5:
                left, right = f"({left})", f"({right})"
            return f"{left} {joint} {right}"
        return self._term(depth)

    def _term(self, depth: int) -> str:
        pick = self._random
        operator = pick.choice(["=", "!=", "<>", "<", "<=", ">", ">=", "<=>"])
        negation = pick.choice(["", "not "])
        less = min(depth, 1)
        choice = pick.randrange(20)
        if choice < 4:
            sides = [pick.choice(NUMBERS), self._of("integer", "decimal", "double", "bit")]
            pick.shuffle(sides)
            return f"{sides[0]} {operator} {sides[1]}"
        if choice < 6:
            return f"{self.number(less)} {operator} {self.number(less)}"
        if choice < 9:
            return f"{self.text(less)} {operator} {self.text(less)}"
        if choice == 9:
            return f"{self.moment()} {operator} {pick.choice([self.moment_literal(), self.moment()])}"
        if choice == 10:
            pattern = pick.choice(["a%", "%b%", "_", "a\\_b", "%", "A_C", "5%", "_%_", "%\\\\%", "é%", "|%%"])
            escape = pick.choice(["", "", " escape '|'", " escape ''"])
            return f"{self.text(less)} {negation}like {quote(pattern)}{escape}"
        if choice == 11:
            items = ", ".join(pick.choice(EXACT) for _ in range(3))
            return f"{self.number(less)} {negation}in ({items}{pick.choice(['', ', null'])})"
        if choice == 12:
            items = ", ".join(self.quoted() for _ in range(3))
            return f"{self.text(less)} {negation}in ({items}{pick.choice(['', ', null'])})"
        if choice == 13:
            return f"{self.number(less)} {negation}between {pick.choice(EXACT)} and {self._of('integer', 'decimal')}"
        if choice == 14:
            return f"{self.text(less)} {negation}between {self.text(0)} and {self.text(0)}"
        if choice == 15:
            any_column = pick.choice(self.columns).name
            return f"{pick.choice([any_column, self.number(less), self.text(less)])} is {negation}null"
        if choice == 16:
            literal = pick.choice([*NUMBERS, "'x'", "'1'", "''", "true", "false", "'X'", "1.5"])
            return f"{self.json()} {operator} {literal}"
        if choice == 17:
            return f"ti {operator} {pick.choice(['ti', *map(quote, DURATIONS), quote('12:30:45.5')])}"
        if choice == 18:
            return f"{self.moment()} {negation}between {self.moment_literal()} and {self.moment_literal()}"
        return pick.choice(
            [self.number(less), f"v0 regexp {quote(pick.choice(['a', '^a.b', '[a-c]+b?', 'x|5', '^(ab)']))}"]
        )


def quote(text: str) -> str:
    """A text literal of MySQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
