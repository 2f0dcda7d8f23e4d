"""A rule's SELECT without SQL: what `parse` reads and `bind` turns into a plan's opcodes for one table.

The predicate is postfix like the plan's, but with column names and literals as written.
"""

from dataclasses import dataclass
from decimal import Decimal

from connector.model.keyrange import KeyRange
from connector.model.plan import And, Comparison

LiteralValue = int | Decimal | float | str | bytes | None
"""int: integer, TRUE, FALSE. Decimal: number with a point. float: with an exponent. str: quoted text.
bytes: hexadecimal and bit literals. None: NULL."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal and how the rule spells it."""

    value: LiteralValue
    sql: str


@dataclass(frozen=True, slots=True)
class CompareTerm:
    """column OP literal."""

    column: str
    op: Comparison
    literal: Literal


@dataclass(frozen=True, slots=True)
class InTerm:
    """column IN (literals)."""

    column: str
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class NullTerm:
    """column IS [NOT] NULL."""

    column: str
    negated: bool


@dataclass(frozen=True, slots=True)
class KeyRangeTerm:
    """in_keyrange(columns, vindex, range); without columns and vindex the table's own vindex counts."""

    columns: tuple[str, ...]
    vindex: str | None
    keyrange: KeyRange


Term = CompareTerm | InTerm | NullTerm | KeyRangeTerm | And


@dataclass(frozen=True, slots=True)
class Selection:
    """The SELECT: `columns` is None for `*`, `database` None when FROM names only the table."""

    database: str | None
    table: str
    columns: tuple[str, ...] | None
    predicate: tuple[Term, ...]
