"""Findings about real targets; a check changes nothing there."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.model.finding import Finding
from connector.model.table import Column, SqlType, Table
from sinks.mysql.preflight import check_target
from tests.integration.sinks.conftest import Target, address_of
from tests.unit.sinks.streams import ITEM
from tools.stack import MySqlServer, Stack


def check(target: Target, *tables: Table) -> list[Finding]:
    return check_target(target.address, target.database, "split", tables=tables, sidecar=target.sidecar)


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in findings]


def test_nothing_to_find_and_nothing_changed(target: Target) -> None:
    assert check(target, ITEM) == []
    assert target.query(f"select 1 from information_schema.schemata where schema_name = '{target.sidecar}'") == []


@pytest.mark.parametrize(
    ("ddl", "expected"),
    [
        ("drop table item", ("TARGET_TABLE_MISSING", "error")),
        ("alter table item drop column name", ("TARGET_COLUMN_MISSING", "error")),
        ("alter table item engine = MyISAM", ("TARGET_SETTING_UNSUPPORTED", "error")),
        ("alter table item drop primary key", ("TARGET_TABLE_WITHOUT_KEY", "warning")),
        ("alter table item drop primary key, add primary key (name)", ("TARGET_FAILED", "error")),
        ("create trigger changed before insert on item for each row set new.name = 'x'", ("TARGET_TRIGGER", "warning")),
    ],
)
def test_tables_that_do_not_fit(target: Target, ddl: str, expected: tuple[str, str]) -> None:
    target.execute(ddl)
    (finding,) = check(target, ITEM)
    assert codes([finding]) == [expected]
    assert finding.where == "split"
    assert finding.hint


def test_a_source_table_without_a_key(target: Target) -> None:
    assert codes(check(target, replace(ITEM, primary_key=()))) == [("TARGET_TABLE_WITHOUT_KEY", "warning")]


def test_a_sidecar_that_is_not_transactional(target: Target) -> None:
    target.execute(f"create database `{target.sidecar}`")
    target.execute(f"create table `{target.sidecar}`.vreplication (id int) engine = MyISAM")
    assert codes(check(target)) == [("TARGET_SETTING_UNSUPPORTED", "error")]


def test_a_database_that_is_not_there(target: Target) -> None:
    (finding,) = check_target(target.address, "no_such_database", "split")
    assert finding.code == "TARGET_TABLE_MISSING"
    assert "Create the database" in finding.hint


def test_a_wrong_password(target: Target) -> None:
    address = replace(target.address, user="nobody", password="the secret")
    (finding,) = check_target(address, target.database, "split")
    assert finding.code == "TARGET_ACCESS_DENIED"
    assert "the secret" not in repr(finding)


def test_no_server(target: Target) -> None:
    (finding,) = check_target(replace(target.address, port=1), target.database, "split")
    assert finding.code == "TARGET_UNREACHABLE"


@pytest.fixture(scope="module")
def read_only_server(stack: Stack) -> Iterator[MySqlServer]:
    server = stack.start_mysql("readonly", own=True, binlog=False, flags=("--max-allowed-packet=1M",))
    server.execute("create database shop; create table shop.item (id int primary key, name varchar(50))")
    yield server
    server.kill()


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("super_read_only", ("TARGET_READ_ONLY", "error")),
        ("read_only", ("TARGET_READ_ONLY", "warning")),
    ],
)
def test_a_replica(read_only_server: MySqlServer, variable: str, expected: tuple[str, str]) -> None:
    read_only_server.execute(f"set global {variable} = on")
    try:
        findings = check_target(address_of(read_only_server), "shop", "split", tables=[ITEM])
    finally:
        read_only_server.execute("set global super_read_only = off; set global read_only = off")
    assert codes(findings) == [expected, ("TARGET_PACKET_SMALL", "warning")]


def test_a_column_of_another_name(target: Target) -> None:
    other = Table("shop", "item", (*ITEM.columns, Column("price", SqlType.DECIMAL)), (0,))
    (finding,) = check(target, other)
    assert "price" in finding.what
