"""Plans: a rule compiled once against one table version into flat, printable opcodes.

Made by `connector.rules`, interpreted by `connector.rules.evaluate` (and later by the native core), printed by
`rowcast plan`. A program is a postfix list over one stack of values: Compare, In, IsNull, InKeyRange and Load read the
row, Push is a constant, every other opcode pops its operands and pushes its result. A truth is 1, 0 or None (unknown).

On the stack a value of each kind is:
  INTEGER    a number; a signed or unsigned 64-bit result, truths included
  DECIMAL    an exact number with its scale; Push writes it as text
  DOUBLE     a double
  TEXT       text, compared by the collation that the comparing opcode names
  BYTES      bytes
  DATE, DATETIME, TIME, TIMESTAMP   the text MySQL prints, with the fraction that the type has (TIMESTAMP in UTC)
  JSON       a JSON value; Push writes it as JSON text
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from connector.model.keyrange import KeyRange
from connector.model.table import Row, Table, Value

PLAN_VERSION = 2

OnFilterChange = Literal["split", "vitess"]
"""What an update does when only one of its images passes: split = a delete or an insert; vitess = the update itself."""


class Comparison(StrEnum):
    """SQL's comparison operators."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    NULL_SAFE_EQ = "<=>"  # never unknown; only CompareValues has it


class Kind(StrEnum):
    """What a value on the stack is."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    TEXT = "text"
    BYTES = "bytes"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    TIMESTAMP = "timestamp"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of an expression's value, as MySQL derives it."""

    kind: Kind
    unsigned: bool = False  # INTEGER
    length: int = 0  # DECIMAL: digits; INTEGER: digits it can have; TEXT: characters, BYTES: bytes; 0 = not known
    scale: int = 0  # DECIMAL; fraction of DATETIME, TIME, TIMESTAMP
    collation: str | None = None  # TEXT


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
class Load:
    """Pushes a column's cell as a value of `kind`."""

    column: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Push:
    """Pushes a constant; None is NULL."""

    kind: Kind
    value: Value


@dataclass(frozen=True, slots=True)
class CompareValues:
    """Pops right, then left, both of `kind`; unknown when one is NULL (never for <=>)."""

    op: Comparison
    kind: Kind
    collation: str | None = None  # TEXT


@dataclass(frozen=True, slots=True)
class Member:
    """Pops a value of `kind`: is it among the literals? NULL among them makes a miss unknown."""

    kind: Kind
    literals: tuple[Value, ...]
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class Like:
    """Pops pattern, then text. `escape` is one character or empty (none)."""

    collation: str
    escape: str


@dataclass(frozen=True, slots=True)
class Regexp:
    """Pops text; whether the pattern is found in it."""

    pattern: str
    ignore_case: bool


@dataclass(frozen=True, slots=True)
class TestNull:
    """Pops a value of any kind; never unknown."""

    negated: bool


@dataclass(frozen=True, slots=True)
class TestTruth:
    """Pops a truth: IS [NOT] TRUE, IS [NOT] FALSE; never unknown."""

    truth: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """Pops a number of `kind`, pushes whether it is not zero."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Call:
    """Pops `count` arguments (the last one first), pushes the function's result.

    `function` is an entry of `connector.rules.functions`; `details` are what it takes besides values (a JSON path, a
    unit, a character set). `result` says the exact type: ranges and scales are part of the meaning.
    """

    function: str
    count: int
    result: ValueType
    details: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """Pops a truth, pushes its negation."""


@dataclass(frozen=True, slots=True)
class And:
    """Pops `count` truths, pushes their conjunction."""

    count: int


@dataclass(frozen=True, slots=True)
class Or:
    """Pops `count` truths, pushes their disjunction."""

    count: int


@dataclass(frozen=True, slots=True)
class Xor:
    """Pops two truths; unknown when one is."""


@dataclass(frozen=True, slots=True)
class KeyspaceId:
    """Pushes the row's keyspace id as BYTES."""

    columns: tuple[int, ...]
    vindex: VindexRef


Opcode = (
    Compare
    | In
    | IsNull
    | InKeyRange
    | KeyspaceId
    | Load
    | Push
    | CompareValues
    | Member
    | Like
    | Regexp
    | TestNull
    | TestTruth
    | Condition
    | Call
    | Not
    | And
    | Or
    | Xor
)
Program = tuple[Opcode, ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """An output column that is an expression: its program leaves one value of `type`."""

    program: Program
    type: ValueType
    sql: str  # as the rule writes it
    columns: tuple[int, ...]  # source columns it reads, in order


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A target column that the target keeps: count(*) or sum(column)."""

    function: Literal["count", "sum"]
    column: int | None  # index into the plan's output, of sum
    sql: str


@dataclass(frozen=True, slots=True)
class TargetExpression:
    """A target column that the target computes from columns that it is sent."""

    sql: str
    columns: tuple[int, ...]  # indexes into the plan's output


@dataclass(frozen=True, slots=True)
class TargetSelect:
    """What a MySQL target makes of the rows that the source sends.

    `output` has one entry a target column: an index into the plan's output, or what the target computes. `mode` is
    Vitess's: insert = a row a row, on_duplicate = groups are kept up to date, ignore = the first row of a group stays.
    """

    names: tuple[str, ...]
    output: tuple[int | Aggregate | TargetExpression, ...]
    group_by: tuple[int, ...]  # indexes into `output`
    mode: Literal["insert", "on_duplicate", "ignore"]


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
    predicate: Program  # empty: every row
    projection: tuple[int | Computed, ...]  # of each output column: the source column, or what computes it
    routing: Routing | None  # None: everything goes to partition 0
    match: str  # the rule as written
    filter: str
    on_filter_change: OnFilterChange = "split"
    target: TargetSelect | None = None  # set: the rows mean nothing until a target has computed its part
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
