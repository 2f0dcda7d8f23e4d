"""What would stop a stream into a target, found before it starts. Called by `rowcast check`; changes nothing there."""

from collections.abc import Iterator, Sequence

from connector.model.errors import (
    RowcastError,
    TargetFailed,
    TargetReadOnly,
    TargetSettingUnsupported,
    TargetTableAmbiguous,
)
from connector.model.finding import Finding
from connector.model.table import Table
from connector.mysql.address import ServerAddress
from sinks.mysql.batching import STATEMENT_BYTES
from sinks.mysql.statements import TableStatements, TargetTable
from sinks.mysql.streams import SIDECAR, TABLE
from sinks.mysql.target import TargetSession, read_table

OLDEST_VERSION = (8, 0)


def check_target(
    address: ServerAddress, database: str, where: str, *, tables: Sequence[Table] = (), sidecar: str = SIDECAR
) -> list[Finding]:
    """Findings about one shard, most basic first. `tables` = source table versions that will be written, when known."""
    try:
        session = TargetSession(address, database)
    except RowcastError as error:
        return [Finding.of(error, where)]
    try:
        found: list[Finding] = []
        for check in (_server(session), _sidecar(session, sidecar), _triggers(session, database, tables)):
            found += [_finding(problem, where) for problem in check]
        origins: dict[str, Table] = {}
        for table in tables:
            first = origins.setdefault(table.name.lower(), table)
            if first.database != table.database:
                same = f"{first.qualified} and {table.qualified} have the same target table"
                found.append(Finding.of(TargetTableAmbiguous(same, table=f"{database}.{table.name}"), where))
            found += [_finding(problem, where) for problem in _table(session, database, table)]
        return found
    except RowcastError as error:
        return [Finding.of(error, where)]
    finally:
        session.close()


_Problem = RowcastError | tuple[str, str, str]  # an error, or code, what and hint of a warning


def _finding(problem: _Problem, where: str) -> Finding:
    if isinstance(problem, RowcastError):
        return Finding.of(problem, where)
    code, what, hint = problem
    return Finding(code, "warning", what, hint, where)


def _server(session: TargetSession) -> Iterator[_Problem]:
    ((version, read_only, super_read_only),) = session.query(
        "SELECT VERSION(), @@global.read_only, @@global.super_read_only"
    )
    if _numbers(version) < OLDEST_VERSION:
        yield TargetSettingUnsupported(
            "the target's MySQL is too old", hint="A target is MySQL 8.0 or newer.", version=version
        )
    if super_read_only:
        yield TargetReadOnly("the target is super_read_only")
    elif read_only:
        yield (
            TargetReadOnly.code,
            "the target is read_only: only an account with CONNECTION_ADMIN can write there",
            TargetReadOnly.hint,
        )
    if session.max_allowed_packet < STATEMENT_BYTES * 4:
        yield (
            "TARGET_PACKET_SMALL",
            f"max_allowed_packet is {session.max_allowed_packet} bytes: large rows will be refused",
            "Set max_allowed_packet at the target to at least the source's value.",
        )


def _sidecar(session: TargetSession, sidecar: str) -> Iterator[_Problem]:
    found = session.query(
        "SELECT engine FROM information_schema.tables WHERE table_schema = %s AND table_name = %s", (sidecar, TABLE)
    )
    for (engine,) in found:
        if str(engine).lower() != "innodb":
            yield TargetSettingUnsupported(f"{sidecar}.{TABLE} has the engine {engine}")


def _triggers(session: TargetSession, database: str, tables: Sequence[Table]) -> Iterator[_Problem]:
    names = {table.name.lower() for table in tables}
    rows = session.query(
        "SELECT trigger_name, event_object_table FROM information_schema.triggers WHERE event_object_schema = %s",
        (database,),
    )
    for trigger, table in rows:
        if not names or str(table).lower() in names:
            yield (
                "TARGET_TRIGGER",
                f"trigger {trigger} of {database}.{table} runs for every applied change, after the source's has run",
                "Drop the trigger at the target while the stream runs, unless it writes only to tables of its own.",
            )


def _table(session: TargetSession, database: str, table: Table) -> Iterator[_Problem]:
    try:
        target = read_table(session, database, table.name)
        TableStatements(database, table, target)
    except RowcastError as error:
        yield error
        return
    yield from _keys(database, table, target)


def _keys(database: str, table: Table, target: TargetTable) -> Iterator[_Problem]:
    name = f"{database}.{target.name}"
    key = {table.columns[index].name.lower() for index in table.primary_key}
    if not key:
        yield (
            "TARGET_TABLE_WITHOUT_KEY",
            f"{name} has no primary key at the source: every update and delete scans it",
            "Add a primary key at the source; an invisible one will do.",
        )
    elif not target.primary_key:
        yield (
            "TARGET_TABLE_WITHOUT_KEY",
            f"{name} has no primary key at the target: every update and delete scans it",
            "Give the target table the source's primary key.",
        )
    elif set(target.primary_key) != key:
        yield TargetFailed(
            f"{name} has another primary key than the source: rows that differ there could not both be stored",
            hint="Give the target table the source's primary key.",
            source_key=",".join(sorted(key)),
            target_key=",".join(target.primary_key),
        )


def _numbers(version: str) -> tuple[int, int]:
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)
