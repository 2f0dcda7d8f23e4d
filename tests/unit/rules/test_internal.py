"""Internal tables against Vitess's vectors. That rules hide them is tested in `test_ruleset`."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.rules.internal import (
    LIFECYCLE_HINTS,
    ONLINE_DDL_HINTS,
    InternalTable,
    is_internal_table,
    is_lifecycle_table,
    is_online_ddl_table,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "internal_table_names.jsonl.gz"
CASES: list[dict[str, Any]] = [json.loads(line) for line in gzip.decompress(VECTORS.read_bytes()).splitlines()]


def _answer(op: str, given: dict[str, Any]) -> object:
    match op:
        case "is_internal_operation_table":
            return is_internal_table(given["name"])
        case "is_gc_table" | "gc_regexp":
            return is_lifecycle_table(given["name"])
        case "is_online_ddl_table":
            return is_online_ddl_table(given["name"])
        case "analyze_internal_table":
            table = InternalTable.parse(given["name"])
            if table is None:
                return {"internal": False}
            return {"internal": True, "hint": table.hint, "time": f"{table.time:%Y-%m-%dT%H:%M:%SZ}"}
        case _:
            time = datetime.fromisoformat(given.get("time", "2015-02-25 11:06:39"))
            try:
                return str(InternalTable.of(given["hint"], given["uuid"], time))
            except ValueError:
                return "error"


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_vector(case: dict[str, Any]) -> None:
    wanted = case["expected"]
    refused = isinstance(wanted, dict) and "error_contains" in wanted
    assert _answer(case["op"], case["input"]) == ("error" if refused else wanted)


@given(
    st.sampled_from(sorted(LIFECYCLE_HINTS | ONLINE_DDL_HINTS | {"xyz"})),
    st.uuids(),
    st.datetimes(min_value=datetime(1000, 1, 1)),
)
def test_names_round_trip(hint: str, uuid: object, time: datetime) -> None:
    table = InternalTable.of(hint, str(uuid), time.replace(microsecond=0, tzinfo=UTC))
    assert InternalTable.parse(str(table)) == table
    assert is_internal_table(str(table))
    assert is_lifecycle_table(str(table)) == (hint in LIFECYCLE_HINTS)
    assert is_online_ddl_table(str(table)) == (hint in ONLINE_DDL_HINTS)
