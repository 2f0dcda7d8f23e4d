"""Introspection and snapshot on a real server: every type's definition and value, consistency under writers, locks."""

import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from connector.model import errors
from connector.model.gtid import GtidSet
from connector.model.table import Column, Row, SqlType, Table
from connector.mysql.address import ServerAddress
from connector.mysql.connection import Connection, connect, execute, query
from connector.mysql.introspect import read_tables
from connector.mysql.snapshot import Snapshot, select_statement
from connector.mysql.source import source_status
from tests.integration.mysql.conftest import Account
from tools.stack import MySqlServer

FreshDatabase = Callable[[MySqlServer], str]


@pytest.fixture
def database(mysql_source: MySqlServer, fresh_database: FreshDatabase) -> str:
    return fresh_database(mysql_source)


def read(address: ServerAddress, table: Table, batch: int = 1000) -> list[Row]:
    snapshot = Snapshot(address, [table])
    snapshot.open()
    try:
        return [row for rows in snapshot.rows(table, batch) for row in rows]
    finally:
        snapshot.close()


def float32(value: float) -> float:
    (stored,) = struct.unpack("<f", struct.pack("<f", value))
    assert isinstance(stored, float)
    return stored


POINT = struct.pack("<IBIdd", 4326, 1, 1, 2.0, 1.0)  # SRID, little endian, type, longitude, latitude

# column, definition, its Column, and pairs of SQL literal and the cell that a snapshot returns
CASES: list[tuple[str, Column, list[tuple[str, object]]]] = [
    ("TINYINT", Column("c", SqlType.TINYINT), [("-128", -128), ("127", 127)]),
    ("TINYINT(1)", Column("c", SqlType.TINYINT), [("1", 1)]),
    ("SMALLINT UNSIGNED", Column("c", SqlType.SMALLINT, unsigned=True), [("65535", 65535)]),
    ("MEDIUMINT", Column("c", SqlType.MEDIUMINT), [("-8388608", -8388608)]),
    ("INT ZEROFILL", Column("c", SqlType.INT, unsigned=True), [("42", 42)]),
    ("BIGINT", Column("c", SqlType.BIGINT), [("-9223372036854775808", -(2**63))]),
    ("BIGINT UNSIGNED", Column("c", SqlType.BIGINT, unsigned=True), [("18446744073709551615", 2**64 - 1)]),
    (
        "FLOAT",
        Column("c", SqlType.FLOAT),
        [
            ("16777217", 16777216.0),
            ("0.1", float32(0.1)),
            ("-3.4028234663852886e38", float32(-3.4028234663852886e38)),
            ("1e-45", float32(1e-45)),
            ("8388609.3", 8388609.0),
        ],
    ),
    ("FLOAT(7,3)", Column("c", SqlType.FLOAT), [("1234.567", float32(1234.567))]),
    ("DOUBLE", Column("c", SqlType.DOUBLE), [("0.1e0", 0.1), ("-1.7976931348623157e308", -1.7976931348623157e308)]),
    (
        "DOUBLE(10,2) UNSIGNED",
        Column("c", SqlType.DOUBLE, unsigned=True),
        [("1.105", 1.10), ("12345678.91", 12345678.91)],
    ),
    (
        "DECIMAL(30,10)",
        Column("c", SqlType.DECIMAL, length=30, scale=10),
        [("-0.5", "-0.5000000000"), ("12345678901234567890.0123456789", "12345678901234567890.0123456789")],
    ),
    (
        "DECIMAL(8,2) ZEROFILL",
        Column("c", SqlType.DECIMAL, unsigned=True, length=8, scale=2),
        [("1.5", "1.50"), ("0", "0.00")],
    ),
    ("DECIMAL(5)", Column("c", SqlType.DECIMAL, length=5), [("7", "7")]),
    ("BIT(10)", Column("c", SqlType.BIT, length=10), [("b'1000000001'", b"\x02\x01"), ("0", b"\0\0")]),
    ("YEAR", Column("c", SqlType.YEAR), [("2024", "2024"), ("0", "0000")]),
    ("DATE", Column("c", SqlType.DATE), [("'9999-12-31'", "9999-12-31"), ("'0000-00-00'", "0000-00-00")]),
    (
        "TIME(3)",
        Column("c", SqlType.TIME, scale=3),
        [("'-838:59:58.001'", "-838:59:58.001"), ("'00:00:00.1'", "00:00:00.100")],
    ),
    ("TIME", Column("c", SqlType.TIME), [("'-00:00:01'", "-00:00:01")]),
    (
        "DATETIME(6)",
        Column("c", SqlType.DATETIME, scale=6),
        [
            ("'2024-02-29 23:59:59.999999'", "2024-02-29 23:59:59.999999"),
            ("'2024-00-00'", "2024-00-00 00:00:00.000000"),
        ],
    ),
    (
        "TIMESTAMP(2)",
        Column("c", SqlType.TIMESTAMP, scale=2),
        [("'2024-07-01 12:00:00.25+05:30'", "2024-07-01 06:30:00.25"), ("'0000-00-00'", "0000-00-00 00:00:00.00")],
    ),
    (
        "CHAR(4) COLLATE utf8mb4_bin",
        Column("c", SqlType.CHAR, collation="utf8mb4_bin", length=4),
        [("'a  '", "a"), ("'😀é'", "😀é"), ("''", "")],
    ),
    (
        "VARCHAR(10) CHARACTER SET latin1",
        Column("c", SqlType.VARCHAR, collation="latin1_swedish_ci", length=10),
        [("'é€ '", "é€ ")],
    ),
    (
        "VARCHAR(10) CHARACTER SET utf16 COLLATE utf16_bin",
        Column("c", SqlType.VARCHAR, collation="utf16_bin", length=10),
        [("'x😀'", "x😀")],
    ),
    ("TEXT", Column("c", SqlType.TEXT, collation="utf8mb4_0900_ai_ci"), [("REPEAT('ü', 30000)", "ü" * 30000)]),
    ("TINYTEXT", Column("c", SqlType.TINYTEXT, collation="utf8mb4_0900_ai_ci"), [("'t'", "t")]),
    ("LONGTEXT", Column("c", SqlType.LONGTEXT, collation="utf8mb4_0900_ai_ci"), [("'t'", "t")]),
    ("BINARY(4)", Column("c", SqlType.BINARY, length=4), [("'a'", b"a\0\0\0"), ("x'00ff'", b"\0\xff\0\0")]),
    ("VARBINARY(4)", Column("c", SqlType.VARBINARY, length=4), [("x'00ff00'", b"\0\xff\0"), ("''", b"")]),
    ("BLOB", Column("c", SqlType.BLOB), [("x'80'", b"\x80")]),
    ("MEDIUMBLOB", Column("c", SqlType.MEDIUMBLOB), [("''", b"")]),
    (
        r"ENUM('a','b''c','x,y','unsigned','q\\z','é')",
        Column("c", SqlType.ENUM, collation="utf8mb4_0900_ai_ci", labels=("a", "b'c", "x,y", "unsigned", "q\\z", "é")),
        [("2", "b'c"), (r"'q\\z'", "q\\z"), ("0", "")],
    ),
    (
        "ENUM('a','é') CHARACTER SET binary",
        Column("c", SqlType.ENUM, labels=("a", "é")),
        [("2", "é"), ("'a'", "a")],
    ),
    (
        "SET('p','q','r') CHARACTER SET latin1",
        Column("c", SqlType.SET, collation="latin1_swedish_ci", labels=("p", "q", "r")),
        [("'r,p'", "p,r"), ("''", "")],
    ),
    (
        "JSON",
        Column("c", SqlType.JSON),
        [("""'{"b": [1, 2.5, null], "aa": "é"}'""", '{"b": [1, 2.5, null], "aa": "é"}')],
    ),
    ("GEOMETRY", Column("c", SqlType.GEOMETRY), [("ST_GeomFromText('POINT(1 2)', 4326)", POINT)]),
    ("POINT SRID 4326", Column("c", SqlType.GEOMETRY), [("ST_GeomFromText('POINT(1 2)', 4326)", POINT)]),
    (
        "GEOMETRYCOLLECTION",
        Column("c", SqlType.GEOMETRY),
        [("ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')", struct.pack("<IBII", 0, 1, 7, 0))],
    ),
]


@pytest.mark.parametrize(("definition", "column", "values"), CASES, ids=[case[0][:30] for case in CASES])
def test_every_type(
    definition: str,
    column: Column,
    values: list[tuple[str, object]],
    connection: Connection,
    source: ServerAddress,
    database: str,
) -> None:
    execute(connection, "SET SESSION sql_mode = ''")
    execute(connection, f"CREATE TABLE {database}.t (id INT PRIMARY KEY AUTO_INCREMENT, c {definition} NULL)")
    literals = ", ".join(f"({literal})" for literal, _ in [*values, ("NULL", None)])
    execute(connection, f"INSERT INTO {database}.t (c) VALUES {literals}")
    table = read_tables(connection, database)["t"]
    assert table.columns == (Column("id", SqlType.INT, nullable=False), column)
    cells = [row[1] for row in read(source, table)]
    assert cells == [value for _, value in values] + [None]
    assert [type(cell) for cell in cells[:-1]] == [type(value) for _, value in values]


def test_vector(connection: Connection, source: ServerAddress, database: str) -> None:
    [(version,)] = query(connection, "SELECT @@version")
    if int(version.split(".")[0]) < 9:
        with pytest.raises(errors.SourceQueryFailed):
            execute(connection, f"CREATE TABLE {database}.t (c VECTOR(3))")
        return
    execute(connection, f"CREATE TABLE {database}.t (id INT PRIMARY KEY, c VECTOR(3))")
    execute(connection, f"INSERT INTO {database}.t VALUES (1, TO_VECTOR('[1, -2.5, 0.1]')), (2, NULL)")
    table = read_tables(connection, database)["t"]
    assert table.columns[1] == Column("c", SqlType.VECTOR, length=3)
    assert read(source, table) == [(1, struct.pack("<fff", 1, -2.5, 0.1)), (2, None)]


def test_generated_invisible_and_keys(connection: Connection, source: ServerAddress, database: str) -> None:
    execute(
        connection,
        f"""CREATE TABLE {database}.`we``ird %s` (
            a INT, virt INT AS (a + 1) VIRTUAL, b VARCHAR(10) NOT NULL DEFAULT (uuid_short() % 10),
            kept INT AS (a * 2) STORED, hidden INT INVISIBLE DEFAULT 7, `c d` INT,
            PRIMARY KEY (`c d`, a), UNIQUE KEY (b))""",
    )
    execute(
        connection, f"INSERT INTO {database}.`we``ird %s` (a, b, `c d`) VALUES (1, 'x', 2), (2, 'y', 1), (0, 'z', 2)"
    )
    table = read_tables(connection, database, ["we`ird %s"])["we`ird %s"]
    assert [column.name for column in table.columns] == ["a", "virt", "b", "kept", "hidden", "c d"]
    assert table.primary_key == (5, 0)
    assert [column.generated for column in table.columns] == [False, True, False, True, False, False]
    assert [column.invisible for column in table.columns] == [False, False, False, False, True, False]
    assert read(source, table) == [(2, 3, "y", 4, 7, 1), (0, 1, "z", 0, 7, 2), (1, 2, "x", 2, 7, 2)]


def test_generated_primary_key_is_a_column(connection: Connection, source: ServerAddress, database: str) -> None:
    """The binlog carries it even when the server hides it from information_schema."""
    execute(connection, "SET SESSION sql_generate_invisible_primary_key = ON")
    execute(connection, f"CREATE TABLE {database}.t (a INT)")
    execute(connection, f"INSERT INTO {database}.t VALUES (10), (20)")
    execute(connection, "SET SESSION show_gipk_in_create_table_and_information_schema = OFF")
    table = read_tables(connection, database)["t"]
    assert [column.name for column in table.columns] == ["my_row_id", "a"]
    assert table.primary_key == (0,)
    assert read(source, table) == [(1, 10), (2, 20)]


def test_which_tables(connection: Connection, database: str) -> None:
    execute(connection, f"CREATE TABLE {database}.a (i INT)")
    execute(connection, f"CREATE TABLE {database}.b (i INT PRIMARY KEY)")
    execute(connection, f"CREATE VIEW {database}.v AS SELECT * FROM {database}.a")
    assert sorted(read_tables(connection, database)) == ["a", "b"]
    assert sorted(read_tables(connection, database, ["b", "v", "none"])) == ["b"]
    assert read_tables(connection, database, []) == {}
    assert read_tables(connection, database)["a"].primary_key == ()


def test_batches_order_and_estimate(connection: Connection, source: ServerAddress, database: str) -> None:
    execute(connection, f"CREATE TABLE {database}.t (a INT, b INT, PRIMARY KEY (b))")
    execute(
        connection,
        f"INSERT INTO {database}.t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 950) "
        "SELECT i, 951 - i FROM n",
    )
    execute(connection, f"ANALYZE TABLE {database}.t")
    table = read_tables(connection, database)["t"]
    snapshot = Snapshot(source, [table])
    snapshot.open()
    assert 800 < snapshot.estimated_rows(table) < 1100
    batches = list(snapshot.rows(table, 400))
    snapshot.close()
    snapshot.close()
    assert [len(batch) for batch in batches] == [400, 400, 150]
    assert [row[1] for batch in batches for row in batch] == list(range(1, 951))


def test_text_that_is_no_text(connection: Connection, source: ServerAddress, database: str) -> None:
    execute(connection, f"CREATE TABLE {database}.t (id INT PRIMARY KEY, c VARBINARY(10))")
    execute(connection, f"INSERT INTO {database}.t VALUES (1, x'ff')")
    table = read_tables(connection, database)["t"]
    as_label = replace(table, columns=(table.columns[0], Column("c", SqlType.ENUM, labels=("x",))))
    snapshot = Snapshot(source, [table])
    snapshot.open()
    with pytest.raises(errors.ValueUndecodable, match=f"table={database}.t"):
        list(snapshot.rows(as_label))
    snapshot.close()


@pytest.fixture
def writer(source: ServerAddress, database: str) -> Iterator[str]:
    """Two tables that grow together, one row each in every transaction, until the test ends."""
    with connect(source) as setup:
        for name in ("left_side", "right_side"):
            execute(setup, f"CREATE TABLE {database}.{name} (id INT PRIMARY KEY AUTO_INCREMENT, b BIGINT)")
    stop = threading.Event()
    started = threading.Event()

    def write() -> None:
        with connect(source) as connection:
            while not stop.is_set():
                connection.begin()
                for name in ("left_side", "right_side"):
                    execute(connection, f"INSERT INTO {database}.{name} (b) VALUES (CONNECTION_ID())")
                connection.commit()
                started.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert started.wait(20)
    yield database
    stop.set()
    thread.join()


def test_consistent_under_a_writer(connection: Connection, source: ServerAddress, writer: str) -> None:
    """Each transaction adds one row to both tables: at every snapshot both have as many rows as the GTID set has
    transactions since the tables were empty.
    """
    tables = read_tables(connection, writer)
    left, right = tables["left_side"], tables["right_side"]
    offsets = set()
    sizes = []
    for _ in range(5):
        snapshot = Snapshot(source, [left, right])
        position = snapshot.open()
        counts = [sum(len(batch) for batch in snapshot.rows(table, 100)) for table in (left, right)]
        snapshot.close()
        assert counts[0] == counts[1]
        transactions = sum(end - start + 1 for sid, start, end in position.gtids if sid == position.server_uuid)
        offsets.add(transactions - counts[0])
        sizes.append(counts[0])
        assert position.file
        assert position.pos > 4
    assert len(offsets) == 1, "the position is exactly what the snapshot sees"
    assert sizes == sorted(set(sizes)), "the writer went on in between"


def test_no_tables_is_a_position(connection: Connection, source: ServerAddress) -> None:
    snapshot = Snapshot(source, [])
    position = snapshot.open()
    snapshot.close()
    status = source_status(connection)
    assert (position.gtids, position.file, position.pos) == (status.gtid_executed, status.file, status.pos)
    assert isinstance(position.gtids, GtidSet)
    assert position.server_uuid == status.server_uuid


def test_lock_wait_is_bounded(connection: Connection, source: ServerAddress, database: str) -> None:
    execute(connection, f"CREATE TABLE {database}.t (id INT PRIMARY KEY)")
    table = read_tables(connection, database)["t"]
    connection.begin()
    execute(connection, f"INSERT INTO {database}.t VALUES (1)")
    with pytest.raises(errors.SourceQueryFailed, match="could not be locked") as caught:
        Snapshot(source, [table], lock_wait_s=1).open()
    assert "transaction" in caught.value.remedy
    connection.commit()
    assert read(source, table) == [(1,)]


def test_altered_table_is_noticed(connection: Connection, source: ServerAddress, database: str) -> None:
    execute(connection, f"CREATE TABLE {database}.t (id INT PRIMARY KEY, a INT)")
    table = read_tables(connection, database)["t"]
    execute(connection, f"ALTER TABLE {database}.t MODIFY a BIGINT")
    with pytest.raises(errors.SchemaMismatch, match=f"table={database}.t"):
        Snapshot(source, [table]).open()
    with connect(source) as other:
        assert execute(other, f"INSERT INTO {database}.t VALUES (1, 1)") == 1, "no lock was left behind"


def test_abandoned_rows_end_the_snapshot(connection: Connection, source: ServerAddress, database: str) -> None:
    execute(connection, f"CREATE TABLE {database}.t (id INT PRIMARY KEY)")
    execute(connection, f"INSERT INTO {database}.t VALUES (1), (2), (3)")
    table = read_tables(connection, database)["t"]
    snapshot = Snapshot(source, [table])
    snapshot.open()
    rows = snapshot.rows(table, 1)
    assert next(rows) == [(1,)]
    rows.close()
    with pytest.raises(errors.SourceConnectionLost):
        list(snapshot.rows(table))
    snapshot.close()
    with pytest.raises(errors.InternalError, match="not open"):
        list(snapshot.rows(table))


def test_privileges(account: Account, connection: Connection, database: str) -> None:
    execute(connection, f"CREATE TABLE {database}.t (id INT PRIMARY KEY)")
    table = read_tables(connection, database)["t"]
    with pytest.raises(errors.SourcePrivilegeMissing):
        Snapshot(account(f"GRANT SELECT ON {database}.* TO {{account}}"), [table]).open()
    enough = account(
        f"GRANT SELECT, LOCK TABLES ON {database}.* TO {{account}}", "GRANT REPLICATION CLIENT ON *.* TO {account}"
    )
    assert read(enough, table) == []


def test_order_uses_the_primary_key(connection: Connection, database: str) -> None:
    execute(connection, f"CREATE TABLE {database}.t (a INT, b DECIMAL(10,2), c FLOAT, PRIMARY KEY (b, a), KEY (a))")
    table = read_tables(connection, database)["t"]
    [plan] = query(connection, f"EXPLAIN FORMAT=TRADITIONAL {select_statement(table)}")
    assert "PRIMARY" in plan
    assert "filesort" not in str(plan[-1])
