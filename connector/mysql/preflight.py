"""What would stop a stream, found before it starts; called by `rowcast check` and at the start of every stream.

Each check appends findings; an error is raised only when a check could not run. Thresholds and wording live here, the
codes and hints are those of `connector.model.errors`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connector.model.errors import (
    DatabaseMissing,
    DuplicateServerId,
    InternalError,
    PositionAhead,
    PositionPurged,
    RowcastError,
    RuleTableMissing,
    SourcePrivilegeMissing,
    SourceSettingUnsupported,
    TableKeyMissing,
    all_errors,
)
from connector.model.finding import Finding
from connector.model.gtid import GtidSet
from connector.mysql.address import ServerAddress
from connector.mysql.connection import Connection, connect, execute, query
from connector.mysql.grants import Grants
from connector.mysql.introspect import read_tables
from connector.mysql.source import SourceStatus, old_or_new, source_status

SETTINGS: tuple[tuple[str, str, str], ...] = (
    ("log_bin", "ON", "Start the server with log_bin."),
    ("binlog_format", "ROW", "Set binlog_format = ROW; sessions that are already connected keep their own format."),
    ("binlog_row_image", "FULL", "Set binlog_row_image = FULL; connected sessions keep their own image."),
    ("gtid_mode", "ON", "Set enforce_gtid_consistency = ON and gtid_mode = ON."),
    ("binlog_row_value_options", "", "Clear binlog_row_value_options: partial JSON updates are not decoded yet."),
    ("binlog_transaction_compression", "OFF", "Set it to OFF: compressed transactions are not decoded yet."),
)
"""Variable, the value that is needed, and what to do. A variable that the server does not have is as needed."""
READ_SETTINGS = (*(name for name, _, _ in SETTINGS), "binlog_row_metadata", "lower_case_table_names")
SHOWN_GTID_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class _Request:
    """What `check_source` was asked about."""

    database: str
    position: GtidSet | None
    needs_snapshot: bool
    server_id: int
    replica_uuid: str | None
    tables: Sequence[str]
    where: str


def check_source(
    address: ServerAddress,
    *,
    database: str,
    position: GtidSet | None,
    needs_snapshot: bool,
    server_id: int,
    tables: Sequence[str],
    replica_uuid: str | None = None,
    where: str | None = None,
) -> list[Finding]:
    """All findings about a source, errors and warnings.

    `position`: where the stream will continue, None without one. `tables`: names that rules mention exactly.
    `replica_uuid`: our own, so that what is left of our last session does not count as another replica. `where`: the
    connector's name for the findings, host:port without one.
    """
    request = _Request(
        database, position, needs_snapshot, server_id, replica_uuid, tables, where or f"{address.host}:{address.port}"
    )
    # 1. Reachable, and the account may log in.
    try:
        connection = connect(address)
    except RowcastError as error:
        return [Finding.of(error, request.where)]
    try:
        return list(_checks(connection, request))
    finally:
        connection.close()


def raise_first_error(findings: Sequence[Finding]) -> None:
    """Raise the first finding of severity "error" as the typed error it stands for; warnings alone raise nothing."""
    for finding in findings:
        if finding.severity == "error":
            kind = next((kind for kind in all_errors() if kind.code == finding.code), InternalError)
            raise kind(finding.what, hint=finding.hint)


def _checks(connection: Connection, request: _Request) -> Iterator[Finding]:
    def found(error: RowcastError) -> Finding:
        return Finding.of(error, request.where)

    # 2. The server's settings.
    names = ", ".join(f"'{name}'" for name in READ_SETTINGS)
    settings = {
        name: value.upper()
        for name, value in query(connection, f"SHOW GLOBAL VARIABLES WHERE variable_name IN ({names})")
    }
    for error in _unsupported_settings(settings):
        yield found(error)
    if settings.get("binlog_row_metadata", "MINIMAL") != "FULL":
        yield Finding(
            SourceSettingUnsupported.code,
            "warning",
            "binlog_row_metadata is MINIMAL: column names and types come from the server's present definitions",
            "Set binlog_row_metadata = FULL, so that every change carries the definition it was made with.",
            request.where,
        )
    # 3. What the account may do, and the database: one that it may not see looks like one that is not there.
    grants = _grants(connection)
    for error in _missing_privileges(grants, request):
        yield found(error)
    exists = "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
    if _sees_database(grants, request) and not query(connection, exists, (request.database,)):
        yield found(DatabaseMissing("the source has no such database", database=request.database))
    # 4. Identity and position: only what the account may ask, and only where there are GTIDs to compare.
    if grants.anywhere("REPLICATION CLIENT") and "gtid_mode" in settings:
        status = source_status(connection)
        if request.server_id == status.server_id:
            yield found(DuplicateServerId("the source itself has this server id", server_id=request.server_id))
        if request.position is not None:
            for error in _lost_position(status, request.position):
                yield found(error)
    if grants.anywhere("REPLICATION SLAVE"):
        for error in _other_replicas(connection, request):
            yield found(error)
    # 5. The tables that rules name.
    yield from _table_findings(connection, request, fold_case=settings.get("lower_case_table_names", "0") != "0")


def _unsupported_settings(settings: dict[str, str]) -> Iterator[RowcastError]:
    if "gtid_mode" not in settings:
        yield SourceSettingUnsupported("the server has no GTIDs", hint="rowcast reads MySQL 8.0 and newer.")
    for name, needed, hint in SETTINGS:
        value = settings.get(name, needed)
        if value != needed:
            shown = needed or "empty"
            yield SourceSettingUnsupported(f"{name} is {value}, it must be {shown}", hint=hint, setting=name)


def _grants(connection: Connection) -> Grants:
    execute(connection, "SET SESSION sql_mode = ''")  # with ANSI_QUOTES, names would come in double quotes
    ((roles,),) = query(connection, "SELECT CURRENT_ROLE()")
    statement = "SHOW GRANTS" if roles == "NONE" else f"SHOW GRANTS FOR CURRENT_USER() USING {roles}"
    return Grants(line for (line,) in query(connection, statement))


def _missing_privileges(grants: Grants, request: _Request) -> Iterator[RowcastError]:
    database = request.database
    for privilege in ("REPLICATION SLAVE", "REPLICATION CLIENT"):
        if not grants.anywhere(privilege):
            yield _privilege_missing(privilege, "*.*")
    if request.tables:
        for table in request.tables:
            if not grants.on_table("SELECT", database, table):
                yield _privilege_missing("SELECT", f"{database}.{table}")
    elif not grants.on_database("SELECT", database):
        yield _privilege_missing("SELECT", f"{database}.*")
    if request.needs_snapshot and not grants.on_database("LOCK TABLES", database):
        yield _privilege_missing("LOCK TABLES", f"{database}.*")


def _sees_database(grants: Grants, request: _Request) -> bool:
    return grants.anywhere("SHOW DATABASES") or any(
        grants.on_table("SELECT", request.database, table) for table in request.tables or [""]
    )


def _privilege_missing(privilege: str, place: str) -> SourcePrivilegeMissing:
    return SourcePrivilegeMissing(
        f"the account has no {privilege} on {place}",
        hint=f"GRANT {privilege} ON {place} TO the rowcast account (roles: SET DEFAULT ROLE).",
    )


def _lost_position(status: SourceStatus, position: GtidSet) -> Iterator[RowcastError]:
    # 1236 would say the same after the dump has begun, but not which transactions are missing.
    if not position.contains(status.gtid_purged):
        missing = status.gtid_purged.subtract(position)
        yield PositionPurged("the source has purged transactions that the stream has not read", missing=_short(missing))
    if not status.gtid_executed.contains(position):
        unknown = position.subtract(status.gtid_executed)
        yield PositionAhead("the position has transactions that the source does not have", unknown=_short(unknown))


def _other_replicas(connection: Connection, request: _Request) -> Iterator[RowcastError]:
    for replica_id, _host, _port, _source_id, uuid, *_ in old_or_new(connection, "SHOW REPLICAS", "SHOW SLAVE HOSTS"):
        if int(replica_id) == request.server_id and uuid != request.replica_uuid:
            yield DuplicateServerId("another replica has this server id", server_id=replica_id, replica_uuid=uuid)


def _table_findings(connection: Connection, request: _Request, *, fold_case: bool) -> Iterator[Finding]:
    fold: Callable[[str], str] = str.lower if fold_case else str
    tables = {fold(name): table for name, table in read_tables(connection, request.database, request.tables).items()}
    for name in request.tables:
        table = tables.get(fold(name))
        place = f"{request.database}.{name}"
        if table is None:
            error = RuleTableMissing("the source has no such base table, or the account may not see it", table=place)
            yield Finding.of(error, request.where)
        elif not table.primary_key:
            keyless = TableKeyMissing("the table has no primary key", table=place)
            yield Finding(keyless.code, "warning", str(keyless), keyless.remedy, request.where)


def _short(gtids: GtidSet) -> str:
    text = str(gtids)
    return text if len(text) <= SHOWN_GTID_CHARACTERS else f"{text[:SHOWN_GTID_CHARACTERS]}..."
