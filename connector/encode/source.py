"""The `source` struct of change events: where a row came from.

Used by `envelope`. The rows of one rows event share everything but `row`, so the rest is encoded once per event.
"""

from dataclasses import dataclass

import orjson

from connector.encode.avro import NULL, SOME, encode_long, encode_string

STREAMED = "false"  # `snapshot` of rows from the binlog


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Debezium's source struct of one row (fields: docs of Debezium's MySQL connector).

    `ts_us` = commit time in microseconds; `pos` = start of the rows event, `row` = index inside it; `gtid` is the
    transaction's own. Rows of a snapshot have server_id 0, and None for gtid and thread.
    """

    version: str
    connector: str
    name: str
    ts_us: int
    snapshot: str
    db: str
    table: str
    server_id: int
    gtid: str | None
    file: str
    pos: int
    row: int
    thread: int | None = None
    query: str | None = None


class SourceText:
    """Encodes SourceInfo, keeping what does not change while the same object is passed with other row numbers."""

    def __init__(self) -> None:
        self._json_of: SourceInfo | None = None
        self._json = (b"", b"")
        self._avro_of: SourceInfo | None = None
        self._avro = (b"", b"")

    def json(self, source: SourceInfo, row: int) -> bytes:
        """JSON object, fields in Debezium's order."""
        if source is not self._json_of:
            self._json, self._json_of = _json_around_row(source), source
        before, after = self._json
        return b"%b%d%b" % (before, row, after)

    def avro(self, source: SourceInfo, row: int) -> bytes:
        """Avro record of schemas.debezium.SOURCE."""
        if source is not self._avro_of:
            self._avro, self._avro_of = _avro_around_row(source), source
        before, after = self._avro
        return before + encode_long(row) + after


def _json_around_row(source: SourceInfo) -> tuple[bytes, bytes]:
    before = orjson.dumps(
        {
            "version": source.version,
            "connector": source.connector,
            "name": source.name,
            "ts_ms": source.ts_us // 1000,
            "snapshot": source.snapshot,
            "db": source.db,
            "sequence": None,
            "ts_us": source.ts_us,
            "ts_ns": source.ts_us * 1000,
            "table": source.table,
            "server_id": source.server_id,
            "gtid": source.gtid,
            "file": source.file,
            "pos": source.pos,
        }
    )
    after = orjson.dumps({"thread": source.thread, "query": source.query})
    return before[:-1] + b',"row":', b"," + after[1:]


def _avro_around_row(source: SourceInfo) -> tuple[bytes, bytes]:
    # `snapshot` has a default, so its union is [string, null]; Debezium leaves it null in streamed rows.
    snapshot = b"\x02" if source.snapshot == STREAMED else b"\x00" + encode_string(source.snapshot)
    before = (
        encode_string(source.version),
        encode_string(source.connector),
        encode_string(source.name),
        encode_long(source.ts_us // 1000),
        snapshot,
        encode_string(source.db),
        NULL,
        SOME + encode_long(source.ts_us),
        SOME + encode_long(source.ts_us * 1000),
        SOME + encode_string(source.table),
        encode_long(source.server_id),
        NULL if source.gtid is None else SOME + encode_string(source.gtid),
        encode_string(source.file),
        encode_long(source.pos),
    )
    after = (
        NULL if source.thread is None else SOME + encode_long(source.thread),
        NULL if source.query is None else SOME + encode_string(source.query),
    )
    return b"".join(before), b"".join(after)
