"""A rule's SELECT without SQL: what `parse` reads and `bind` turns into a plan for one table.

Expressions are trees with names and literals as written. `at` is where a construct begins in the rule's SQL (the first
character is 1, 0 = not known); it takes no part in comparisons.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from connector.model.keyrange import KeyRange
from connector.model.plan import Comparison

LiteralValue = int | Decimal | float | str | bytes | None
"""int: integer, TRUE, FALSE. Decimal: number with a point. float: with an exponent. str: quoted text.
bytes: hexadecimal and bit literals. None: NULL."""


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A column of the rule's table."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal and how the rule spells it. `truth` marks TRUE and FALSE."""

    value: LiteralValue
    sql: str
    truth: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TemporalLiteral:
    """DATE'...', TIME'...', TIMESTAMP'...'. `type` is date, time or timestamp."""

    type: str
    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CompareTerm:
    """left OP right."""

    op: Comparison
    left: "Expression"
    right: "Expression"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class BetweenTerm:
    """value BETWEEN low AND high."""

    value: "Expression"
    low: "Expression"
    high: "Expression"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class InTerm:
    """value IN (items)."""

    value: "Expression"
    items: tuple["Expression", ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LikeTerm:
    """text LIKE pattern ESCAPE escape; `escape` is one character, or empty for none."""

    text: "Expression"
    pattern: "Expression"
    escape: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class RegexpTerm:
    """text REGEXP pattern."""

    text: "Expression"
    pattern: "Expression"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class NullTerm:
    """value IS [NOT] NULL."""

    value: "Expression"
    negated: bool
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TruthTerm:
    """condition IS [NOT] TRUE, IS [NOT] FALSE."""

    condition: "Expression"
    truth: bool
    negated: bool
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class AndTerm:
    """All of the terms; nested conjunctions are one."""

    terms: tuple["Expression", ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class OrTerm:
    """One of the terms; nested disjunctions are one."""

    terms: tuple["Expression", ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class XorTerm:
    """Exactly one of the two."""

    left: "Expression"
    right: "Expression"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class NotTerm:
    """The opposite; unknown stays unknown."""

    term: "Expression"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class KeyRangeTerm:
    """in_keyrange(columns, vindex, range); without columns and vindex the table's own vindex counts."""

    columns: tuple[str, ...]
    vindex: str | None
    keyrange: KeyRange
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CallTerm:
    """A function or an arithmetic operator. `details` are what it takes besides expressions: a path, a type."""

    name: str  # lower case: 'upper', '+', 'neg', 'cast'
    arguments: tuple["Expression", ...]
    details: tuple[str | int, ...] = ()
    at: int = field(default=0, compare=False)


Predicate = (
    CompareTerm
    | BetweenTerm
    | InTerm
    | LikeTerm
    | RegexpTerm
    | NullTerm
    | TruthTerm
    | AndTerm
    | OrTerm
    | XorTerm
    | NotTerm
    | KeyRangeTerm
)
Expression = ColumnName | Literal | TemporalLiteral | CallTerm | Predicate


@dataclass(frozen=True, slots=True)
class Aggregated:
    """count(*) (`column` is None) or sum(column)."""

    column: ColumnName | None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Foreign:
    """An expression that only a MySQL target can evaluate, `why` rowcast does not, and the columns it reads."""

    columns: tuple[ColumnName, ...]
    why: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Selected:
    """One item of the select list; `name` is its alias, or the column's own name.

    `portable`: another server would compute the same from the same row.
    """

    value: Expression | Aggregated | Foreign
    name: str
    sql: str
    portable: bool = True
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Selection:
    """The SELECT: `columns` is None for `*`, `database` None when FROM names only the table."""

    database: str | None
    table: str
    columns: tuple[Selected, ...] | None
    where: Expression | None
    group_by: tuple[str, ...] = ()
