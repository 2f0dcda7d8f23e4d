"""The recorded binlog of `record.py`, and what drives a transcoder over it without a server."""

import gzip
import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

from connector.decode.tables import table_from_map
from connector.encode.envelope import EnvelopeOptions
from connector.encode.rows import row_schema
from connector.encode.stream import stream_schema
from connector.model.events import TableMap
from connector.model.keyrange import parse_shards
from connector.model.message import Change, StreamMessage, Transaction
from connector.model.position import Checkpoint
from connector.model.record import ChunkBorder, Committed, Ddl, Item, NeedPlan, Record, Records
from connector.model.table import Row
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from connector.transcode.protocol import BoundPlan, StreamOutput, TranscodeOptions, Transcoder
from sinks.messages import MessageDecoder

DATABASE = "shop"
PATH = Path(__file__).parents[2] / "vectors" / "transcode_binlog.json.gz"
TOPIC = "test.shop.0"
SHARDS = parse_shards("-80,80-")
STREAM_SCHEMA_ID = 1
NOW_US = 1_700_000_000_000_000
ENVELOPE = EnvelopeOptions("test", "json", "json")


@dataclass(frozen=True)
class Corpus:
    """One recorded dump. `gtids`: change of `record.CHANGES` -> the transactions that it made."""

    version: str
    start: str
    end: str
    gtids: dict[str, list[str]]
    stream: bytes

    def gtid(self, change: str) -> str:
        """The one transaction of a change."""
        [gtid] = self.gtids[change]
        assert re.fullmatch(r"[0-9a-f-]{36}:\d+", gtid), "one transaction"
        return gtid


@cache
def corpus() -> Corpus:
    """The dump that the repository has."""
    body = json.loads(gzip.decompress(PATH.read_bytes()))
    return Corpus(body["version"], body["start"], body["end"], body["gtids"], b64decode(body["stream"]))


def packets(stream: bytes) -> Iterator[bytes]:
    """The stream cut into its packets, headers included."""
    at = 0
    while at < len(stream):
        end = at + 4 + int.from_bytes(stream[at : at + 3], "little")
        yield stream[at:end]
        at = end


def packed(payloads: Iterable[bytes]) -> bytes:
    """Packets again, numbered anew from 1 as the first answer to a command is."""
    return b"".join(
        len(payload).to_bytes(3, "little") + bytes([number & 0xFF]) + payload
        for number, payload in enumerate(payloads, 1)
    )


def options(
    *,
    stream: bool = True,
    envelope: bool = False,
    partitions: int = 2,
    chunk_bytes: int = 512 * 1024,
    tx_chunk_rows: int = 100_000,
    tx_chunk_bytes: int = 64 << 20,
) -> TranscodeOptions:
    """Options of one run."""
    return TranscodeOptions(
        keyspace=DATABASE,
        stream=StreamOutput(TOPIC, partitions, STREAM_SCHEMA_ID, chunk_bytes) if stream else None,
        envelope=ENVELOPE if envelope else None,
        heartbeat_ids=(None, None),
        tx_chunk_rows=tx_chunk_rows,
        tx_chunk_bytes=tx_chunk_bytes,
    )


def rules(*, sharded: bool = True) -> RuleSet:
    """customer by tier, picked whole, both by the hash of their id; nothing else."""
    return RuleSet(
        [Rule("customer", "select * from customer where tier > 0"), Rule("picked")],
        keyspace=DATABASE,
        vschema=VSchema.of({table: {"column": "id", "type": "hash"} for table in ("customer", "picked")}),
        shards=SHARDS if sharded else (),
    )


@dataclass
class Answers:
    """Answers NeedPlan from the binlog's own metadata and remembers the schemas, as a registry does."""

    rules: RuleSet = field(default_factory=rules)
    asked: list[TableMap] = field(default_factory=list)
    schemas: dict[int, str] = field(default_factory=lambda: {STREAM_SCHEMA_ID: stream_schema()})

    def __call__(self, table_map: TableMap) -> BoundPlan | None:
        self.asked.append(table_map)
        plan = self.rules.plan(table_from_map(table_map))
        if plan is None:
            return None
        text = row_schema(plan.output)
        known = next((number for number, schema in self.schemas.items() if schema == text), None)
        number = known or len(self.schemas) + 1
        self.schemas[number] = text
        return BoundPlan(plan, row_schema=number)

    def decoder(self) -> MessageDecoder:
        """A decoder of everything written so far."""
        return MessageDecoder(self.schemas.__getitem__)


def feed(transcoder: Transcoder, chunks: Iterable[bytes], answers: Answers) -> Iterator[Item]:
    """All items, in order, NeedPlan answered on the way."""
    for chunk in chunks:
        items = transcoder.feed(chunk)
        while True:
            yield from items
            if not items or not isinstance(items[-1], NeedPlan):
                break
            transcoder.provide(answers(items[-1].table_map))
            items = transcoder.feed(b"")


def joined(items: Iterable[Item]) -> list[Item]:
    """Records that follow one another as one item: how they are split depends on the chunks."""
    result: list[Item] = []
    for item in items:
        if isinstance(item, Records) and result and isinstance(before := result[-1], Records):
            result[-1] = Records((*before.records, *item.records), before.rows + item.rows, before.bytes + item.bytes)
        else:
            result.append(item)
    return result


def records(items: Iterable[Item]) -> list[Record]:
    """Every record, in order."""
    return [record for item in items if isinstance(item, Records | Ddl) for record in item.records]


def messages(items: Iterable[Item], answers: Answers, partition: int) -> list[StreamMessage]:
    """The messages of one partition of the stream topic."""
    decoder = answers.decoder()
    return [
        decoder.stream(record.value)
        for record in records(items)
        if record.topic == TOPIC and record.partition == partition and record.value is not None
    ]


def by_gtid(items: Iterable[Item], answers: Answers, partition: int) -> dict[str, list[StreamMessage]]:
    """The messages of one partition by their transaction."""
    found: dict[str, list[StreamMessage]] = {}
    for message in messages(items, answers, partition):
        found.setdefault(message.gtid, []).append(message)
    return found


def changes(found: Sequence[StreamMessage]) -> list[Change]:
    """All changes of some messages."""
    return [change for message in found if isinstance(message.body, Transaction) for change in message.body.changes]


def rows(found: Sequence[StreamMessage], answers: Answers) -> list[tuple[Row | None, Row | None]]:
    """(before, after) of all changes of some messages."""
    decoder = answers.decoder()

    def row(change: Change, image: bytes | None) -> Row | None:
        return None if image is None else decoder.row(change.table, image)

    return [(row(change, change.before), row(change, change.after)) for change in changes(found)]


def start_at(position: str) -> Checkpoint:
    """A checkpoint at the begin of a recording."""
    return Checkpoint(position=f"MySQL56/{position}")


def borders(items: Iterable[Item]) -> list[Checkpoint]:
    """Checkpoints in the order in which Kafka transactions could end with them."""
    return [item.checkpoint for item in items if isinstance(item, Committed | ChunkBorder | Ddl)]


def assert_stream_rules(found: Sequence[StreamMessage], first_seq: int = 1) -> None:
    """What every consumer of a partition relies on: seq without gaps, parts from 0 to the last one."""
    assert [message.seq for message in found if message.last] == list(
        range(first_seq, first_seq + sum(message.last for message in found))
    )
    for before, message in pairwise(found):
        if before.last:
            assert (message.seq, message.part) == (before.seq + 1, 0)
        else:
            assert (message.seq, message.part, message.gtid) == (before.seq, before.part + 1, before.gtid)
    assert not found or (found[0].part == 0 and found[-1].last)
