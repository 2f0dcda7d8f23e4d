"""A rule's expressions against one table version -> typed programs. Called by `bind`.

Columns beside literals become Compare, In and IsNull, which are quick; everything else becomes stack opcodes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from connector.model.errors import RowcastError, RuleColumnUnknown, RuleInvalid, RuleUnsupported
from connector.model.plan import (
    And,
    Call,
    Compare,
    Comparison,
    Condition,
    In,
    IsNull,
    KeyspaceId,
    Kind,
    Not,
    Opcode,
    Or,
    Program,
    Push,
    TestNull,
    TestTruth,
    ValueType,
    VindexRef,
    Xor,
)
from connector.model.table import Column, SqlType, Table
from connector.rules.calls import FUNCTIONS, arity, common_type, refuse_float
from connector.rules.comparisons import compare, like, list_collation, member, refuse_mixed_literals, regexp
from connector.rules.literals import bind_list, bind_literal
from connector.rules.syntax import (
    AndTerm,
    BetweenTerm,
    CallTerm,
    ColumnName,
    CompareTerm,
    Expression,
    InTerm,
    KeyRangeTerm,
    LikeTerm,
    Literal,
    NotTerm,
    NullTerm,
    OrTerm,
    RegexpTerm,
    TemporalLiteral,
    TruthTerm,
    XorTerm,
)
from connector.rules.typed import TRUTH, Bound, call, constant, load, number, refuse, temporal_constant

_MIRRORED = {
    Comparison.LT: Comparison.GT,
    Comparison.LE: Comparison.GE,
    Comparison.GT: Comparison.LT,
    Comparison.GE: Comparison.LE,
}
_TEMPORAL_COLUMNS = {
    "date": (SqlType.DATE, SqlType.DATETIME),
    "timestamp": (SqlType.DATE, SqlType.DATETIME, SqlType.TIMESTAMP),
    "time": (SqlType.TIME,),
}


@contextmanager
def _placed(at: int) -> Iterator[None]:
    """Gives errors that know no place the one of the construct."""
    try:
        yield
    except RowcastError as error:
        if at and "position" not in error.context:
            error.context["position"] = at
        raise


@dataclass(frozen=True, slots=True)
class Expressions:
    """Binds expressions to one table's columns. `key_range` says what an in_keyrange() becomes.

    Errors: RuleColumnUnknown, RuleUnsupported (an outcome that is not exact), RuleInvalid; all with a position.
    """

    table: Table
    key_range: Callable[[KeyRangeTerm], Program]
    own_vindex: Callable[[], tuple[tuple[int, ...], VindexRef]]

    def index(self, column: ColumnName) -> int:
        """The column's place in the table."""
        found = self.table.index_of(column.name)
        if found is None:
            raise RuleColumnUnknown(
                f"table {self.table.qualified} has no column {column.name}", position=column.at or None
            )
        return found

    # ---- values -----------------------------------------------------------------------------------------------------
    def value(self, term: Expression) -> Bound:
        """An expression as a value; a condition is 1, 0 or NULL."""
        if isinstance(term, ColumnName):
            return load(self.table, self.index(term), term.at)
        if isinstance(term, Literal):
            return constant(term)
        if isinstance(term, TemporalLiteral):
            return self._temporal(term)
        if isinstance(term, CallTerm):
            return self._call(term)
        return Bound(self.condition(term), TRUTH, "a condition", term.at, truth=True)

    def _temporal(self, term: TemporalLiteral) -> Bound:
        literal = temporal_constant(term)
        kind = {"date": SqlType.DATE, "time": SqlType.TIME, "timestamp": SqlType.DATETIME}[term.type]
        scale = min(6, len(term.text.partition(".")[2]))
        with _placed(term.at):
            text = bind_literal(Column(literal.sql, kind, scale=scale), literal)
        type_ = ValueType(Kind(kind.value), scale=scale)
        return Bound((Push(type_.kind, text),), type_, literal.sql, term.at, nullable=False)

    def _call(self, term: CallTerm) -> Bound:
        name = term.name
        if name in ("if", "case"):
            bound = self._choice(term)
        elif name == "nullif":
            bound = self._nullif(term)
        elif name == "keyspace_id":
            return self._keyspace_id(term)
        elif name in FUNCTIONS:
            bound = FUNCTIONS[name](name, [self.value(argument) for argument in term.arguments], term.details)
        else:
            raise RuleUnsupported(f"function {name}() is not supported", position=term.at or None)
        # What is computed is no column and no literal any more, whatever its first argument was.
        if bound.column is not None or bound.literal is not None:
            bound = replace(bound, column=None, source=None, literal=None)
        return replace(bound, at=term.at or bound.at)

    def _keyspace_id(self, term: CallTerm) -> Bound:
        if term.arguments:
            raise RuleInvalid("keyspace_id() takes no arguments", position=term.at or None)
        columns, ref = self.own_vindex()
        program = (KeyspaceId(columns, ref),)
        return Bound(program, ValueType(Kind.BYTES), "keyspace_id()", term.at, nullable=False)

    def _choice(self, term: CallTerm) -> Bound:
        arguments = term.arguments
        last = len(arguments) - 1
        conditions = [self.condition(arguments[index]) for index in range(0, last, 2)]
        chosen = [self.value(arguments[index]) for index in [*range(1, last, 2), last]]
        result, values, coercibility = common_type(chosen)
        program: list[Opcode] = []
        for condition, value in zip(conditions, values[:-1], strict=True):
            program += [*condition, *value.program]
        program += values[-1].program
        labelled = any(value.labelled for value in chosen)
        bound = call("case", result, values, coercibility=coercibility, labelled=labelled)
        return replace(bound, program=(*program, Call("case", len(arguments), result)))

    def _nullif(self, term: CallTerm) -> Bound:
        values = [self.value(argument) for argument in term.arguments]
        arity("nullif", values, 2, 2)
        first = values[0]
        refuse_float([first])
        if first.literal is not None:
            # The server's optimizer takes such a NULLIF for a constant in WHERE, and not in SELECT.
            refuse("NULLIF of a constant is not supported", *values)
        if first.kind is Kind.TEXT and first.type.collation != values[1].type.collation:
            # MySQL lends the result the collation of the comparison.
            refuse("NULLIF of texts of different collations is not supported", *values)
        same = self.condition(CompareTerm(Comparison.EQ, term.arguments[0], term.arguments[1], term.at))
        program = (*same, *first.program, Call("nullif", 2, first.type))
        return Bound(program, first.type, first.sql, term.at, first.coercibility, labelled=first.labelled)

    # ---- conditions -------------------------------------------------------------------------------------------------
    def condition(self, term: Expression) -> Program:
        """An expression as a condition: its program leaves a truth."""
        with _placed(term.at):
            found = self._predicate(term)
        if found is not None:
            return found
        value = self.value(term)
        if value.is_null:
            refuse("NULL as a condition is not supported: it is never true", value)
        if value.truth:
            return value.program
        value = number(value)
        return (*value.program, Condition(value.kind))

    def _predicate(self, term: Expression) -> Program | None:
        """None for what is a value and no predicate."""
        match term:
            case CompareTerm():
                return self._compare(term)
            case BetweenTerm():
                return self._between(term)
            case InTerm():
                return self._in(term)
            case LikeTerm():
                return like(self.value(term.text), self.value(term.pattern), term.escape)
            case RegexpTerm():
                return regexp(self.value(term.text), self.value(term.pattern))
            case NullTerm(value=ColumnName() as column):
                return (IsNull(self.index(column), term.negated),)
            case NullTerm():
                return (*self.value(term.value).program, TestNull(term.negated))
            case TruthTerm():
                return (*self.condition(term.condition), TestTruth(term.truth, term.negated))
            case AndTerm() | OrTerm():
                return self._several(term)
            case XorTerm():
                return (*self.condition(term.left), *self.condition(term.right), Xor())
            case NotTerm():
                return (*self.condition(term.term), Not())
            case KeyRangeTerm():
                return self.key_range(term)
        return None

    def _compare(self, term: CompareTerm, collation_name: str | None = None) -> Program:
        quick = None
        if collation_name is None:
            quick = self._beside_literal(term.op, term.left, term.right)
        if quick is None and collation_name is None:
            quick = self._beside_literal(_MIRRORED.get(term.op, term.op), term.right, term.left)
        if quick is not None:
            return quick
        left, right = self.value(term.left), self.value(term.right)
        for side, other in ((left, right), (right, left)):
            if other.is_null:
                if term.op is not Comparison.NULL_SAFE_EQ:
                    refuse("a comparison with NULL is never true", left, right)
                return (*side.program, TestNull(False))
        return compare(term.op, left, right, collation_name)

    def _beside_literal(self, op: Comparison, left: Expression, right: Expression) -> Program | None:
        """A column beside a constant, None when that is not what it is."""
        if not isinstance(left, ColumnName) or not isinstance(right, Literal | TemporalLiteral):
            return None
        index = self.index(left)
        column = self.table.columns[index]
        if column.type is SqlType.JSON:
            return None
        if isinstance(right, TemporalLiteral):
            if column.type not in _TEMPORAL_COLUMNS[right.type]:
                return None
            right = temporal_constant(right)
        if op is not Comparison.NULL_SAFE_EQ:
            return (Compare(index, op, bind_literal(column, right)),)
        if right.value is None:
            return (IsNull(index, negated=False),)
        return (Compare(index, Comparison.EQ, bind_literal(column, right)), TestTruth(True, False))

    def _between(self, term: BetweenTerm) -> Program:
        parts = (term.value, term.low, term.high)
        literals = [part for part in parts if isinstance(part, Literal)]
        if isinstance(term.value, ColumnName) and len(literals) == 2:
            self._refuse_json(term.value)
            refuse_mixed_literals(literals, term.at)
            name = None
        else:
            values = [self.value(part) for part in parts]
            name = list_collation(values[0], values[1:])
        return (
            *self._compare(CompareTerm(Comparison.GE, term.value, term.low, term.at), name),
            *self._compare(CompareTerm(Comparison.LE, term.value, term.high, term.at), name),
            And(2),
        )

    def _in(self, term: InTerm) -> Program:
        literals = [item for item in term.items if isinstance(item, Literal)]
        alike = len(literals) == len(term.items)
        if isinstance(term.value, ColumnName) and alike:
            self._refuse_json(term.value)
            refuse_mixed_literals(literals, term.at)
            index = self.index(term.value)
            return (In(index, bind_list(self.table.columns[index], tuple(literals))),)
        value, items = self.value(term.value), [self.value(item) for item in term.items]
        name = list_collation(value, items)
        if all(item.is_null for item in items):
            refuse("IN with NULL alone is not supported: it is never true", *items)
        found = member(value, items)
        if found is not None:
            return found
        programs = [compare(Comparison.EQ, value, item, name) for item in items if not item.is_null]
        programs += [item.program for item in items if item.is_null][:1]
        if len(programs) == 1:
            return programs[0]
        return (*(opcode for program in programs for opcode in program), Or(len(programs)))

    def _refuse_json(self, column: ColumnName) -> None:
        if self.table.columns[self.index(column)].type is SqlType.JSON:
            raise RuleUnsupported(
                f"JSON column {column.name} in BETWEEN and IN is not supported", position=column.at or None
            )

    def _several(self, term: AndTerm | OrTerm) -> Program:
        joint = And if isinstance(term, AndTerm) else Or
        program: list[Opcode] = []
        count = 0
        for part in term.terms:
            found = self.condition(part)
            if isinstance(found[-1], joint):
                # What is joined the same way becomes one: a AND (b AND c) has three terms.
                count += found[-1].count
                program += found[:-1]
            else:
                count += 1
                program += found
        return (*program, joint(count))
