"""Records the binlog that the tests of this folder decode: `python -m tests.unit.transcode.record`.

Starts a MySQL server of its own, runs the statements below and keeps the dump's bytes exactly as they came. What the
tests know about the corpus is what is written here.
"""

import gzip
import json
import time
from base64 import b64encode

from connector.mysql.address import ServerAddress
from connector.mysql.connection import connect
from connector.mysql.replication import BinlogDump, replica_uuid_of
from connector.mysql.source import source_status
from tests.unit.transcode.corpus import DATABASE, PATH
from tools.stack import MySqlServer, Stack

TABLES = f"""
CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;
CREATE DATABASE elsewhere CHARACTER SET utf8mb4;
CREATE TABLE {DATABASE}.customer (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(200), tier INT);
CREATE TABLE {DATABASE}.audit (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(200));
CREATE TABLE {DATABASE}.log (id INT PRIMARY KEY, line VARCHAR(20)) ENGINE=MyISAM;
CREATE TABLE elsewhere.audit LIKE {DATABASE}.audit;
"""

CHANGES: dict[str, str] = {
    "seven": "BEGIN; INSERT INTO customer VALUES (1, 'one', 1), (2, 'two', 1), (3, 'three', 1);"
    " UPDATE customer SET name = 'TWO' WHERE id = 2; DELETE FROM customer WHERE id = 3;"
    " INSERT INTO customer VALUES (4, 'four', 1), (5, 'five', 1); COMMIT",
    "single": "INSERT INTO customer VALUES (6, 'six', 1)",
    "unwanted": "INSERT INTO audit (what) VALUES ('a'), ('b')",
    "filtered": "INSERT INTO customer VALUES (7, 'seven', 0)",
    "enters": "UPDATE customer SET tier = 2 WHERE id = 7",
    "leaves": "UPDATE customer SET tier = 0 WHERE id = 7",
    "stays_out": "UPDATE customer SET name = 'x' WHERE id = 7",
    "moves": "UPDATE customer SET id = id + 100 WHERE id IN (1, 2, 4, 5, 6)",
    "no_foreign_keys": "SET foreign_key_checks = 0; INSERT INTO customer VALUES (8, 'eight', 1);"
    " SET foreign_key_checks = 1",
    "savepoint": "BEGIN; INSERT INTO customer VALUES (9, 'nine', 1); SAVEPOINT s; INSERT INTO customer VALUES"
    " (10, 'undone', 1); ROLLBACK TO s; INSERT INTO customer VALUES (11, 'eleven', 1); COMMIT",
    "myisam": "INSERT INTO log VALUES (1, 'no transaction')",
    "account": "CREATE USER someone",
    "foreign_ddl": "ALTER TABLE elsewhere.audit ADD COLUMN more INT",
    "ddl": "ALTER TABLE customer ADD COLUMN note VARCHAR(20) DEFAULT 'n' AFTER id",
    "after_ddl": "INSERT INTO customer VALUES (12, 'noted', 'twelve', 1)",
    "create_select": "CREATE TABLE picked (PRIMARY KEY (id)) SELECT id, name FROM customer WHERE tier > 0 ORDER BY id",
    "rotate": "FLUSH BINARY LOGS",
    "after_rotate": "UPDATE customer SET note = 'again' WHERE id = 12",
    "wide": "INSERT INTO customer (id, name, tier) WITH RECURSIVE n (i) AS (SELECT 200 UNION ALL SELECT i + 1 FROM n"
    " WHERE i < 239) SELECT i, REPEAT('w', 150), 1 FROM n",
    "mixed_tables": "BEGIN; INSERT INTO audit (what) VALUES ('c'); INSERT INTO customer VALUES (13, NULL, NULL, 1);"
    " DELETE FROM customer WHERE id >= 200 AND id < 210; COMMIT",
}


def record() -> None:
    """Write the corpus."""
    with Stack() as stack:
        server = stack.start_mysql("recorded", own=True)
        server.execute(TABLES)
        address = ServerAddress(server.host, server.port, server.user, server.password)
        with connect(address) as connection:
            start = source_status(connection)
        gtids: dict[str, list[str]] = {}
        for name, sql in CHANGES.items():
            before = _executed(server)
            server.execute(sql, DATABASE)
            [(new,)] = server.query(f"SELECT GTID_SUBTRACT(@@gtid_executed, '{before}')")
            gtids[name] = [new] if new else []
        dump = BinlogDump(
            address, server_id=4711, gtids=start.gtid_executed, heartbeat_s=0.3, replica_uuid=replica_uuid_of("corpus")
        )
        dump.open()
        stream = b""
        end = time.monotonic() + 1.5  # some heartbeats belong to it
        while time.monotonic() < end:
            stream += dump.read(0.1)
        dump.close()
        body = {
            "version": server.version,
            "start": str(start.gtid_executed),
            "end": _executed(server),
            "gtids": gtids,
            "stream": b64encode(stream).decode(),
        }
    PATH.write_bytes(gzip.compress(json.dumps(body).encode(), mtime=0))


def _executed(server: MySqlServer) -> str:
    [(executed,)] = server.query("SELECT @@gtid_executed")
    return str(executed)


if __name__ == "__main__":
    record()
