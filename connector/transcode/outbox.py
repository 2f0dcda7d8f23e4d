"""Records on their way out of the transcoder: collects changes per partition and cuts them into messages.

Used by `composed` only. One message = one source transaction's part for one target shard; above `chunk_bytes` it is
cut into parts, of which only the last carries last=true. `seq` is the partition's own counter (docs/architecture.md).
"""

from collections.abc import Iterable

from connector.encode.stream import MessageEncoder, body_crc32
from connector.model.errors import ResumeMismatch
from connector.model.events import Gtid
from connector.model.message import (
    Body,
    Change,
    Copy,
    CopyCompleted,
    DdlStatement,
    Heartbeat,
    StreamMessage,
    Transaction,
)
from connector.model.position import Checkpoint
from connector.model.record import Record, Records
from connector.transcode.progress import OpenTransaction
from connector.transcode.protocol import Clock, StreamOutput

_NO_GTID = Gtid("", 0, 0, 0, 0)


class _Partition:
    """What one target shard gets and has not been given yet."""

    __slots__ = ("bytes", "changes", "copied", "part", "seq")

    def __init__(self, seq: int) -> None:
        self.seq = seq  # last seq that is complete
        self.part = 0  # next part of the open transaction
        self.changes: list[Change] = []
        self.copied: list[bytes] = []
        self.bytes = 0


class Outbox:
    """Buffers of one stream. `stream` None: table topics only, no partitions."""

    def __init__(self, stream: StreamOutput | None, seqs: tuple[int, ...], clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._encoder = MessageEncoder(stream.schema_id) if stream else None
        count = stream.partitions if stream else 0
        known = seqs or (0,) * count
        if len(known) != count:
            raise ResumeMismatch(f"the stored position has {len(known)} target shards, the configuration has {count}")
        self._partitions = [_Partition(seq) for seq in known]
        self._records: list[Record] = []
        self._rows = 0
        self._bytes = 0
        self.bytes_since_border = 0

    @property
    def seqs(self) -> tuple[int, ...]:
        """Last complete seq per partition."""
        return tuple(partition.seq for partition in self._partitions)

    @property
    def parts(self) -> tuple[int, ...]:
        """Next part number per partition."""
        return tuple(partition.part for partition in self._partitions)

    def resume(self, parts: tuple[int, ...]) -> None:
        """Go on inside a transaction whose earlier parts are committed."""
        if len(parts) != len(self._partitions):
            raise ResumeMismatch(
                f"half a transaction was sent to {len(parts)} target shards, the configuration has "
                f"{len(self._partitions)}"
            )
        for partition, part in zip(self._partitions, parts, strict=True):
            partition.part = part

    @property
    def filled(self) -> bool:
        """Whether there are records to take."""
        return bool(self._records)

    def take(self) -> Records:
        """Everything finished so far, and how many rows went in since the last time."""
        records = Records(tuple(self._records), self._rows, self._bytes)
        self._records, self._rows, self._bytes = [], 0, 0
        return records

    def count_row(self) -> None:
        """One changed row went in."""
        self._rows += 1

    def add(self, records: Iterable[Record]) -> None:
        """Table topic and heartbeat records, finished by their encoder."""
        for record in records:
            self._append(record)

    def change(
        self,
        number: int,
        table: int,
        flags: int,
        before: bytes | None,
        after: bytes | None,
        position: str,
        tx: OpenTransaction,
    ) -> None:
        """One row change for one partition; `position` is the set before the transaction, for parts that are cut."""
        assert self._stream is not None
        partition = self._partitions[number]
        size = len(before or b"") + len(after or b"")
        if partition.changes and partition.bytes + size > self._stream.chunk_bytes:
            self._send_part(number, position, tx)
        partition.changes.append(Change(table, flags, before, after))
        partition.bytes += size

    def flush_parts(self, position: str, tx: OpenTransaction) -> None:
        """Send what is buffered as parts, so that nothing before a chunk border is left here."""
        for number, partition in enumerate(self._partitions):
            if partition.changes:
                self._send_part(number, position, tx)

    def end_transaction(self, position: str, tx: OpenTransaction) -> None:
        """The last part of every partition that the transaction touched."""
        for number, partition in enumerate(self._partitions):
            if partition.changes or partition.part:
                self._message(number, Transaction(tuple(partition.changes)), position, tx.gtid)
                self._reset(partition)

    def ddl(self, sql: str, database: str, tables: tuple[str, ...], position: str, tx: OpenTransaction) -> None:
        """A DDL statement, for every partition."""
        self._everywhere(DdlStatement(sql, database, tables), position, tx.gtid)

    def skip_ddl(self) -> None:
        """The statement before the rows of a resumed transaction: its messages were sent, the open parts come after."""
        for partition in self._partitions:
            partition.seq += 1

    def copy(self, number: int, table: int, image: bytes, keyed: bool, position: str) -> None:
        """One copied row; cut like changes. `keyed`: the rows have their table's whole primary key."""
        assert self._stream is not None
        partition = self._partitions[number]
        if partition.copied and partition.bytes + len(image) > self._stream.chunk_bytes:
            self._send_copy(number, table, keyed, position, completed=False)
        partition.copied.append(image)
        partition.bytes += len(image)

    def copy_done(self, table: int, keyed: bool, position: str) -> None:
        """One table is copied."""
        for number in range(len(self._partitions)):
            self._send_copy(number, table, keyed, position, completed=True)

    def copy_completed(self, position: str) -> None:
        """All tables are copied."""
        self._everywhere(CopyCompleted(), position, _NO_GTID)

    def heartbeat(self, checkpoint: Checkpoint) -> None:
        """Position and clock for every partition; seq repeats the last one."""
        gtid = Gtid(checkpoint.gtid, 0, 0, checkpoint.ts_ms * 1000, 0)
        for number in range(len(self._partitions)):
            self._message(number, Heartbeat(), checkpoint.position, gtid)

    def _everywhere(self, body: Body, position: str, gtid: Gtid) -> None:
        for number, partition in enumerate(self._partitions):
            self._message(number, body, position, gtid)
            self._reset(partition)

    def _send_part(self, number: int, position: str, tx: OpenTransaction) -> None:
        partition = self._partitions[number]
        self._message(number, Transaction(tuple(partition.changes)), position, tx.gtid, last=False)
        partition.part += 1
        partition.changes, partition.bytes = [], 0

    def _send_copy(self, number: int, table: int, keyed: bool, position: str, *, completed: bool) -> None:
        partition = self._partitions[number]
        rows = tuple(partition.copied)
        lastpk = rows[-1] if rows and keyed else None
        self._message(number, Copy(table, rows, lastpk, completed), position, _NO_GTID)
        self._reset(partition)

    def _reset(self, partition: _Partition) -> None:
        """A message with a seq of its own is complete."""
        partition.seq += 1
        partition.part = 0
        partition.changes, partition.copied, partition.bytes = [], [], 0

    def _message(self, number: int, body: Body, position: str, gtid: Gtid, *, last: bool = True) -> None:
        assert self._stream is not None
        assert self._encoder is not None
        partition = self._partitions[number]
        message = StreamMessage(
            seq=partition.seq if isinstance(body, Heartbeat) else partition.seq + 1,
            part=partition.part,
            last=last,
            position=position,
            gtid=gtid.gtid,
            commit_ts_us=gtid.commit_ts_us,
            sent_ts_us=self._clock(),
            commit_parent=gtid.last_committed,
            sequence_number=gtid.sequence_number,
            crc32=body_crc32(body),
            body=body,
        )
        self._append(Record(self._stream.topic, number, None, self._encoder.encode(message)))

    def _append(self, record: Record) -> None:
        self._records.append(record)
        size = len(record.key or b"") + len(record.value or b"")
        self._bytes += size
        self.bytes_since_border += size
