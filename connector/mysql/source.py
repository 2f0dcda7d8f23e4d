"""What a server says about itself: version, identity, GTID sets, binlog coordinates."""

from dataclasses import dataclass

from connector.model.errors import SourceQueryFailed
from connector.model.gtid import GtidSet
from connector.mysql.connection import Connection, Rows, query

SYNTAX_ERROR = 1064  # ER_PARSE_ERROR


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One look at a server. `file` is '' and `pos` 0 when it writes no binlog."""

    version: str
    server_uuid: str
    server_id: int
    gtid_executed: GtidSet
    gtid_purged: GtidSet
    file: str
    pos: int


def source_status(connection: Connection) -> SourceStatus:
    """Needs REPLICATION CLIENT. SOURCE_SETTING_UNSUPPORTED on a server that does not know GTIDs."""
    ((version, uuid, server_id, executed, purged),) = query(
        connection, "SELECT @@version, @@server_uuid, @@server_id, @@global.gtid_executed, @@global.gtid_purged"
    )
    coordinates = old_or_new(connection, "SHOW BINARY LOG STATUS", "SHOW MASTER STATUS")
    file, pos = coordinates[0][:2] if coordinates else ("", 0)
    return SourceStatus(
        version=version,
        server_uuid=uuid,
        server_id=int(server_id),
        gtid_executed=GtidSet.parse(executed),
        gtid_purged=GtidSet.parse(purged),
        file=file,
        pos=int(pos),
    )


def old_or_new(connection: Connection, new: str, old: str) -> Rows:
    """The rows of a statement that MySQL renamed: the new spelling, or the old one where the new is a syntax error."""
    try:
        return query(connection, new)
    except SourceQueryFailed as error:
        if error.context.get("errno") != SYNTAX_ERROR:
            raise
    return query(connection, old)
