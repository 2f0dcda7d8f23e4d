"""The native transcoder: the same items as `composed`, made by the Rust core (`native/`) from the same bytes.

Called by `connector.stream` through `choose`. Two differences in form, none in meaning: source transactions that one
call completes end in one `Committed`, and the clock is read once per call. Records are `PackedRecords`.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NoReturn

from connector.encode.avro import framed
from connector.encode.columns import column_form
from connector.encode.envelope import EnvelopeOptions, connect_json, require_id
from connector.encode.heartbeat import heartbeat_records
from connector.model.errors import InternalError, RowcastError, all_errors
from connector.model.events import MapColumn, TableMap
from connector.model.position import Checkpoint, InTransaction, parse_position
from connector.model.record import (
    ChunkBorder,
    Committed,
    Ddl,
    Item,
    NeedPlan,
    PackedRecords,
    Record,
    Records,
    Run,
    SourceHeartbeat,
)
from connector.model.server_errors import source_error
from connector.model.table import Column, Row, Table
from connector.rules.serialise import NotNative, serialise, sort_key
from connector.transcode.protocol import BoundPlan, Clock, TranscodeOptions
from schemas.debezium import ConnectSchema, envelope_struct, key_struct
from schemas.names import key_subject, table_topic, value_subject

ABI = 3
"""Of the module `rowcast_native`; the two must be equal."""

OUTPUT_BYTES = 32 << 20
"""`feed` returns when records of this size wait: a compressed transaction may hold far more than the bytes fed."""

_NUMBERS = frozenset({"pos", "bytes", "errno", "expected", "found"})
_BY_CODE = {error.code: error for error in all_errors()}


class NativeTranscoder:
    """See `protocol.Transcoder`. `core` is the module `rowcast_native`.

    `provide` and the methods of the copy phase raise NotNative for a plan that only the Python path can run; then the
    stream has to start anew on that.
    """

    def __init__(
        self,
        core: ModuleType,
        options: TranscodeOptions,
        start: Checkpoint,
        clock: Clock,
        *,
        each_commit: bool = False,
    ) -> None:
        """`each_commit`: a Committed for every source transaction, as `composed` has it."""
        self._error: type[Exception] = core.NativeError
        self._options = options
        self._clock = clock
        self._bound: dict[int, tuple[BoundPlan, Any]] = {}
        stream, envelope = options.stream, options.envelope
        self._core = self._call(
            core.Transcoder,
            keyspace=options.keyspace,
            stream=stream and (stream.topic, stream.partitions, stream.schema_id, stream.chunk_bytes),
            envelope=envelope and _envelope(envelope, options.heartbeat_ids),
            tx_chunk_rows=options.tx_chunk_rows,
            tx_chunk_bytes=options.tx_chunk_bytes,
            output_bytes=OUTPUT_BYTES,
            each_commit=each_commit,
            start=_fields(start),
            executed=str(parse_position(start.position)),
        )

    def feed(self, chunk: bytes) -> list[Item]:
        """See the protocol."""
        return [_item(found) for found in self._call(self._core.feed, bytes(chunk), self._clock())]

    def provide(self, bound: BoundPlan | None) -> None:
        """See the protocol."""
        self._call(self._core.provide, None if bound is None else self._compiled(bound))

    def copy_rows(self, bound: BoundPlan, rows: Sequence[Row]) -> tuple[Sequence[Record], int]:
        """See the protocol."""
        packed, passed = self._call(self._core.copy_rows, self._compiled(bound), rows, self._clock())
        return NativeRecords(packed), passed

    def copy_done(self, bound: BoundPlan) -> Sequence[Record]:
        """See the protocol."""
        return NativeRecords(self._call(self._core.copy_done, self._compiled(bound), self._clock()))

    def copy_completed(self) -> Sequence[Record]:
        """See the protocol."""
        return NativeRecords(self._call(self._core.copy_completed, self._clock()))

    def heartbeat(self) -> Sequence[Record]:
        """See the protocol."""
        return NativeRecords(self._call(self._core.heartbeat, self._clock()))

    @property
    def in_transaction(self) -> bool:
        """See the protocol."""
        in_transaction, _ = self._call(self._core.state)
        return bool(in_transaction)

    @property
    def more(self) -> bool:
        """See the protocol."""
        _, more = self._call(self._core.state)
        return bool(more)

    @property
    def checkpoint(self) -> Checkpoint:
        """See the protocol."""
        return _checkpoint(self._call(self._core.checkpoint))

    def _compiled(self, bound: BoundPlan) -> Any:
        known = self._bound.get(id(bound.plan))
        if known is None or known[0] is not bound:
            plan = self._call(
                self._core.bind, serialise(bound.plan), bound.row_schema or 0, self._table_topic(bound), sort_key
            )
            known = self._bound[id(bound.plan)] = (bound, plan)
        return known[1]

    def _table_topic(self, bound: BoundPlan) -> tuple[str, tuple[bytes, bytes], tuple[bytes, bytes]] | None:
        """The topic, and what encloses keys and values there."""
        options, table = self._options.envelope, bound.plan.output
        if options is None:
            return None
        topic = table_topic(options.prefix, table.database, table.name)
        key, value = (b"", b""), (b'{"before":', b"}")
        if options.key_format == "avro" and table.primary_key:
            key = (framed(require_id(bound.key_schema, key_subject(topic))), b"")
        elif options.key_format == "json-schema":
            key = (b'{"schema":%b,"payload":' % connect_json(key_struct(topic, _key_fields(table))), b"}")
        if options.value_format == "avro":
            value = (framed(require_id(bound.value_schema, value_subject(topic))), b"")
        elif options.value_format == "json-schema":
            schema = connect_json(envelope_struct(topic, _fields_of(table, table.columns)))
            value = (b'{"schema":%b,"payload":{"before":' % schema, b"}}")
        return topic, key, value

    def _call(self, function: Callable[..., Any], *arguments: object, **named: object) -> Any:
        try:
            return function(*arguments, **named)
        except self._error as error:
            _raise(*error.args)


class NativeRecords(PackedRecords):
    """Records in the core's memory."""

    def __init__(self, packed: Any) -> None:
        self._packed = packed
        self.rows, self.bytes = packed.counts()

    def __len__(self) -> int:
        return len(self._packed)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        topic, partition, key, value, headers = self._packed.record(index if index >= 0 else len(self) + index)
        return Record(topic, partition, key, value, tuple(headers))

    def runs(self, partitions: Callable[[str], int], large: int, callback: Callable[..., None]) -> list[Run]:
        """See PackedRecords."""
        return [Run(*found) for found in self._packed.runs(partitions, large, callback)]


def _envelope(options: EnvelopeOptions, ids: tuple[int | None, int | None]) -> dict[str, object]:
    key_id, value_id = ids
    [beat] = heartbeat_records(options, 0, key_schema_id=key_id, value_schema_id=value_id)
    # The time is the last thing in the value, closing braces aside.
    before, _, after = (beat.value or b"").rpartition(b"\0" if options.value_format == "avro" else b"0")
    return {
        "prefix": options.prefix,
        "connector_version": options.connector_version,
        "tombstones": options.tombstones_on_delete,
        "avro_keys": options.key_format == "avro",
        "avro_values": options.value_format == "avro",
        "heartbeat_topic": beat.topic,
        "heartbeat_key": beat.key,
        "heartbeat_around": (before, after),
    }


def _fields_of(table: Table, columns: Sequence[Column]) -> tuple[tuple[str, ConnectSchema], ...]:
    return tuple((column.name, column_form(table, column).schema) for column in columns)


def _key_fields(table: Table) -> tuple[tuple[str, ConnectSchema], ...]:
    return _fields_of(table, [table.columns[index] for index in table.primary_key])


# ---- tuples of the core <-> values ----------------------------------------------------------------------------------
def _item(found: tuple[Any, ...]) -> Item:
    match found:
        case ("records", packed):
            records = NativeRecords(packed)
            return Records(records, records.rows, records.bytes)
        case ("committed", checkpoint, rows, transactions):
            return Committed(_checkpoint(checkpoint), rows, transactions)
        case ("border", checkpoint):
            return ChunkBorder(_checkpoint(checkpoint))
        case ("plan", (table_id, database, table, columns, key)):
            return NeedPlan(TableMap(table_id, database, table, tuple(MapColumn(*column) for column in columns), key))
        case ("ddl", sql, database, packed, checkpoint):
            return Ddl(sql, database, NativeRecords(packed), _checkpoint(checkpoint))
        case ("heartbeat", file, pos):
            return SourceHeartbeat(file, pos)
    raise InternalError("the native core handed out an item of no known kind", kind=found[0])


def _checkpoint(fields: tuple[Any, ...]) -> Checkpoint:
    position, gtid, file, pos, server_uuid, ts_ms, seq, seqs, half = fields
    in_tx = None if half is None else InTransaction(half[0], half[1], half[2], tuple(half[3]))
    return Checkpoint(position, gtid, file, pos, server_uuid, ts_ms, seq, tuple(seqs), in_tx)


def _fields(start: Checkpoint) -> tuple[object, ...]:
    half = start.in_tx
    return (
        start.position,
        start.gtid,
        start.file,
        start.pos,
        start.server_uuid,
        start.ts_ms,
        start.seq,
        list(start.seqs),
        half and (half.gtid, half.rows, half.crc, list(half.parts)),
    )


def _raise(code: str, what: str, hint: str | None, context: Sequence[tuple[str, str]]) -> NoReturn:
    """The typed error of the core's."""
    named: dict[str, Any] = {name: int(value) if name in _NUMBERS else value for name, value in context}
    if code == "NOT_NATIVE":
        raise NotNative(what)
    if code == "SERVER_ERROR":
        raise source_error(named.pop("errno"), what, **{"sqlstate": None} | named)
    kind: type[RowcastError] = _BY_CODE.get(code, InternalError)
    raise kind(what, hint=hint, **named)
