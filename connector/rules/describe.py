"""Plans in print: as plain values for JSON and as text for people. Called by `rowcast plan`."""

from connector.model.plan import (
    Aggregate,
    And,
    Call,
    Compare,
    CompareValues,
    Computed,
    Condition,
    In,
    InKeyRange,
    IsNull,
    KeyspaceId,
    Kind,
    Like,
    Load,
    Member,
    Not,
    Opcode,
    Or,
    Plan,
    Push,
    Regexp,
    TargetExpression,
    TestNull,
    TestTruth,
    ValueType,
    VindexRef,
    Xor,
)
from connector.model.table import Column, Table
from connector.rules.bind import LONGEST_VARCHAR, columns_read
from connector.rules.infix import infix, written_value
from connector.rules.machine import split_terms


def describe(plan: Plan) -> dict[str, object]:
    """JSON-ready facts under stable names; `key_range`, `vindex`, `routing`, `target` are None where there are none."""
    ranges = [opcode for opcode in plan.predicate if isinstance(opcode, InKeyRange)]
    routing = plan.routing
    return {
        "version": plan.version,
        "rule": plan.match,
        "filter": plan.filter,
        "table": plan.source.qualified,
        "columns": [column.name for column in plan.output.columns],
        "columns_read": _columns_read(plan),
        "expressions": [
            {"name": column.name, "sql": source.sql, "type": print_type(source.type), "nullable": column.nullable}
            | {"program": [print_opcode(opcode, plan.source) for opcode in source.program]}
            for column, source in zip(plan.output.columns, plan.projection, strict=True)
            if isinstance(source, Computed)
        ],
        "primary_key": [plan.output.columns[index].name for index in plan.output.primary_key],
        "understood": infix(plan.predicate, plan.source) if plan.predicate else None,
        "predicate": [print_opcode(opcode, plan.source) for opcode in plan.predicate],
        "on_filter_change": plan.on_filter_change,
        "key_range": " and ".join(str(opcode.keyrange) for opcode in ranges) or None,
        "vindex": " and ".join(_vindex(opcode.vindex, opcode.columns, plan.source) for opcode in ranges) or None,
        "routing": routing
        and {
            "vindex": _vindex(routing.vindex, routing.columns, plan.source),
            "shards": [str(shard) for shard in routing.shards],
        },
        "evaluated": where_evaluated(plan),
        "target": _target(plan),
    }


def where_evaluated(plan: Plan) -> dict[str, list[str]]:
    """What each place does with this table: the copy's SELECT, the source (rowcast), the target.

    The copy reads whole rows and judges them by the same program as changes, so that both agree to the letter.
    """
    conditions = [infix(term, plan.source) for term in split_terms(plan.predicate)]
    computed = [source.sql for source in plan.projection if isinstance(source, Computed)]
    target: list[str] = []
    if plan.target is not None:
        target = [each.sql for each in plan.target.output if not isinstance(each, int)]
        target += [f"group by {plan.target.names[index]}" for index in plan.target.group_by]
    return {"copy_select": [], "source": [*conditions, *computed], "target": target}


def _columns_read(plan: Plan) -> list[str]:
    read = dict.fromkeys(columns_read(plan.predicate))
    for source in plan.projection:
        read.update(dict.fromkeys((source,) if isinstance(source, int) else source.columns))
    read.update(dict.fromkeys(plan.routing.columns if plan.routing else ()))
    return [plan.source.columns[index].name for index in sorted(read)]


def _target(plan: Plan) -> dict[str, object] | None:
    if plan.target is None:
        return None
    return {
        "columns": list(plan.target.names),
        "values": [_target_value(plan, each) for each in plan.target.output],
        "group_by": [plan.target.names[index] for index in plan.target.group_by],
        "mode": plan.target.mode,
    }


def _target_value(plan: Plan, value: int | Aggregate | TargetExpression) -> str:
    return plan.output.columns[value].name if isinstance(value, int) else value.sql


def render(plan: Plan) -> str:
    """The same for people: some lines, without a newline at the end."""
    lines = [f"{plan.source.qualified}  (rule {plan.match!r}: {plan.filter or 'everything'})"]
    key = [plan.output.columns[index].name for index in plan.output.primary_key]
    lines.append(f"  columns      {', '.join(column.name for column in plan.output.columns)}")
    lines += [
        f"  {'computed' if not position else '':<12} {column.name} = {source.sql}: {print_type(source.type)}"
        for position, (column, source) in enumerate(_computed(plan))
    ]
    lines.append(f"  reads        {', '.join(_columns_read(plan))}")
    lines.append(f"  primary key  {', '.join(key) or 'not selected' if plan.source.primary_key else 'none'}")
    terms = [infix(term, plan.source) for term in split_terms(plan.predicate)] or ["every row"]
    lines += [f"  {'predicate' if not position else '  and':<12} {term}" for position, term in enumerate(terms)]
    if plan.predicate:
        lines.append(f"  on change    {plan.on_filter_change}")
    if plan.routing:
        vindex = _vindex(plan.routing.vindex, plan.routing.columns, plan.source)
        lines.append(f"  routing      {vindex} -> {', '.join(str(shard) for shard in plan.routing.shards)}")
    else:
        lines.append("  routing      partition 0")
    if plan.target:
        pairs = zip(plan.target.names, plan.target.output, strict=True)
        values = ", ".join(f"{name} = {_target_value(plan, value)}" for name, value in pairs)
        lines.append(f"  target       {plan.target.mode}: {values}")
    return "\n".join(lines)


def _computed(plan: Plan) -> list[tuple[Column, Computed]]:
    pairs = zip(plan.output.columns, plan.projection, strict=True)
    return [(column, source) for column, source in pairs if isinstance(source, Computed)]


def print_opcode(opcode: Opcode, table: Table) -> str:
    """One opcode as one line; columns by name."""
    match opcode:
        case Compare():
            return f"compare {table.columns[opcode.column].name} {opcode.op} {written_value(opcode.literal)}"
        case In():
            return f"in {table.columns[opcode.column].name} ({', '.join(map(written_value, opcode.literals))})"
        case IsNull():
            return f"{'is not null' if opcode.negated else 'is null'} {table.columns[opcode.column].name}"
        case InKeyRange():
            return f"in_keyrange {_vindex(opcode.vindex, opcode.columns, table)} {opcode.keyrange}"
        case KeyspaceId():
            return f"keyspace_id {_vindex(opcode.vindex, opcode.columns, table)}"
        case Load():
            return f"load {table.columns[opcode.column].name} as {opcode.kind}"
        case Push():
            return f"push {opcode.kind} {written_value(opcode.value)}"
        case CompareValues():
            return f"compare {opcode.op} as {opcode.kind}{_under(opcode.collation)}"
        case Member():
            listed = ", ".join(map(written_value, opcode.literals))
            return f"member ({listed}) as {opcode.kind}{_under(opcode.collation)}"
        case Like():
            return f"like escape {written_value(opcode.escape)} under {opcode.collation}"
        case Regexp():
            return f"regexp {written_value(opcode.pattern)}{' ignoring case' if opcode.ignore_case else ''}"
        case TestNull():
            return "is not null" if opcode.negated else "is null"
        case TestTruth():
            return f"is {'not ' if opcode.negated else ''}{'true' if opcode.truth else 'false'}"
        case Condition():
            return f"not zero as {opcode.kind}"
        case Call():
            details = "".join(f" {written_value(detail)}" for detail in opcode.details)
            return f"call {opcode.function} {opcode.count}{details} -> {print_type(opcode.result)}"
        case Not():
            return "not"
        case And():
            return f"and {opcode.count}"
        case Or():
            return f"or {opcode.count}"
        case Xor():
            return "xor"


def print_type(type_: ValueType) -> str:
    """A type as DDL writes it, without NULL."""
    kind, scale = type_.kind, type_.scale
    if kind is Kind.INTEGER:
        return "BIGINT UNSIGNED" if type_.unsigned else "BIGINT"
    if kind is Kind.DECIMAL:
        return f"DECIMAL({type_.length},{scale})"
    if kind is Kind.TEXT:
        size = f"VARCHAR({max(1, type_.length)})" if type_.length <= LONGEST_VARCHAR else "LONGTEXT"
        return f"{size} COLLATE {type_.collation}"
    if kind is Kind.BYTES:
        return f"VARBINARY({type_.length})" if type_.length else "LONGBLOB"
    return f"{kind.value.upper()}({scale})" if scale else kind.value.upper()


def _under(collation: str | None) -> str:
    return f" under {collation}" if collation else ""


def _vindex(ref: VindexRef, columns: tuple[int, ...], table: Table) -> str:
    return f"{ref.type}({', '.join(table.columns[index].name for index in columns)})"
