"""`rowcast status FILE|URL`: every stream of a file with state, position, lag, rates and last error.

Works from the file alone: sources are looked up in Kafka (position record, status record) and on the source server,
sinks in the target's `_vt.vreplication`. Rates come from /metrics when the file (or URL) names a listener that answers.
"""

import argparse
import json
import re
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, Group, JustifyMethod
from rich.live import Live
from rich.table import Table
from rich.text import Text

from connector.cli.validate import load_valid
from connector.cli.wiring import Unit, source_options, units
from connector.config import Resolver, Settings, SinkSettings, SourceSettings
from connector.kafka.positions import PositionStore, key_for, offsets_topic
from connector.kafka.status import StatusStore
from connector.kafka.topics import Topics
from connector.model.errors import DdlStopped, RowcastError, UsageError
from connector.model.position import Checkpoint, parse_position
from connector.mysql.connection import Connection, connect, query
from connector.mysql.replication import replica_uuid_of
from connector.mysql.source import old_or_new, source_status
from connector.stream.options import SourceOptions
from sinks.mysql.target import target_error

_SAMPLE = re.compile(r"^rowcast_(\w+)\{(.*)\} ([0-9.e+-]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_RATE_WINDOW_S = 1.0
_CATCH_UP_S = 1.0  # a stream that gets this far within it is not behind, only at work
_HEADINGS = ("stream", "kind", "state", "lag s", "rows/s", "copied", "position")
_NUMBERS = ("lag s", "rows/s", "copied")
_COLOURS = {"running": "green", "error": "red", "copying": "yellow"}
_GAP = 2
_UNCUT = 100_000
_STATES = {"RUNNING": "running", "FAILED": "error", "STOPPED": "stopped"}

Rates = Mapping[tuple[str, str], float]  # (connector, shard) -> rows/s


@dataclass(slots=True)
class StreamStatus:
    """One line. `last_error` has code, message and hint; rates and totals are null when nobody knows them."""

    name: str
    kind: str
    state: str
    position: str
    lag_seconds: float | None
    rows_per_second: float | None
    rows_copied: int | None
    rows_total: int | None
    last_error: dict[str, str] | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `rowcast status`."""
    parser.add_argument("where", metavar="FILE|URL", help="configuration file, or the URL that serves /metrics")
    parser.add_argument("--json", action="store_true", help="a JSON list")
    parser.add_argument("--watch", action="store_true", help="redraw every second until Ctrl-C")


def execute(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    if args.where.startswith(("http://", "https://")):
        streams = _from_url(args.where)
    else:
        settings = load_valid(Path(args.where))
        streams = _from_file(settings)
        if args.watch:
            _watch(settings, streams)
            return 0
    if args.json:
        print(json.dumps([asdict(stream) for stream in streams], ensure_ascii=False))
    else:
        console = _console()
        console.print(_table(streams, console.width))
    return 0


def _watch(settings: Settings, streams: list[StreamStatus]) -> None:
    console = _console()
    with Live(_table(streams, console.width), console=console, auto_refresh=False) as live:
        while True:
            live.update(_table(_from_file(settings), console.width), refresh=True)
            time.sleep(1)


def _from_file(settings: Settings) -> list[StreamStatus]:
    rates = _rates(settings.rest_listeners) if settings.rest_listeners else {}
    found = []
    for unit in units(settings):
        connector = settings.connectors[unit.connector]
        rate = rates.get((unit.connector, unit.shard))
        if isinstance(connector, SourceSettings):
            found.append(_source(settings, unit, rate))
        elif isinstance(connector, SinkSettings):
            found.append(_sink(connector, unit, rate))
        else:
            found.append(StreamStatus(unit.id, "sink", "init", "", None, rate, None, None, None))
    return found


def _source(settings: Settings, unit: Unit, rate: float | None) -> StreamStatus:
    options = source_options(settings, unit.connector)
    result = StreamStatus(unit.id, "source", "init", "", None, rate, None, None, None)
    status = StatusStore(options.kafka, options.group).read().get(unit.connector)
    if status:
        result.state = _STATES.get(status.state, result.state)
        if status.trace:
            result.last_error = _parsed_error(status.trace)
    topic = offsets_topic(options.group, options.connector)
    checkpoint = None
    if Topics(options.kafka).partitions(topic) is not None:
        checkpoint = _stored(options, topic)
    if checkpoint is None:
        if result.state == "running":
            result.state = "copying"  # rows and the first position appear together, at its end
        return result
    result.position = checkpoint.position
    try:
        with connect(options.address) as connection:
            executed = source_status(connection).gtid_executed
            if result.state == "running" and not _follows(connection, options):
                result.state = "stopped"  # killed: it could not say so itself
    except RowcastError as error:
        result.last_error = _error(error)
        return result
    deadline = time.monotonic() + _CATCH_UP_S
    while not parse_position(checkpoint.position).contains(executed):
        if result.state == "running" and time.monotonic() < deadline:
            checkpoint = _stored(options, topic) or checkpoint
            continue
        # Without a transaction yet nobody knows when the first of those that are missing was committed.
        result.lag_seconds = max(0.0, time.time() - checkpoint.ts_ms / 1000) if checkpoint.ts_ms else None
        return result
    result.lag_seconds = 0.0
    return result


def _stored(options: SourceOptions, topic: str) -> Checkpoint | None:
    raw = PositionStore(options.kafka, topic).read(key_for(options.connector, options.topic_prefix))
    return None if raw is None else Checkpoint.from_json(raw)


def _follows(connection: Connection, options: SourceOptions) -> bool:
    """Whether the stream's dump is registered at the server, which forgets it soon after the connection is gone."""
    ours = replica_uuid_of(f"{options.group}:{options.connector}")
    return any(uuid == ours for *_, uuid in old_or_new(connection, "SHOW REPLICAS", "SHOW SLAVE HOSTS"))


def _sink(connector: SinkSettings, unit: Unit, rate: float | None) -> StreamStatus:
    address, database = list(connector.targets(Resolver()).values())[unit.partition]
    result = StreamStatus(unit.id, "sink", "init", "", None, rate, None, None, None)
    try:
        with connect(address, error=target_error) as connection:
            if not query(connection, "select 1 from information_schema.schemata where schema_name = '_vt'"):
                return result
            rows = query(
                connection,
                "select state, pos, message, rows_copied, unix_timestamp() - time_updated,"
                " if(time_heartbeat = time_updated, 0, time_updated - transaction_timestamp), transaction_timestamp,"
                " is_used_lock(concat('rowcast.', id, '.', epoch)) from _vt.vreplication"
                " where workflow = %s and db_name = %s and kafka_topic = %s and kafka_partition = %s",
                (connector.workflow or unit.connector, database, unit.stream, unit.partition),
            )
    except RowcastError as error:
        result.state, result.last_error = "error", _error(error)  # what it was is written there
        return result
    if not rows:
        return result
    state, position, message, copied, silent, late, committed, owner = rows[0]
    result.state = _text(state).lower()
    if owner is None and result.state != "error":
        result.state = "stopped"  # an owner holds this lock for as long as its connection lives
    result.position = _text(position)
    result.rows_copied = int(copied)
    if committed or late == 0:
        # A heartbeat says that nothing was left to apply; since then nobody knows.
        result.lag_seconds = float(max(0, late) + max(0, silent))
    if result.state == "error":
        result.last_error = _parsed_error(_text(message))
    elif message and owner is None:
        result.last_error = _error(DdlStopped(_text(message)))  # on_ddl = STOP leaves nothing else there
    return result


def _from_url(url: str) -> list[StreamStatus]:
    samples = _samples(url)
    if samples is None:
        raise UsageError(f"nothing answers at {url}", hint="Give the address of rest.listeners, or the file.")
    rates = _rates(url)
    found: dict[tuple[str, str, str], StreamStatus] = {}
    for metric, labels, value in samples:
        key = (labels.get("connector", ""), labels.get("shard", ""), labels.get("kind", ""))
        name = "/".join(part for part in key[:2] if part)
        stream = found.setdefault(key, StreamStatus(name, key[2], "init", "", None, None, None, None, None))
        stream.rows_per_second = rates.get(key[:2])
        if metric == "state" and value == 1:
            stream.state = labels["state"]
        elif metric == "lag_seconds":
            stream.lag_seconds = value
    return list(found.values())


def _rates(url: str) -> Rates:
    """Rows per second over one window; empty when nothing answers."""
    before = _samples(url)
    if before is None:
        return {}
    started = time.monotonic()
    time.sleep(_RATE_WINDOW_S)
    after = _samples(url) or []
    seconds = time.monotonic() - started
    first = {_stream(labels): value for metric, labels, value in before if metric == "rows_total"}
    return {
        _stream(labels): round((value - first.get(_stream(labels), 0.0)) / seconds, 1)
        for metric, labels, value in after
        if metric == "rows_total"
    }


def _stream(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels.get("connector", ""), labels.get("shard", "")


def _samples(url: str) -> list[tuple[str, dict[str, str], float]] | None:
    try:
        with urllib.request.urlopen(url.rstrip("/").removesuffix("/metrics") + "/metrics", timeout=3) as answer:
            text = answer.read().decode()
    except OSError:
        return None
    return [(metric, dict(_LABEL.findall(labels)), float(value)) for metric, labels, value in _SAMPLE.findall(text)]


def _error(error: RowcastError) -> dict[str, str]:
    return {"code": error.code, "message": str(error), "hint": error.remedy}


def _parsed_error(text: str) -> dict[str, str]:
    """An error as `CODE: message` and, on a line of its own, `hint: ...`."""
    first, _, rest = text.partition("\n")
    code, _, message = first.partition(": ")
    return {"code": code, "message": message, "hint": rest.removeprefix("hint: ")}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _console() -> Console:
    """As wide as the terminal; in a file or pipe nothing is cut."""
    console = Console()
    return console if console.is_terminal else Console(width=_UNCUT)


def _table(streams: list[StreamStatus], width: int) -> Group:
    """The position takes what the other columns leave of the width, and is what gets cut."""
    rows = [_row(stream) for stream in streams]
    widths = [max(len(cells[index]) for cells in (_HEADINGS, *rows)) for index in range(len(_HEADINGS))]
    widths[-1] = max(len(_HEADINGS[-1]), min(widths[-1], width - sum(widths[:-1]) - _GAP * len(_HEADINGS)))
    table = Table(box=None, padding=(0, _GAP, 0, 0))
    for heading, column_width in zip(_HEADINGS, widths, strict=True):
        justify: JustifyMethod = "right" if heading in _NUMBERS else "left"
        table.add_column(heading, justify=justify, no_wrap=True, overflow="ellipsis", width=column_width)
    errors: list[Text] = []
    for stream, cells in zip(streams, rows, strict=True):
        table.add_row(*(Text(cell, _COLOURS.get(stream.state, "") if cell == stream.state else "") for cell in cells))
        if stream.last_error:
            errors.append(Text(f"{stream.name}: {stream.last_error['code']}: {stream.last_error['message']}", "red"))
            errors.append(Text(f"hint: {stream.last_error['hint']}"))
    return Group(table, *errors)


def _row(stream: StreamStatus) -> tuple[str, ...]:
    return (
        stream.name,
        stream.kind,
        stream.state,
        "" if stream.lag_seconds is None else f"{stream.lag_seconds:.1f}",
        "" if stream.rows_per_second is None else f"{stream.rows_per_second:,.0f}",
        "" if stream.rows_copied is None else f"{stream.rows_copied:,}",
        stream.position,
    )
