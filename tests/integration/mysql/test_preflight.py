"""rowcast check on real servers: a fit one has no findings, every unfit property has its own."""

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connector.model import errors
from connector.model.finding import Finding
from connector.model.gtid import GtidSet
from connector.mysql.address import ServerAddress
from connector.mysql.connection import Connection, execute, query
from connector.mysql.preflight import check_source, raise_first_error
from connector.mysql.replication import replica_uuid_of
from connector.mysql.source import source_status
from tests.integration.mysql.conftest import REPLICA_GRANTS, Account, address_of
from tests.integration.mysql.test_replication import dump
from tools.stack import MySqlServer, Stack

SERVER_ID = 920_000
OTHER_ID = 920_001  # of one test alone: the source forgets a closed dump only with its next heartbeat


@pytest.fixture
def database(mysql_source: MySqlServer, fresh_database: Callable[[MySqlServer], str]) -> str:
    name = fresh_database(mysql_source)
    mysql_source.execute("CREATE TABLE good (id INT PRIMARY KEY); CREATE TABLE heap (id INT)", name)
    mysql_source.execute("CREATE VIEW seen AS SELECT * FROM good", name)
    return name


def check(address: ServerAddress, database: str, **changes: Any) -> list[Finding]:
    request: dict[str, Any] = {
        "database": database,
        "position": None,
        "needs_snapshot": True,
        "server_id": SERVER_ID,
        "tables": ["good"],
        **changes,
    }
    return check_source(address, **request)


def codes(findings: list[Finding], severity: str = "error") -> list[str]:
    return [finding.code for finding in findings if finding.severity == severity]


def test_fit_source(account: Account, connection: Connection, database: str) -> None:
    position = source_status(connection).gtid_executed
    assert check(account(*REPLICA_GRANTS), database, position=position) == []


def test_least_privileges_per_database(account: Account, database: str) -> None:
    address = account(REPLICA_GRANTS[0], f"GRANT SELECT, LOCK TABLES ON {database}.* TO {{account}}")
    assert check(address, database) == []


def test_privileges_through_a_role(
    account: Account, connection: Connection, database: str, unique_name: Callable[[str], str]
) -> None:
    role = unique_name("role")
    execute(connection, f"CREATE ROLE {role}")
    for grant in REPLICA_GRANTS:
        execute(connection, grant.format(account=role))
    inactive = account(f"GRANT {role} TO {{account}}")
    active = account(f"GRANT {role} TO {{account}}", f"SET DEFAULT ROLE {role} TO {{account}}")
    assert check(active, database) == []
    assert "SOURCE_PRIVILEGE_MISSING" in codes(check(inactive, database))
    execute(connection, f"DROP ROLE {role}")


def test_missing_privileges_are_named(account: Account, database: str) -> None:
    findings = check(account(), database)
    text = "\n".join(f"{finding.what} | {finding.hint}" for finding in findings)
    for wanted in ("REPLICATION SLAVE on *.*", "REPLICATION CLIENT on *.*", f"SELECT on {database}.good"):
        assert f"no {wanted}" in text
    assert f"GRANT LOCK TABLES ON {database}.* TO" in text
    # What the account may not see is not said to be missing.
    assert set(codes(findings)) == {"SOURCE_PRIVILEGE_MISSING", "RULE_TABLE_MISSING"}
    with pytest.raises(errors.SourcePrivilegeMissing):
        raise_first_error(findings)


def test_lock_tables_only_for_a_snapshot(account: Account, database: str) -> None:
    address = account(REPLICA_GRANTS[0], f"GRANT SELECT ON {database}.good TO {{account}}")
    assert check(address, database, needs_snapshot=False) == []
    assert codes(check(address, database)) == ["SOURCE_PRIVILEGE_MISSING"]


def test_unreachable_and_access_denied(source: ServerAddress, account: Account) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        [finding] = check(ServerAddress("127.0.0.1", closed.getsockname()[1], "u", "p"), "d", where="shop")
    assert (finding.code, finding.severity, finding.where) == ("SOURCE_UNREACHABLE", "error", "shop")
    [finding] = check(replace(account(), password="Wr0ng"), "d")
    assert finding.code == "SOURCE_ACCESS_DENIED"
    assert "Wr0ng" not in f"{finding}"
    assert finding.where == f"{source.host}:{source.port}"
    with pytest.raises(errors.SourceAccessDenied):
        raise_first_error([finding])


def test_missing_database(source: ServerAddress) -> None:
    assert codes(check(source, "no_such_database", tables=[])) == ["SOURCE_DATABASE_MISSING"]


def test_tables(source: ServerAddress, database: str) -> None:
    findings = check(source, database, tables=["good", "heap", "seen", "nothing"])
    assert [(finding.code, finding.severity) for finding in findings] == [
        ("TABLE_KEY_MISSING", "warning"),
        ("RULE_TABLE_MISSING", "error"),
        ("RULE_TABLE_MISSING", "error"),
    ]
    assert f"{database}.seen" in findings[1].what
    assert f"{database}.nothing" in findings[2].what


def test_unfit_settings(unfit_server: MySqlServer) -> None:
    unfit_server.execute("CREATE DATABASE IF NOT EXISTS d")
    findings = check(address_of(unfit_server), "d", tables=[])
    assert set(codes(findings)) == {"SOURCE_SETTING_UNSUPPORTED"}
    named = {finding.what.split(" is ")[0] for finding in findings if finding.severity == "error"}
    assert named == {
        "binlog_format",
        "binlog_row_image",
        "gtid_mode",
        "binlog_row_value_options",
        "binlog_transaction_compression",
    }
    [warning] = [finding for finding in findings if finding.severity == "warning"]
    assert "binlog_row_metadata" in warning.what


def test_no_binlog(mysql_shards: tuple[MySqlServer, MySqlServer]) -> None:
    findings = check(address_of(mysql_shards[0]), "mysql", tables=[])
    assert any(finding.what.startswith("log_bin is OFF") for finding in findings)


def test_positions(stack: Stack) -> None:
    server = stack.start_mysql("preflight", own=True)
    server.execute("CREATE DATABASE d; CREATE TABLE d.good (id INT PRIMARY KEY); FLUSH BINARY LOGS")
    [(uuid, file)] = [
        (uuid, file)
        for (uuid,) in server.query("SELECT @@server_uuid")
        for file, *_ in server.query("SHOW BINARY LOG STATUS")
    ]
    server.execute(f"PURGE BINARY LOGS TO '{file}'; INSERT INTO d.good VALUES (1)")
    address = address_of(server)
    assert check(address, "d", position=GtidSet.parse(f"{uuid}:1-2")) == []
    [purged] = check(address, "d", position=GtidSet.parse(f"{uuid}:1"))
    assert purged.code == "POSITION_PURGED"
    assert f"missing={uuid}:2" in purged.what
    [ahead] = check(address, "d", position=GtidSet.parse(f"{uuid}:1-9"))
    assert ahead.code == "POSITION_AHEAD"
    assert f"unknown={uuid}:4-9" in ahead.what
    with pytest.raises(errors.PositionAhead):
        raise_first_error([ahead])
    server.kill()


def test_server_ids(source: ServerAddress, connection: Connection, database: str) -> None:
    status = source_status(connection)
    assert codes(check(source, database, server_id=status.server_id)) == ["DUPLICATE_SERVER_ID"]
    with dump(source, status.gtid_executed, server_id=OTHER_ID, identity="other") as stream:
        assert stream.read(20)
        assert query(connection, "SHOW REPLICAS")
        [finding] = check(source, database, server_id=OTHER_ID)
        assert finding.code == "DUPLICATE_SERVER_ID"
        assert check(source, database, server_id=OTHER_ID, replica_uuid=replica_uuid_of(f"other/{OTHER_ID}")) == [], (
            "it is our own"
        )
