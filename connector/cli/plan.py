"""`rowcast plan FILE`: how the rules are understood, against the tables that the sources have now.

`--json`: a list of objects, one a table, with connector, rule, filter, table, columns, primary_key, predicate,
key_range, vindex, routing {vindex, shards} (`connector.rules.describe`), topics {table, stream} and subjects.
`rowcast check` uses `read_plans` for its own findings.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.cli.validate import load_valid, rule_set
from connector.config import Resolver, Settings, SourceSettings
from connector.encode.rows import row_schema
from connector.model.errors import RowcastError
from connector.model.plan import Plan
from connector.model.table import Table
from connector.mysql.connection import connect
from connector.mysql.introspect import read_tables
from connector.rules.describe import describe, render
from schemas.names import key_subject, record_subject, table_topic, value_subject


@dataclass(frozen=True, slots=True)
class Planned:
    """A source's tables that have a plan, and why others have none."""

    plans: tuple[Plan, ...]
    problems: tuple[RowcastError, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `rowcast plan`."""
    parser.add_argument("file", type=Path, metavar="FILE.toml", help="configuration file")
    parser.add_argument("--connector", metavar="NAME", help="only this source of the file")
    parser.add_argument("--json", action="store_true", help="a JSON list of objects")


def execute(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit status. The first table without a plan is the error."""
    settings = load_valid(args.file)
    found: list[dict[str, object]] = []
    for name in settings.chosen_sources(args.connector):
        source = settings.sources[name].resolved(Resolver())
        planned = read_plans(settings, name)
        if planned.problems:
            raise planned.problems[0]
        for plan in planned.plans:
            names = _names(source, plan)
            found.append({"connector": name, **describe(plan), **names})
            if not args.json:
                print(_text(name, plan, names))
    if args.json:
        print(json.dumps(found, indent=2))
    elif not found:
        print("no table of a source matches a rule")
    return 0


def read_plans(settings: Settings, name: str) -> Planned:
    """Plans of every table of a source that a rule matches, in name order. Errors: SourceUnreachable and its kin."""
    source = settings.sources[name].resolved(Resolver())
    rules = rule_set(settings, name)
    databases = {source.keyspace or ""} | {database for database, _ in rules.exact_tables()}
    tables: list[Table] = []
    connection = connect(source.address(Resolver()))
    try:
        for database in sorted(databases - {""}):
            tables += read_tables(connection, database).values()
    finally:
        connection.close()
    plans: list[Plan] = []
    problems: list[RowcastError] = []
    for table in sorted(tables, key=lambda each: each.qualified):
        try:
            plan = rules.plan(table)
        except RowcastError as error:
            problems.append(error)
        else:
            plans += [plan] if plan else []
    return Planned(tuple(plans), tuple(problems))


def _names(source: SourceSettings, plan: Plan) -> dict[str, object]:
    """Topics of the table's changes and registry subjects of its schemas."""
    topics: dict[str, str | None] = {"table": None, "stream": None}
    subjects: list[str] = []
    if source.topic_mode != "stream":
        topic = table_topic(source.topic_prefix, plan.output.database, plan.output.name)
        topics["table"] = topic
        if source.key_format == "avro" and plan.output.primary_key:
            subjects.append(key_subject(topic))
        if source.value_format == "avro":
            subjects.append(value_subject(topic))
    if source.topic_mode != "table":
        topics["stream"] = source.stream_topic
        record = json.loads(row_schema(plan.output))
        subjects.append(record_subject(source.stream_topic, f"{record['namespace']}.{record['name']}"))
    return {"topics": topics, "subjects": subjects}


def _text(name: str, plan: Plan, names: dict[str, object]) -> str:
    topics, subjects = names["topics"], names["subjects"]
    assert isinstance(topics, dict)
    assert isinstance(subjects, Sequence)
    lines = [f"{name}: {render(plan)}", f"  topics       {', '.join(topic for topic in topics.values() if topic)}"]
    lines.append(f"  subjects     {', '.join(subjects) or 'none'}")
    return "\n".join(lines)
