"""Log-in and statements on a real server, through the driver and through the replication socket alike."""

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connector.model import errors
from connector.model.gtid import GtidSet
from connector.model.server_errors import ErrorMapping
from connector.mysql.address import ServerAddress, SslMode
from connector.mysql.connection import Connection, connect, execute, query, quote_name, stream
from connector.mysql.replication import BinlogDump, replica_uuid_of
from tests.integration.mysql.conftest import REPLICA_GRANTS, Account, address_of
from tools.stack import MySqlServer

LogIn = Callable[[ServerAddress], None]


def by_driver(address: ServerAddress) -> None:
    connect(address).close()


def by_dump(address: ServerAddress) -> None:
    dump = BinlogDump(
        address, server_id=900_001, gtids=GtidSet(), heartbeat_s=10, replica_uuid=replica_uuid_of(address.user)
    )
    dump.open()
    assert dump.read(20), "the dump begins with a rotate event"
    dump.close()


both_ways = pytest.mark.parametrize("log_in", [by_driver, by_dump])
plugins = pytest.mark.parametrize("plugin", ["caching_sha2_password", "sha256_password", "mysql_native_password"])
modes = pytest.mark.parametrize("mode", ["preferred", "required", "disabled"])


@both_ways
@plugins
@modes
def test_first_and_second_log_in(
    account: Account, connection: Connection, log_in: LogIn, plugin: str, mode: SslMode
) -> None:
    """The first log-in of an account is a full exchange (over TLS, or RSA when disabled), the second the fast path."""
    installed = {
        name for (name,) in query(connection, "SELECT plugin_name FROM information_schema.plugins") if name == plugin
    }
    if not installed:  # MySQL 9 has no mysql_native_password: the refusal is the behaviour there
        with pytest.raises(Exception, match="not loaded"):
            account(plugin=plugin)
        return
    address = replace(account(*REPLICA_GRANTS, plugin=plugin), ssl_mode=mode)
    log_in(address)
    log_in(address)


@both_ways
def test_account_without_a_password(account: Account, log_in: LogIn) -> None:
    log_in(account(*REPLICA_GRANTS, password=""))


@both_ways
@modes
def test_wrong_password(account: Account, log_in: LogIn, mode: SslMode) -> None:
    address = replace(account(*REPLICA_GRANTS), password="Wr0ngPassw0rd", ssl_mode=mode)
    with pytest.raises(errors.SourceAccessDenied, match="Access denied for user") as caught:
        log_in(address)
    assert "Wr0ngPassw0rd" not in f"{caught.value} {caught.value.remedy} {caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.context["errno"] == 1045


@both_ways
def test_account_that_demands_tls(account: Account, log_in: LogIn) -> None:
    address = account(*REPLICA_GRANTS, require="REQUIRE SSL")
    log_in(address)
    with pytest.raises(errors.SourceAccessDenied):
        log_in(replace(address, ssl_mode="disabled"))


@both_ways
def test_server_without_tls(unfit_server: MySqlServer, log_in: LogIn) -> None:
    address = address_of(unfit_server)
    with pytest.raises(errors.SourceSettingUnsupported, match=r"TLS|SSL") as caught:
        log_in(replace(address, ssl_mode="required"))
    assert "ssl-mode" in caught.value.remedy
    with connect(address) as plain:
        assert query(plain, "SHOW STATUS LIKE 'Ssl_cipher'") == [("Ssl_cipher", "")]


@both_ways
def test_certificates_are_verified(
    mysql_source: MySqlServer, tmp_path: Path, source: ServerAddress, log_in: LogIn
) -> None:
    if mysql_source.external:
        return  # the CA of a server that the environment named is not ours to read
    ca = str(mysql_source.datadir / "ca.pem")
    log_in(replace(source, ssl_mode="verify_ca", ssl_ca=ca))
    with pytest.raises(errors.SourceSettingUnsupported, match=r"(?i)hostname|ip address"):
        log_in(replace(source, ssl_mode="verify_identity", ssl_ca=ca))
    with pytest.raises(errors.SourceSettingUnsupported, match="certificate verify failed"):
        log_in(replace(source, ssl_mode="verify_ca"))
    missing = str(tmp_path / "none.pem")
    with pytest.raises(errors.ConfigError, match="CA file"):
        log_in(replace(source, ssl_mode="verify_ca", ssl_ca=missing))


@both_ways
def test_nobody_listens(log_in: LogIn) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = ServerAddress("127.0.0.1", closed.getsockname()[1], "u", "p")
        with pytest.raises(errors.SourceUnreachable, match="refused"):
            log_in(address)


@both_ways
def test_listener_that_never_answers(log_in: LogIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = ServerAddress("127.0.0.1", silent.getsockname()[1], "u", "p", connect_timeout_s=0.1)
        with pytest.raises(errors.SourceUnreachable, match=r"timed out"):
            log_in(address)


def test_session_state(connection: Connection, source: ServerAddress) -> None:
    assert query(
        connection, "SELECT @@time_zone, @@autocommit, @@character_set_client, @@character_set_results, '😀'"
    ) == [("+00:00", 1, "utf8mb4", "utf8mb4", "😀")]
    [(_, cipher)] = query(connection, "SHOW STATUS LIKE 'Ssl_cipher'")
    assert cipher, "preferred means encrypted where the server can"
    with connect(replace(source, ssl_mode="disabled")) as plain:
        assert query(plain, "SHOW STATUS LIKE 'Ssl_cipher'") == [("Ssl_cipher", "")]


def test_missing_database(source: ServerAddress) -> None:
    with pytest.raises(errors.DatabaseMissing):
        connect(source, database="no_such_database")


def test_statement_errors_are_typed(connection: Connection) -> None:
    with pytest.raises(errors.SourceQueryFailed, match="errno=1064") as caught:
        query(connection, "SELEC 1")
    assert caught.value.disposition is errors.Disposition.OPERATOR
    assert query(connection, "SELECT 1") == [(1,)], "the connection is still good"


def test_another_error_table(source: ServerAddress) -> None:
    def target(errno: int, message: str, **context: object) -> errors.RowcastError:
        return errors.TargetFailed(message, errno=errno, at=context)

    mapping: ErrorMapping = target
    with connect(source, error=mapping) as connection, pytest.raises(errors.TargetFailed, match="errno=1146"):
        execute(connection, "DELETE FROM mysql.no_such_table")


def test_killed_session(connection: Connection, source: ServerAddress) -> None:
    victim = connect(source)
    [(number,)] = query(victim, "SELECT CONNECTION_ID()")
    execute(connection, f"KILL {number}")
    with pytest.raises(errors.SourceConnectionLost):
        query(victim, "SELECT 1")
    for use in (victim.begin, victim.commit, victim.rollback, victim.ping):
        with pytest.raises(errors.SourceConnectionLost, match="closed"):
            use()
    victim.close()
    victim.close()


def test_transactions(
    connection: Connection, mysql_source: MySqlServer, fresh_database: Callable[[MySqlServer], str]
) -> None:
    table = f"{quote_name(fresh_database(mysql_source))}.t"
    execute(connection, f"CREATE TABLE {table} (id INT PRIMARY KEY)")
    connection.begin()
    assert execute(connection, f"INSERT INTO {table} VALUES (%s), (%s)", (1, 2)) == 2
    connection.rollback()
    connection.begin()
    execute(connection, f"INSERT INTO {table} VALUES (3)")
    connection.commit()
    assert query(connection, f"SELECT id FROM {table}") == [(3,)]


MANY = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n"


def test_stream_in_batches(connection: Connection) -> None:
    batches = list(stream(connection, MANY, 400))
    assert [len(batch) for batch in batches] == [400, 400, 100]
    assert query(connection, "SELECT 1") == [(1,)]


def test_stream_closed_early_abandons_the_connection(source: ServerAddress) -> None:
    connection = connect(source)
    batches = stream(connection, MANY, 10)
    assert next(batches) == [(number,) for number in range(1, 11)]
    batches.close()
    with pytest.raises(errors.SourceConnectionLost, match="closed"):
        query(connection, "SELECT 1")
