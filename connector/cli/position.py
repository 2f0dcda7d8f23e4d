"""`rowcast position show|set FILE [CONNECTOR] …`: where streams are, and moving them while they are stopped.

A set position takes the place of the stored one, with the stream's sequence numbers kept, so that sinks go on. Setting
is refused while the stream runs. Kafka does not say whether somebody runs a stream, but a running one writes its
position at least every `heartbeat.interval.ms`: unless the newest record is old, the topic is watched for that long,
and something new means POSITION_IN_USE. A stream that is alive and silent for longer (frozen, in the middle of a copy)
is fenced by the write itself: it ends with STREAM_FENCED and writes nothing more.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connector.cli.validate import load_valid
from connector.config import Resolver, Settings, SourceSettings
from connector.kafka.positions import PositionStore, key_for, offsets_topic, transactional_id
from connector.kafka.reader import TopicReader
from connector.kafka.topics import Topics, TopicSpec
from connector.model.errors import PositionInUse, PositionInvalid, UsageError
from connector.model.gtid import GtidSet
from connector.model.position import Checkpoint, encode_position, parse_position
from connector.mysql.connection import connect
from connector.mysql.source import source_status

_SLACK_S = 2.0  # a heartbeat is due on time and takes a moment to be committed
_SURELY_OLD = 10  # heartbeats; older than so many is old on any clock that is not entirely wrong


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `rowcast position`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="show|set")
    show = actions.add_parser("show", help="positions as stored in Kafka")
    show.add_argument("file", type=Path, metavar="FILE.toml", help="configuration file")
    show.add_argument("connector", nargs="?", metavar="CONNECTOR", help="one source of the file; all without")
    show.add_argument("--json", action="store_true", help="a JSON list of objects")
    put = actions.add_parser("set", help="set the position of a stopped stream")
    put.usage = "rowcast position set [-h] FILE.toml [CONNECTOR] POSITION"
    put.add_argument("file", type=Path, metavar="FILE.toml", help="configuration file")
    put.add_argument("arguments", nargs="+", metavar="[CONNECTOR] POSITION", help=_POSITION_HELP)
    for action in (show, put):
        action.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")


_POSITION_HELP = (
    "the source (not needed when the file has one), then a GTID set, MySQL56/<GTID set>, `current` (everything the "
    "source has executed) or `earliest` (everything it still has in its binlog follows)"
)


def execute(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    settings = load_valid(args.file)
    if args.action == "set":
        return _set(settings, args.arguments)
    stored = [_read(settings, name) for name in settings.chosen_sources(args.connector)]
    if args.json:
        print(json.dumps([_object(each) for each in stored], indent=2))
    else:
        for each in stored:
            print(_line(each))
    return 0


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored position of one source; None when there is none yet."""

    connector: str
    topic: str
    checkpoint: Checkpoint | None


def _read(settings: Settings, name: str) -> Stored:
    resolver = Resolver()
    topic = offsets_topic(settings.group_id, name)
    kafka = settings.kafka.properties(resolver)
    if Topics(kafka).partitions(topic) is None:
        return Stored(name, topic, None)
    raw = PositionStore(kafka, topic).read(key_for(name, resolver.text(settings.sources[name].topic_prefix)))
    return Stored(name, topic, None if raw is None else Checkpoint.from_json(raw))


def _object(stored: Stored) -> dict[str, Any]:
    checkpoint = stored.checkpoint
    body: dict[str, Any] = {"connector": stored.connector, "topic": stored.topic, "position": None}
    if checkpoint is not None:
        body |= json.loads(checkpoint.to_json())
        del body["v"]
    return body


def _line(stored: Stored) -> str:
    checkpoint = stored.checkpoint
    if checkpoint is None:
        return f"{stored.connector}: no position stored"
    binlog = f", {checkpoint.file}:{checkpoint.pos}" if checkpoint.file else ""
    inside = f", inside {checkpoint.in_tx.gtid} after {checkpoint.in_tx.rows} rows" if checkpoint.in_tx else ""
    return f"{stored.connector}: {checkpoint.position} (seq {checkpoint.seq}{binlog}{inside})"


def _set(settings: Settings, arguments: list[str]) -> int:
    if len(arguments) > 2:
        raise UsageError("too many arguments", hint="`rowcast position set FILE [CONNECTOR] POSITION`")
    if len(arguments) == 1 and len(settings.sources) != 1:
        raise UsageError(
            "the file has several sources: name one", hint=f"Its sources: {', '.join(settings.sources) or 'none'}."
        )
    name = arguments[0] if len(arguments) == 2 else next(iter(settings.sources))
    settings.chosen_sources(name)
    source = settings.sources[name]
    resolver = Resolver()
    wanted = _wanted(source, arguments[-1], resolver)
    kafka = settings.kafka.properties(resolver)
    stored = _read(settings, name)
    Topics(kafka).ensure([TopicSpec(stored.topic, 1, compact=True)])
    _refuse_while_running(kafka, stored, source.heartbeat_interval_ms / 1000)
    before = stored.checkpoint or Checkpoint(position="")
    # seq goes on where it was: a sink takes a smaller one for something it has applied. Coordinates and the rest of a
    # large transaction belong to the old position.
    checkpoint = replace(before, position=encode_position(wanted), gtid="", file="", pos=0, server_uuid="", in_tx=None)
    PositionStore(kafka, stored.topic).write(
        key_for(name, resolver.text(source.topic_prefix)),
        checkpoint.to_json(),
        transactional_id=transactional_id(settings.group_id, name),
    )
    print(_line(replace(stored, checkpoint=checkpoint)))
    return 0


def _wanted(source: SourceSettings, text: str, resolver: Resolver) -> GtidSet:
    """The GTID set that a person means."""
    if text not in ("current", "earliest"):
        try:
            return parse_position(text)
        except PositionInvalid as error:
            raise PositionInvalid(
                error.what, hint="Write a GTID set, MySQL56/<GTID set>, `current` or `earliest`.", **error.context
            ) from None
    connection = connect(source.address(resolver))
    try:
        status = source_status(connection)
    finally:
        connection.close()
    return status.gtid_executed if text == "current" else status.gtid_purged


def _refuse_while_running(kafka: dict[str, str], stored: Stored, heartbeat_s: float) -> None:
    """POSITION_IN_USE when a record appears that a running stream would write."""
    with TopicReader(kafka, stored.topic) as reader:
        ends, starts = reader.ends(), reader.beginnings()
        newest_ms = 0
        if ends != starts:
            reader.seek({partition: max(starts[partition], end - 50) for partition, end in ends.items()})
            newest_ms = max((record.timestamp_ms for record in reader.read_to(ends)), default=0)
        age_s = time.time() - newest_ms / 1000
        if age_s > _SURELY_OLD * max(heartbeat_s, 1.0):
            return
        wait_s = heartbeat_s + _SLACK_S
        print(f"watching {stored.topic} for {wait_s:.0f} s: is the stream stopped?", file=sys.stderr)
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            reader.poll(0.5)
            if reader.ends() != ends:
                raise PositionInUse("the stream is running", connector=stored.connector)
