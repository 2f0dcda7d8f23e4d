"""Stream messages against fastavro."""

import io
import json
from typing import Any
from zlib import crc32

import fastavro
import pytest

from connector.encode.stream import MessageEncoder, body_crc32, stream_schema
from connector.model.message import (
    FOREIGN_KEY_CHECKS_OFF,
    Body,
    Change,
    Copy,
    CopyCompleted,
    DdlStatement,
    Heartbeat,
    Other,
    StreamMessage,
    Transaction,
)

SCHEMA = fastavro.parse_schema(json.loads(stream_schema()))
CHANGES = (
    Change(7, 0, None, b"new"),
    Change(7, 0, b"old", b"x" * 9000),
    Change(300, FOREIGN_KEY_CHECKS_OFF, b"gone", None),
)
BODIES: list[tuple[Body, str, dict[str, Any]]] = [
    (Transaction(()), "Transaction", {"changes": []}),
    (
        Transaction(CHANGES),
        "Transaction",
        {
            "changes": [
                {
                    "table": change.table,
                    "flags": change.flags,
                    "before": change.before,
                    "after": change.after,
                    "columns": None,
                    "json_diff": None,
                }
                for change in CHANGES
            ]
        },
    ),
    (
        Copy(5, (b"a", b""), b"a", completed=False),
        "Copy",
        {"table": 5, "rows": [b"a", b""], "lastpk": b"a", "completed": False},
    ),
    (Copy(5, (), None, completed=True), "Copy", {"table": 5, "rows": [], "lastpk": None, "completed": True}),
    (
        DdlStatement("alter table größe add x int", "shop", ("größe", "t")),
        "Ddl",
        {"sql": "alter table größe add x int", "database": "shop", "tables": ["größe", "t"]},
    ),
    (Other(), "Other", {}),
    (Heartbeat(throttled=True, reason="lag"), "Heartbeat", {"throttled": True, "reason": "lag"}),
    (Heartbeat(), "Heartbeat", {"throttled": False, "reason": ""}),
    (CopyCompleted(), "CopyCompleted", {}),
]


def message(body: Body) -> StreamMessage:
    return StreamMessage(
        seq=123456789,
        part=2,
        last=True,
        position="MySQL56/u:1-9",
        gtid="u:9",
        commit_ts_us=1_700_000_000_000_001,
        sent_ts_us=1_700_000_000_000_002,
        commit_parent=41,
        sequence_number=42,
        crc32=body_crc32(body),
        body=body,
    )


@pytest.mark.parametrize(("body", "name", "fields"), BODIES, ids=lambda value: value if isinstance(value, str) else "")
def test_messages_are_what_fastavro_writes(body: Body, name: str, fields: dict[str, Any]) -> None:
    made = message(body)
    head = {field: getattr(made, field) for field in StreamMessage.__slots__ if field != "body"}
    out = io.BytesIO()
    fastavro.schemaless_writer(out, SCHEMA, head | {"body": (f"rowcast.stream.{name}", fields)})
    assert MessageEncoder(0x01020304).encode(made) == b"\x00\x01\x02\x03\x04" + out.getvalue()


def test_checksums() -> None:
    assert body_crc32(Transaction(CHANGES)) == crc32(b"new" + b"old" + b"x" * 9000 + b"gone")
    assert body_crc32(Copy(5, (b"a", b"b"), b"b", completed=False)) == crc32(b"ab")
    assert body_crc32(Heartbeat()) == body_crc32(Other()) == 0
