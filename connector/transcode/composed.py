"""The Python transcoder: decode . rules . encode, one row at a time. The specification of every faster one.

Called by `connector.stream`. As a row walks: bytes -> `decode.reader` (events) -> `decode.rows` (cells) ->
`rules.evaluate` (filter, projection, routing) -> `encode` (images, envelopes) -> `outbox` (messages) -> items.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connector.decode.reader import EventReader
from connector.decode.rows import RowDecoder
from connector.encode.envelope import Operation, TableEncoder
from connector.encode.heartbeat import heartbeat_records
from connector.encode.rows import RowEncoder
from connector.encode.source import STREAMED, SourceInfo
from connector.model.errors import (
    BinlogCorrupt,
    BinlogEventUnsupported,
    BinlogStatement,
    InternalError,
    ResumeMismatch,
    TableMapUnknown,
)
from connector.model.events import (
    Commit,
    EventHeader,
    Gtid,
    Query,
    Rotate,
    Rows,
    ServerHeartbeat,
    TableMap,
)
from connector.model.message import FOREIGN_KEY_CHECKS_OFF
from connector.model.plan import FilteredChange
from connector.model.position import Checkpoint, encode_position, parse_position
from connector.model.record import ChunkBorder, Committed, Ddl, Item, NeedPlan, Record, SourceHeartbeat
from connector.model.table import Row
from connector.rules.evaluate import PlanEvaluator
from connector.transcode.outbox import Outbox
from connector.transcode.progress import OpenTransaction
from connector.transcode.protocol import BoundPlan, Clock, TranscodeOptions
from connector.transcode.statements import Kind, classify

# Smaller transactions are sent in one piece; their images need no checksum when only table topics are written.
_NEVER_CUT_BYTES = 1 << 20


class _TablePath:
    """Everything one table version's rows pass through."""

    def __init__(self, bound: BoundPlan, options: TranscodeOptions, table_map: TableMap | None) -> None:
        plan = bound.plan
        self.plan = plan
        self.schema_id = bound.row_schema or 0
        self.keyed = bool(plan.output.primary_key)
        self.decoder = RowDecoder(table_map, plan.source) if table_map else None
        self.evaluator = PlanEvaluator(plan)
        self.images = RowEncoder(plan.output)
        self.envelope: TableEncoder | None = None
        if options.envelope:
            ids = {"key_schema_id": bound.key_schema, "value_schema_id": bound.value_schema}
            self.envelope = TableEncoder(options.envelope, plan.output, **ids)


class ComposedTranscoder:
    """See `protocol.Transcoder`. `start` says where the stream goes on, inside a transaction or not."""

    def __init__(self, options: TranscodeOptions, start: Checkpoint, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._reader = EventReader()
        self._executed = parse_position(start.position)
        self._checkpoint = start
        self._outbox = Outbox(options.stream, start.seqs, clock)
        self._resume = start.in_tx
        self._paths: dict[int, _TablePath | None] = {}
        self._maps: dict[int, TableMap] = {}
        self._unanswered: TableMap | None = None
        self._tx: OpenTransaction | None = None
        self._thread_id = 0
        self._out: list[Item] = []

    # ---- the binlog --------------------------------------------------------------------------------------------------
    def feed(self, chunk: bytes) -> list[Item]:
        """See the protocol."""
        self._reader.push(chunk)
        self._out = []
        while self._unanswered is None and (found := self._reader.next_event()) is not None:
            self._event(*found)
        self._hand_out()
        return self._out

    def provide(self, bound: BoundPlan | None) -> None:
        """See the protocol."""
        if self._unanswered is None:
            raise InternalError("a plan was provided that nobody asked for")
        table_map, self._unanswered = self._unanswered, None
        self._paths[table_map.table_id] = None if bound is None else _TablePath(bound, self._options, table_map)

    def _event(self, header: EventHeader, event: object) -> None:
        match event:
            case Rows():
                self._rows(header, event)
            case TableMap():
                self._table_map(event)
            case Gtid():
                self._begin(header, event)
            case Query():
                self._statement(header, event)
            case Commit():
                self._commit()
            case Rotate():
                # A real rotation starts a file in which the server numbers tables anew.
                self._paths.clear()
                self._maps.clear()
            case ServerHeartbeat():
                self._hand_out()
                self._out.append(SourceHeartbeat(event.file, event.pos))

    def _table_map(self, table_map: TableMap) -> None:
        if self._maps.get(table_map.table_id) == table_map:
            return
        self._maps[table_map.table_id] = table_map
        self._unanswered = table_map
        self._hand_out()
        self._out.append(NeedPlan(table_map))

    def _begin(self, header: EventHeader, gtid: Gtid) -> None:
        if self._tx is not None:
            raise BinlogCorrupt(
                f"transaction {gtid.gtid} begins before {self._tx.gtid.gtid} has ended", **self._where(header)
            )
        resume = self._resume
        if resume and resume.gtid != gtid.gtid:
            if any(resume.parts):
                raise ResumeMismatch("another transaction comes before the one half sent", gtid=gtid.gtid)
            resume = None  # table topics know no order between transactions: ours follows
        tracked = self._options.stream is not None or not 0 < gtid.transaction_length < _NEVER_CUT_BYTES
        self._tx = OpenTransaction(gtid, resume, tracked=tracked)
        if resume:
            self._resume = None
            self._outbox.resume(resume.parts)

    def _statement(self, header: EventHeader, query: Query) -> None:
        statement = classify(query.sql, query.database)
        match statement.kind:
            case Kind.BEGIN:
                self._thread_id = query.thread_id
                if self._tx:
                    self._tx.explicit = True
            case Kind.COMMIT:
                self._commit()
            case Kind.SAVEPOINT:
                pass  # MySQL itself leaves undone rows out of the binlog
            case Kind.DML:
                raise BinlogStatement(
                    "row changes are in the binlog as a statement", database=query.database, **self._where(header)
                )
            case Kind.UNSUPPORTED:
                raise BinlogEventUnsupported(
                    f"the binlog has a statement that rowcast does not follow yet: {query.sql[:20]!r}",
                    **self._where(header),
                )
            case Kind.DDL:
                self._ddl(query, statement.tables)
            case Kind.OTHER:
                if self._tx and not self._tx.explicit:
                    self._commit()

    def _ddl(self, query: Query, tables: tuple[tuple[str, str], ...]) -> None:
        tx = self._current()
        ours = tuple(table for database, table in tables if database == self._options.keyspace)
        if tx.explicit:  # CREATE TABLE ... SELECT: the rows follow, then the commit
            if ours and tx.resume:
                self._outbox.skip_ddl()
            elif ours:
                self._outbox.ddl(query.sql, query.database, ours, self._checkpoint.position, tx)
            return
        self._executed.add(tx.gtid.gtid)
        position = encode_position(self._executed)
        self._hand_out()
        if ours:
            self._outbox.ddl(query.sql, query.database, ours, position, tx)
        self._advance(position, tx)
        # Also without records: a rule may be for a table of another database.
        self._out.append(Ddl(query.sql, query.database, self._outbox.take().records, self._checkpoint))
        self._tx = None

    def _rows(self, header: EventHeader, event: Rows) -> None:
        if event.table_id not in self._maps:
            raise TableMapUnknown(f"rows of table id {event.table_id} without a table map", **self._where(header))
        path = self._paths[event.table_id]
        if path is None:
            return
        assert path.decoder is not None
        tx = self._current()
        source = self._source(header, tx, path) if path.envelope else None
        flags = event.flags & FOREIGN_KEY_CHECKS_OFF
        for index, change in enumerate(path.decoder.decode(event)):
            filtered = path.evaluator.change(change.before, change.after)
            if filtered is not None:
                self._row(path, tx, source, flags, index, filtered)

    def _row(
        self,
        path: _TablePath,
        tx: OpenTransaction,
        source: SourceInfo | None,
        flags: int,
        index: int,
        filtered: FilteredChange,
    ) -> None:
        before, after = filtered.before, filtered.after
        before_image = after_image = None
        if tx.tracked:
            before_image = None if before is None else path.images.encode(before)
            after_image = None if after is None else path.images.encode(after)
        if tx.skip(before_image, after_image):
            return
        if path.envelope and source:
            operation: Operation = "c" if before is None else "d" if after is None else "u"
            self._outbox.add(path.envelope.records(before, after, operation, source, self._clock(), row=index))
        for partition, has_before, has_after in filtered.routes if self._options.stream else ():
            self._outbox.change(
                partition,
                path.schema_id,
                flags,
                None if has_before is None else before_image,
                None if has_after is None else after_image,
                self._checkpoint.position,
                tx,
            )
        self._outbox.count_row()
        full = (
            tx.rows_since_border >= self._options.tx_chunk_rows
            or self._outbox.bytes_since_border >= self._options.tx_chunk_bytes
        )
        if full and tx.tracked:
            self._border(tx)

    def _border(self, tx: OpenTransaction) -> None:
        """Inside a large transaction: hand out all that is buffered, so that a Kafka transaction may end here."""
        self._outbox.flush_parts(self._checkpoint.position, tx)
        self._hand_out()
        tx.rows_since_border = 0
        in_tx = tx.progress(self._outbox.parts)
        self._out.append(ChunkBorder(replace(self._checkpoint, in_tx=in_tx)))
        self._outbox.bytes_since_border = 0

    def _commit(self) -> None:
        tx = self._current()
        tx.check_resumed()
        self._executed.add(tx.gtid.gtid)
        position = encode_position(self._executed)
        self._outbox.end_transaction(position, tx)
        self._finish(position, tx)
        self._tx = None

    def _finish(self, position: str, tx: OpenTransaction) -> None:
        self._hand_out()
        self._advance(position, tx)
        self._out.append(Committed(self._checkpoint, tx.rows))

    def _advance(self, position: str, tx: OpenTransaction) -> None:
        self._outbox.bytes_since_border = 0
        self._checkpoint = Checkpoint(
            position=position,
            gtid=tx.gtid.gtid,
            file=self._reader.file,
            pos=self._reader.pos,
            server_uuid=self._checkpoint.server_uuid,
            ts_ms=tx.gtid.commit_ts_us // 1000,
            seq=self._checkpoint.seq + 1,
            seqs=self._outbox.seqs,
            in_tx=self._resume,
        )

    def _current(self) -> OpenTransaction:
        if self._tx is None:
            raise InternalError("the binlog has a change outside of a transaction", file=self._reader.file)
        return self._tx

    def _hand_out(self) -> None:
        if self._outbox.filled:
            self._out.append(self._outbox.take())

    def _source(self, header: EventHeader, tx: OpenTransaction, path: _TablePath) -> SourceInfo:
        assert self._options.envelope is not None
        return SourceInfo(
            version=self._options.envelope.connector_version,
            connector="mysql",
            name=self._options.envelope.prefix,
            ts_us=tx.gtid.commit_ts_us,
            snapshot=STREAMED,
            db=path.plan.source.database,
            table=path.plan.source.name,
            server_id=header.server_id,
            gtid=tx.gtid.gtid,
            file=self._reader.file,
            pos=header.end_pos - header.size,
            row=0,  # the same for all rows of the event; each passes its own
            thread=self._thread_id,
        )

    def _where(self, header: EventHeader) -> dict[str, Any]:
        return {"file": self._reader.file, "pos": header.end_pos - header.size}

    # ---- the copy phase ----------------------------------------------------------------------------------------------
    def copy_rows(self, bound: BoundPlan, rows: Sequence[Row]) -> tuple[Sequence[Record], int]:
        """See the protocol."""
        path = self._copy_path(bound)
        passed = 0
        now = self._clock()
        source = self._copy_source(path, now) if path.envelope else None
        for row in rows:
            filtered = path.evaluator.change(None, row)
            if filtered is None or filtered.after is None:
                continue
            passed += 1
            if path.envelope and source:
                self._outbox.add(path.envelope.records(None, filtered.after, "r", source, now))
            if self._options.stream:
                image = path.images.encode(filtered.after)
                for partition, _, _ in filtered.routes:
                    self._outbox.copy(partition, path.schema_id, image, path.keyed, self._checkpoint.position)
        return self._outbox.take().records, passed

    def copy_done(self, bound: BoundPlan) -> Sequence[Record]:
        """See the protocol."""
        keyed = bool(bound.plan.output.primary_key)
        self._outbox.copy_done(bound.row_schema or 0, keyed, self._checkpoint.position)
        return self._copied()

    def copy_completed(self) -> Sequence[Record]:
        """See the protocol."""
        self._outbox.copy_completed(self._checkpoint.position)
        return self._copied()

    def _copied(self) -> Sequence[Record]:
        records = self._outbox.take().records
        self._checkpoint = replace(self._checkpoint, seqs=self._outbox.seqs)
        return records

    def _copy_path(self, bound: BoundPlan) -> _TablePath:
        known = self._paths.get(-1)
        if known is None or known.plan is not bound.plan:
            known = _TablePath(bound, self._options, None)
            self._paths = {-1: known}  # table ids of the binlog are positive
        return known

    def _copy_source(self, path: _TablePath, now_us: int) -> SourceInfo:
        assert self._options.envelope is not None
        return SourceInfo(
            version=self._options.envelope.connector_version,
            connector="mysql",
            name=self._options.envelope.prefix,
            ts_us=now_us // 1_000_000 * 1_000_000,
            snapshot="true",
            db=path.plan.source.database,
            table=path.plan.source.name,
            server_id=0,
            gtid=None,
            file=self._checkpoint.file,
            pos=self._checkpoint.pos,
            row=0,
        )

    # ---- between transactions ----------------------------------------------------------------------------------------
    def heartbeat(self) -> Sequence[Record]:
        """See the protocol."""
        self._outbox.heartbeat(self._checkpoint)
        if self._options.envelope:
            key_id, value_id = self._options.heartbeat_ids
            self._outbox.add(
                heartbeat_records(
                    self._options.envelope, self._clock() // 1000, key_schema_id=key_id, value_schema_id=value_id
                )
            )
        return self._outbox.take().records

    @property
    def in_transaction(self) -> bool:
        """See the protocol."""
        return self._tx is not None or self._resume is not None

    @property
    def more(self) -> bool:
        """See the protocol."""
        return False

    @property
    def checkpoint(self) -> Checkpoint:
        """See the protocol."""
        return self._checkpoint
