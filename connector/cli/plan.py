"""`rowcast plan FILE`: how the rules are understood, against the tables that the sources have now.

`--json`: a list of objects, one a table, with connector, the facts of `connector.rules.describe`, topics {table,
stream}, subjects and statements {insert, update, delete} (None without a stream topic). `--explain-row` adds
`explanation`: predicates [{predicate, result}], decided_by, passes, error, partition, output. `rowcast check` uses
`read_plans` for its own findings.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from connector.cli.validate import load_valid, rule_set
from connector.config import Resolver, Settings, SourceSettings
from connector.encode.rows import row_schema
from connector.model.errors import RowcastError, UsageError
from connector.model.plan import Plan
from connector.model.table import Table, Value
from connector.mysql.connection import connect
from connector.mysql.introspect import read_tables
from connector.rules.describe import describe, render
from connector.rules.explain import Explanation, explain, row_from
from connector.rules.infix import written_value
from connector.rules.statements import target_statements
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
    parser.add_argument("--table", metavar="NAME", help="only this table (name or database.table)")
    parser.add_argument(
        "--explain-row",
        metavar="JSON",
        help="a row as {column: value}: what each predicate of the table says of it, and which one decides",
    )
    parser.add_argument("--json", action="store_true", help="a JSON list of objects")


def execute(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit status. The first table without a plan is the error."""
    settings = load_valid(args.file)
    row = None if args.explain_row is None else _row(args.explain_row)
    found: list[dict[str, object]] = []
    for name in settings.chosen_sources(args.connector):
        source = settings.sources[name].resolved(Resolver())
        planned = read_plans(settings, name, for_target=source.topic_mode == "stream")
        if planned.problems:
            raise planned.problems[0]
        for plan in planned.plans:
            if args.table not in (None, plan.source.name, plan.source.qualified):
                continue
            names = _names(source, plan)
            explanation = None if row is None else explain(plan, row_from(plan.source, row))
            explained = {} if explanation is None else {"explanation": _explained(explanation)}
            found.append({"connector": name, **describe(plan), **names, **explained})
            if not args.json:
                print(_text(name, plan, names))
                if explanation is not None:
                    print(_explanation_text(explanation))
    if args.json:
        print(json.dumps(found, indent=2))
    elif not found:
        print("no table of a source matches a rule")
    return 0


def _row(text: str) -> Mapping[str, object]:
    try:
        row = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--explain-row is not JSON: {error}") from None
    if not isinstance(row, dict):
        raise UsageError("--explain-row takes a JSON object, column names and their values")
    return row


def read_plans(settings: Settings, name: str, *, for_target: bool = False) -> Planned:
    """Plans of every table of a source that a rule matches, in name order. Errors: SourceUnreachable and its kin.

    `for_target`: as in `RuleSet.plan`.
    """
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
            plan = rules.plan(table, for_target=for_target)
        except RowcastError as error:
            problems.append(error)
        else:
            plans += [plan] if plan else []
    return Planned(tuple(plans), tuple(problems))


def _names(source: SourceSettings, plan: Plan) -> dict[str, object]:
    """Topics of the table's changes, registry subjects of its schemas, and the target's statements."""
    topics: dict[str, str | None] = {"table": None, "stream": None}
    subjects: list[str] = []
    statements: dict[str, str] | None = None
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
        statements = target_statements(plan)
    return {"topics": topics, "subjects": subjects, "statements": statements}


def _text(name: str, plan: Plan, names: dict[str, object]) -> str:
    topics, subjects, statements = names["topics"], names["subjects"], names["statements"]
    assert isinstance(topics, dict)
    assert isinstance(subjects, Sequence)
    lines = [f"{name}: {render(plan)}", f"  topics       {', '.join(topic for topic in topics.values() if topic)}"]
    lines.append(f"  subjects     {', '.join(subjects) or 'none'}")
    if isinstance(statements, dict):
        lines += [f"  {kind:<12} {sql}" for kind, sql in statements.items()]
    return "\n".join(lines)


def _explained(explanation: Explanation) -> dict[str, object]:
    output = explanation.output
    shown = None if output is None else {name: _json_value(value) for name, value in output.items()}
    return {**asdict(explanation), "output": shown}


def _json_value(value: Value) -> Value:
    return f"0x{value.hex()}" if isinstance(value, bytes) else value


def _explanation_text(explanation: Explanation) -> str:
    lines = []
    for index, judged in enumerate(explanation.predicates):
        decides = "  <- decides" if index == explanation.decided_by else ""
        lines.append(f"    {judged.result:<8} {judged.predicate}{decides}")
    if explanation.error is not None:
        lines.append(f"  the row stops the stream: {explanation.error}")
    elif explanation.output is None:
        lines.append("  the row is dropped")
    else:
        cells = ", ".join(f"{name} = {written_value(value)}" for name, value in explanation.output.items())
        lines.append(f"  the row passes, partition {explanation.partition}: {cells}")
    return "\n".join(lines)
