"""Plans as JSON for the native core (`native/core/src/plan.rs` reads it). Called by `connector.transcode.native`.

Everything that a comparison needs comes with it, so that both paths run on one definition. What is
not listed here the native core does not know: NotNative, and the stream runs on the Python path.
"""

import json
from typing import Any

from connector.model.errors import CollationUnsupported
from connector.model.plan import (
    And,
    Compare,
    In,
    InKeyRange,
    IsNull,
    Not,
    Opcode,
    Or,
    Plan,
    Routing,
    VindexRef,
    Xor,
)
from connector.model.table import BLOBS, INTEGERS, TEXTS, Column, SqlType, Table, Value
from connector.rules.collation import Collation, collation

FORMAT = 2
"""Of the JSON. The native core refuses any other."""

_LABELLED = TEXTS | {SqlType.ENUM, SqlType.SET}
_LIKE_TEXT = {SqlType.YEAR, SqlType.DATE, SqlType.DATETIME, SqlType.TIMESTAMP}
_VINDEXES = frozenset({"binary", "hash", "xxhash"})
_LARGEST = 1 << 126  # integer literals are 128 bits wide there; cells have 64

_ASCII = tuple(map(chr, range(128)))

Json = dict[str, Any]


class NotNative(Exception):
    """An answer, not a failure: only the Python path can run this plan. The message says why."""


def serialise(plan: Plan) -> str:
    """The plan as JSON. Raises NotNative for an opcode, a vindex or a comparison that the native core lacks."""
    table = plan.source
    if not all(isinstance(column, int) for column in plan.projection):
        raise NotNative("an output column is an expression")
    if plan.on_filter_change != "split":
        raise NotNative(f"on_filter_change = {plan.on_filter_change}")
    return json.dumps(
        {
            "format": FORMAT,
            "source": _table(table),
            "projection": plan.projection,
            "output_key": plan.output.primary_key,
            "predicate": [_opcode(table, opcode) for opcode in plan.predicate],
            "routing": None if plan.routing is None else _routing(plan.routing),
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )


def _table(table: Table) -> Json:
    return {
        "database": table.database,
        "name": table.name,
        "primary_key": table.primary_key,
        "columns": [
            {
                "name": column.name,
                "type": column.type.value,
                "nullable": column.nullable,
                "unsigned": column.unsigned,
                "collation": column.collation,
                "length": column.length,
                "scale": column.scale,
                "labels": column.labels,
                "generated": column.generated,
                "invisible": column.invisible,
            }
            for column in table.columns
        ],
    }


def _routing(routing: Routing) -> Json:
    starts = [shard.low.hex() for shard in routing.shards]
    return _sharding(routing.columns, routing.vindex) | {"starts": starts}


def _sharding(columns: tuple[int, ...], vindex: VindexRef) -> Json:
    if vindex.type not in _VINDEXES or len(columns) != 1:
        raise NotNative(f"vindex {vindex.type} over {len(columns)} columns")
    return {"columns": columns, "vindex": vindex.type}


def _opcode(table: Table, opcode: Opcode) -> Json:
    match opcode:
        case Compare(column=column, op=op, literal=literal):
            return {"op": "compare", "column": column, "comparison": op.value} | _literal(table, column, literal)
        case In():
            return _in(table, opcode)
        case IsNull(column=column, negated=negated):
            return {"op": "is_null", "column": column, "negated": negated}
        case InKeyRange(columns=columns, vindex=vindex, keyrange=keyrange):
            limits = {"low": keyrange.low.hex(), "high": keyrange.high.hex()}
            return {"op": "in_key_range"} | _sharding(columns, vindex) | limits
        case And(count=count):
            return {"op": "and", "count": count}
        case Or(count=count):
            return {"op": "or", "count": count}
        case Not():
            return {"op": "not"}
        case Xor():
            return {"op": "xor"}
    raise NotNative(f"the opcode {type(opcode).__name__}")


def _in(table: Table, opcode: In) -> Json:
    literals = [literal for literal in opcode.literals if literal is not None]
    # Literals of one Python type share one scale.
    groups = []
    for kind in sorted({type(literal) for literal in literals}, key=lambda kind: kind.__name__):
        alike = [literal for literal in literals if type(literal) is kind]
        column = table.columns[opcode.column]
        literals_of = [_text(column, literal) for literal in alike]
        groups.append({"scale": _scale(column, table, alike[0]), "literals": literals_of})
    return {"op": "in", "column": opcode.column, "groups": groups, "null": len(literals) < len(opcode.literals)}


def _literal(table: Table, column: int, literal: Value) -> Json:
    if literal is None:
        return {"literal": None, "scale": None}
    described = table.columns[column]
    return {"literal": _text(described, literal), "scale": _scale(described, table, literal)}


def _text(column: Column, literal: Value) -> str:
    if isinstance(literal, str) and column.type in _LABELLED:
        return collation(column.collation).key(literal).hex()
    if isinstance(literal, bytes):
        return literal.hex()
    if isinstance(literal, float):
        return repr(literal)
    if isinstance(literal, int) and abs(literal) >= _LARGEST:
        raise NotNative("a literal of more than 126 bits")
    return str(literal)


def _scale(column: Column, table: Table, literal: Value) -> Json:
    """How `connector.rules.compare` compares this column with this literal."""
    kind = column.type
    if kind in _LABELLED and isinstance(literal, str):
        return _collated(column, table)
    return {"kind": _plain_scale(kind, literal)}


def _plain_scale(kind: SqlType, literal: Value) -> str:
    if kind in INTEGERS:
        return "integer" if isinstance(literal, int) else "decimal"
    if kind is SqlType.DECIMAL:
        return "double" if isinstance(literal, float) else "decimal"
    if kind in (SqlType.FLOAT, SqlType.DOUBLE):
        return "double"
    if kind in _LABELLED:
        return "leading_number"
    if kind in _LIKE_TEXT:
        return "text"
    if kind in BLOBS:
        return "bytes"
    if kind is SqlType.BIT:
        return "bits"
    if kind is SqlType.TIME:
        return "duration"
    raise NotNative(f"comparisons of {kind.value} columns")


def _collated(column: Column, table: Table) -> Json:
    known = collation(column.collation)
    return {
        "kind": "collation",
        "name": known.name,
        "levels": [] if known.by_code_point else _levels(known),
        "pad": _unit(known, " ") if known.pad_space else None,
        "by_code_point": known.by_code_point,
        "place": f"{table.qualified}.{column.name}",
    }


def _levels(known: Collation) -> list[list[int | None]]:
    """What each ASCII character becomes on each level of the collation's keys, None = ignored."""
    count = known.key("a").count(b"\0") + 1
    if count == 1:
        try:
            return [[_unit(known, character) for character in _ASCII]]
        except UnicodeEncodeError:
            raise NotNative(f"comparisons under collation {known.name}, which lacks a part of ASCII") from None
    keys = [known.key(character).split(b"\0") for character in _ASCII]
    return [[key[level][0] if key[level] else None for key in keys] for level in range(count)]


def _unit(known: Collation, character: str) -> int | None:
    """Of a collation with one level. Behind the character stands one that is no space: under PAD SPACE a space counts
    only before something."""
    key, alone = known.key(f"{character}a"), known.key("a")
    return key[0] if len(key) > len(alone) else None


def sort_key(name: str, place: str, text: str) -> bytes | str:
    """The key of a column's text under its collation, for the native core; what is wrong with it when it has none."""
    try:
        return collation(name).cell_key(place)(text)
    except CollationUnsupported as error:
        return error.what
