"""`rowcast check FILE`: everything that would stop a stream, found before it starts. Exit status 1 if anything would.

`--json`: a list of objects {code, severity, what, hint, where}, empty when nothing was found. The steps: the file
itself (an error there ends the command with status 2), Kafka, every source with tables and rules, every target shard.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from connector.cli.plan import Planned, read_plans
from connector.cli.validate import load_valid, remarks
from connector.cli.wiring import source_options
from connector.config import Resolver, Settings, SinkSettings, secrets
from connector.kafka.positions import PositionStore, key_for, offsets_topic
from connector.kafka.topics import Topics, check_kafka
from connector.model.errors import RowcastError
from connector.model.finding import Finding
from connector.model.gtid import GtidSet
from connector.model.position import Checkpoint, parse_position
from connector.model.table import Table
from connector.mysql.preflight import check_source
from connector.mysql.replication import replica_uuid_of
from sinks.mysql.preflight import check_target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `rowcast check`."""
    parser.add_argument("file", type=Path, metavar="FILE.toml", help="configuration file")
    parser.add_argument("--json", action="store_true", help="a JSON list of findings")


def execute(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    settings = load_valid(args.file)
    found = [_hidden(finding) for finding in findings(settings)]
    if args.json:
        print(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        for finding in found:
            print(
                f"{finding.severity:<8} {finding.where}  {finding.code}: {finding.what}\n         hint: {finding.hint}"
            )
        errors = sum(finding.severity == "error" for finding in found)
        print(f"errors: {errors}, warnings: {len(found) - errors}" if found else "nothing stands in the way")
    return 1 if any(finding.severity == "error" for finding in found) else 0


def findings(settings: Settings) -> Iterator[Finding]:
    """Findings of all servers of a file, in the order in which a stream would meet them."""
    yield from remarks(settings)
    resolver = Resolver()
    kafka = settings.kafka.properties(resolver)
    about_kafka = check_kafka(kafka, "kafka")
    yield from about_kafka
    reachable = all(finding.severity != "error" for finding in about_kafka)
    planned: dict[str, Planned] = {}
    for name in settings.sources:
        stored: GtidSet | None = None
        if reachable:
            try:
                stored = _stored(settings, name, kafka)
            except RowcastError as error:
                yield Finding.of(error, name)
        about_source = _source(settings, name, stored)
        yield from about_source
        try:
            planned[name] = read_plans(settings, name)
        except RowcastError as error:
            if error.code not in {finding.code for finding in about_source}:
                yield Finding.of(error, name)
        else:
            yield from (Finding.of(problem, name) for problem in planned[name].problems)
    for name, sink in settings.sinks.items():
        tables = _tables(settings, sink, planned)
        for shard, (address, database) in sink.targets(resolver).items():
            yield from check_target(address, database, f"{name}/{shard}", tables=tables)


def _source(settings: Settings, name: str, stored: GtidSet | None) -> list[Finding]:
    """What every database of the source's rules shows; what does not depend on the database is said once."""
    options = source_options(settings, name)
    exact = options.rules.exact_tables()
    found: dict[Finding, None] = {}
    try:
        for database in options.databases():
            for finding in check_source(
                options.address,
                database=database,
                position=stored,
                needs_snapshot=stored is None and options.snapshot == "initial",
                server_id=options.server_id,
                tables=[table for named, table in exact if named == database],
                replica_uuid=replica_uuid_of(f"{settings.group_id}:{name}"),
                where=name,
            ):
                found[finding] = None
    except RowcastError as error:
        if error.exit_status == 2:
            raise
        found[Finding.of(error, name)] = None
    return list(found)


def _stored(settings: Settings, name: str, kafka: dict[str, str]) -> GtidSet | None:
    topic = offsets_topic(settings.group_id, name)
    if Topics(kafka).partitions(topic) is None:
        return None
    raw = PositionStore(kafka, topic).read(key_for(name, Resolver().text(settings.sources[name].topic_prefix)))
    return None if raw is None else parse_position(Checkpoint.from_json(raw).position)


def _tables(settings: Settings, sink: SinkSettings, planned: dict[str, Planned]) -> Sequence[Table]:
    """What the sink's streams will write, as far as sources of this file feed them."""
    return [
        plan.output
        for name, source in settings.sources.items()
        if source.topic_mode != "table" and source.stream_topic in sink.streams and name in planned
        for plan in planned[name].plans
    ]


def _hidden(finding: Finding) -> Finding:
    return Finding(
        finding.code, finding.severity, secrets.hide(finding.what), secrets.hide(finding.hint), finding.where
    )
