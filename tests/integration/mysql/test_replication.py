"""The dump on a real server: committed rows arrive, heartbeats on an idle one, every refusal as its typed error."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from connector.model import errors
from connector.model.gtid import GtidSet
from connector.model.server_errors import source_error
from connector.mysql.address import ServerAddress, SslMode
from connector.mysql.connection import Connection, query
from connector.mysql.packets import ERR, parse_error
from connector.mysql.replication import BinlogDump, replica_uuid_of
from connector.mysql.source import source_status
from tests.integration.mysql.conftest import REPLICA_GRANTS, Account, address_of
from tools.stack import MySqlServer, Stack

ROTATE, WRITE_ROWS, HEARTBEAT, HEARTBEAT_V2 = 4, 30, 27, 41
SERVER_ID = 910_000
DEADLINE_S = 30

FreshDatabase = Callable[[MySqlServer], str]


@contextmanager
def dump(
    address: ServerAddress, gtids: GtidSet, *, heartbeat_s: float = 10, server_id: int = SERVER_ID, identity: str = "x"
) -> Iterator[BinlogDump]:
    """An open dump."""
    opened = BinlogDump(
        address,
        server_id=server_id,
        gtids=gtids,
        heartbeat_s=heartbeat_s,
        replica_uuid=replica_uuid_of(f"{identity}/{server_id}"),
    )
    opened.open()
    try:
        yield opened
    finally:
        opened.close()


def packets(source: BinlogDump) -> Iterator[bytes]:
    """The payloads that arrive, cut out of the raw stream; fails when none comes for half a minute."""
    data = b""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        data += source.read(1)
        while len(data) >= 4 and len(data) >= 4 + (size := int.from_bytes(data[:3], "little")):
            yield data[4 : 4 + size]
            data = data[4 + size :]
            deadline = time.monotonic() + DEADLINE_S
    raise AssertionError("nothing arrives any more")


def event_types(source: BinlogDump) -> Iterator[int]:
    for payload in packets(source):
        assert payload[0] == 0, payload
        yield payload[5]


@pytest.mark.parametrize("mode", ["preferred", "disabled"])
def test_committed_rows_arrive(
    source: ServerAddress,
    connection: Connection,
    mysql_source: MySqlServer,
    fresh_database: FreshDatabase,
    mode: SslMode,
) -> None:
    database = fresh_database(mysql_source)
    mysql_source.execute("CREATE TABLE t (id INT PRIMARY KEY, body LONGBLOB)", database)
    start = source_status(connection).gtid_executed
    with dump(replace(source, ssl_mode=mode), start) as stream:
        # More than a TLS record and more than one read: nothing may be lost in between.
        mysql_source.execute("INSERT INTO t VALUES (1, REPEAT('needle', 200000))", database)
        rows = b""
        for payload in packets(stream):
            if payload[5] == WRITE_ROWS:
                rows += payload
            if rows.count(b"needle") == 200_000:
                break
        [(server_id, host, *_)] = [row for row in query(connection, "SHOW REPLICAS") if row[0] == SERVER_ID]
        assert (server_id, host) == (SERVER_ID, "rowcast")


def test_only_what_is_after_the_set(source: ServerAddress, connection: Connection) -> None:
    with dump(source, source_status(connection).gtid_executed, heartbeat_s=0.2) as stream:
        first = next(payload for payload in packets(stream) if payload[5] in (HEARTBEAT, HEARTBEAT_V2))
    assert first, "no transaction before the first heartbeat"


def test_heartbeats_on_an_idle_server(source: ServerAddress, connection: Connection) -> None:
    with dump(source, source_status(connection).gtid_executed, heartbeat_s=0.2) as stream:
        kinds = event_types(stream)
        assert next(kinds) == ROTATE
        beats = 0
        while beats < 4:
            beats += next(kinds) in (HEARTBEAT, HEARTBEAT_V2)
        assert stream.read(0.01) == b""


def test_server_goes_away(stack: Stack) -> None:
    server = stack.start_mysql("mortal", own=True)
    with dump(address_of(server), GtidSet()) as stream:
        assert stream.read(20)
        server.kill()
        with pytest.raises(errors.SourceConnectionLost, match=f"host={server.host}:{server.port}"):
            list(packets(stream))


def refusal(stream: BinlogDump) -> errors.RowcastError:
    payload = next(payload for payload in packets(stream) if payload[0] == ERR)
    return source_error(*parse_error(payload))


def test_purged_and_ahead(stack: Stack) -> None:
    server = stack.start_mysql("purged", own=True)
    server.execute("CREATE DATABASE d; FLUSH BINARY LOGS")
    [(file, *_)] = server.query("SHOW BINARY LOG STATUS")
    server.execute(f"PURGE BINARY LOGS TO '{file}'")
    address = address_of(server)
    with dump(address, GtidSet()) as stream:
        error = refusal(stream)
        assert type(error) is errors.PositionPurged, error
    [(uuid,)] = server.query("SELECT @@server_uuid")
    with dump(address, GtidSet.parse(f"{uuid}:1-100")) as stream:
        error = refusal(stream)
        assert type(error) is errors.PositionAhead, error
    server.kill()


def test_a_successor_takes_over(source: ServerAddress, connection: Connection) -> None:
    """The same connector started again: the source ends the first dump and says why."""
    start = source_status(connection).gtid_executed
    with dump(source, start, server_id=910_001) as first:
        assert first.read(20)
        with dump(source, start, server_id=910_001) as second:
            assert second.read(20)
            error = refusal(first)
    assert type(error) is errors.DuplicateServerId, error


def test_no_gtids(unfit_server: MySqlServer) -> None:
    with (
        pytest.raises(errors.SourceSettingUnsupported, match="gtid_mode is OFF") as caught,
        dump(address_of(unfit_server), GtidSet()),
    ):
        pass
    assert "gtid_mode = ON" in caught.value.remedy


def test_without_the_privilege(account: Account) -> None:
    with (
        pytest.raises(errors.SourcePrivilegeMissing, match="REPLICATION SLAVE"),
        dump(account(), GtidSet()),
    ):
        pass


def test_least_privileges(account: Account) -> None:
    with dump(account(REPLICA_GRANTS[0]), GtidSet()) as stream:
        assert next(event_types(stream)) == ROTATE
