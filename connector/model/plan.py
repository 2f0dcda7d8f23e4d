"""Plans: a rule compiled once against one table version into flat, printable opcodes.

Made by `connector.rules`, interpreted by `connector.rules.evaluate` (and later by the native core), printed by
`rowcast plan`. A predicate is a postfix list: leaves push true, false or unknown (None), And pops `count` of them.
"""

from dataclasses import dataclass
from enum import StrEnum

from connector.model.keyrange import KeyRange
from connector.model.table import Row, Table, Value

PLAN_VERSION = 1


class Comparison(StrEnum):
    """SQL's comparison operators."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class VindexRef:
    """A vindex as the vschema or in_keyrange() names it; built by `connector.vindex.registry`."""

    type: str
    params: tuple[tuple[str, str], ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Compare:
    """column OP literal; unknown when the cell is NULL."""

    column: int
    op: Comparison
    literal: Value


@dataclass(frozen=True, slots=True)
class In:
    """column IN (literals); NULL among the literals makes a miss unknown."""

    column: int
    literals: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """column IS [NOT] NULL; never unknown."""

    column: int
    negated: bool


@dataclass(frozen=True, slots=True)
class InKeyRange:
    """The row's keyspace id lies in the range."""

    columns: tuple[int, ...]
    vindex: VindexRef
    keyrange: KeyRange


@dataclass(frozen=True, slots=True)
class And:
    """Pops `count` results, pushes their conjunction."""

    count: int


Opcode = Compare | In | IsNull | InKeyRange | And


@dataclass(frozen=True, slots=True)
class Routing:
    """Which target shard (= partition of the stream topic) a row belongs to."""

    columns: tuple[int, ...]
    vindex: VindexRef
    shards: tuple[KeyRange, ...]  # sorted, without gaps


@dataclass(frozen=True, slots=True)
class Plan:
    """One rule against one table version."""

    source: Table
    output: Table  # projected columns; primary_key empty when a key column is not selected
    predicate: tuple[Opcode, ...]  # empty: every row
    projection: tuple[int, ...]  # source column of each output column
    routing: Routing | None  # None: everything goes to partition 0
    match: str  # the rule as written
    filter: str
    version: int = PLAN_VERSION


@dataclass(frozen=True, slots=True)
class FilteredChange:
    """What remains of a row change: projected images, and the same split by partition.

    A row that leaves the filter is a delete, one that enters an insert; a row that moves between shards is a
    delete in one partition and an insert in another.
    """

    before: Row | None
    after: Row | None
    routes: tuple[tuple[int, Row | None, Row | None], ...]  # (partition, before, after)
