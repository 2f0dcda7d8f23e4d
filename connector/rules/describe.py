"""Plans in print: as plain values for JSON and as text for people. Called by `rowcast plan`."""

from connector.model.plan import And, Compare, In, InKeyRange, IsNull, Opcode, Plan, VindexRef
from connector.model.table import Table, Value


def describe(plan: Plan) -> dict[str, object]:
    """JSON-ready facts under stable names; `key_range`, `vindex` and `routing` are None where there are none."""
    ranges = [opcode for opcode in plan.predicate if isinstance(opcode, InKeyRange)]
    routing = plan.routing
    return {
        "rule": plan.match,
        "filter": plan.filter,
        "table": plan.source.qualified,
        "columns": [column.name for column in plan.output.columns],
        "primary_key": [plan.output.columns[index].name for index in plan.output.primary_key],
        "predicate": [print_opcode(opcode, plan.source) for opcode in plan.predicate],
        "key_range": " and ".join(str(opcode.keyrange) for opcode in ranges) or None,
        "vindex": " and ".join(_vindex(opcode.vindex, opcode.columns, plan.source) for opcode in ranges) or None,
        "routing": routing
        and {
            "vindex": _vindex(routing.vindex, routing.columns, plan.source),
            "shards": [str(shard) for shard in routing.shards],
        },
    }


def render(plan: Plan) -> str:
    """The same for people: some lines, without a newline at the end."""
    facts = describe(plan)
    lines = [f"{facts['table']}  (rule {facts['rule']!r}: {facts['filter'] or 'everything'})"]
    key = [plan.output.columns[index].name for index in plan.output.primary_key]
    lines.append(f"  columns      {', '.join(column.name for column in plan.output.columns)}")
    lines.append(f"  primary key  {', '.join(key) or 'not selected' if plan.source.primary_key else 'none'}")
    opcodes = [print_opcode(opcode, plan.source) for opcode in plan.predicate] or ["every row"]
    lines += [f"  {'predicate' if not position else '':<12} {opcode}" for position, opcode in enumerate(opcodes)]
    if plan.routing:
        vindex = _vindex(plan.routing.vindex, plan.routing.columns, plan.source)
        lines.append(f"  routing      {vindex} -> {', '.join(str(shard) for shard in plan.routing.shards)}")
    else:
        lines.append("  routing      partition 0")
    return "\n".join(lines)


def print_opcode(opcode: Opcode, table: Table) -> str:
    """One opcode as one line; columns by name."""
    if isinstance(opcode, Compare):
        return f"compare {table.columns[opcode.column].name} {opcode.op} {_literal(opcode.literal)}"
    if isinstance(opcode, In):
        return f"in {table.columns[opcode.column].name} ({', '.join(map(_literal, opcode.literals))})"
    if isinstance(opcode, IsNull):
        return f"{'is not null' if opcode.negated else 'is null'} {table.columns[opcode.column].name}"
    if isinstance(opcode, And):
        return f"and {opcode.count}"
    return f"in_keyrange {_vindex(opcode.vindex, opcode.columns, table)} {opcode.keyrange}"


def _vindex(ref: VindexRef, columns: tuple[int, ...], table: Table) -> str:
    return f"{ref.type}({', '.join(table.columns[index].name for index in columns)})"


def _literal(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return repr(value)
