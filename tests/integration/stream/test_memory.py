"""A source transaction of half a million rows passes through source and sink, neither of which holds it in memory."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.stack import KafkaCluster, MySqlServer

ROWS = 500_000
LIMIT_MB = 400
LIMIT_S = 240
RUN = """
import sys
from pathlib import Path
from connector.cli.main import main

status = main(sys.argv[1:])
# Not rusage: what that says of a new process includes the process it was forked from.
[peak] = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print("peak", peak)
sys.exit(status)
"""


def peak_mb(file: Path, connector: str) -> float:
    """Run one connector in a process of its own until it has caught up; its largest resident set."""
    command = [sys.executable, "-c", RUN, "run", str(file), "--connector", connector, "--until-caught-up"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return int(ended.stdout.split("peak")[1]) / 1024


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_half_a_million_rows_in_one_transaction(
    mysql_source: MySqlServer,
    mysql_shards: tuple[MySqlServer, MySqlServer],
    kafka: KafkaCluster,
    fresh_database: Callable[[MySqlServer], str],
    unique_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    database, name = fresh_database(mysql_source), unique_name("large")
    target = mysql_shards[0]
    copy = fresh_database(target)
    table = "CREATE TABLE t (id INT PRIMARY KEY, a BIGINT, b VARCHAR(100), c DECIMAL(12,2), d DATETIME(3), e TEXT)"
    for server, where in ((mysql_source, database), (target, copy)):
        server.execute(table, where)
    file = tmp_path / "large.toml"
    file.write_text(f"""
"schema.registry.url" = "file://{tmp_path}/schemas.jsonl"
[kafka]
"bootstrap.servers" = "{kafka.bootstrap}"
[connectors.{name}]
"connector.class" = "rowcast.MySqlSource"
"database.hostname" = "{mysql_source.host}"
"database.port" = {mysql_source.port}
"database.user" = "{mysql_source.user}"
"database.password" = "{mysql_source.password}"
"topic.prefix" = "{name}"
"topic.mode" = "stream"
"snapshot.mode" = "no_data"
"keyspace" = "{database}"
rules = [ {{ match = "t" }} ]
[connectors.{name}-sink]
"connector.class" = "rowcast.MySqlSink"
streams = ["{name}.{database}.0"]
shards = {{ "-" = "{target.url(copy)}" }}
""")
    peak_mb(file, name)  # takes its position before the transaction
    mysql_source.execute(
        f"SET cte_max_recursion_depth = {ROWS};"
        f"INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
        " SELECT i, i * 1000003, SHA2(i, 256), i / 7, '2026-01-02 03:04:05.678', CONCAT('text ', i) FROM n",
        database,
    )
    peaks = {"source": peak_mb(file, name), "sink": peak_mb(file, f"{name}-sink")}
    checksum = "SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('|', id, a, b, c, d, e))) FROM t"
    [source] = mysql_source.query(checksum, database)
    assert source[0] == ROWS
    assert target.query(checksum, copy) == [source]
    assert max(peaks.values()) < LIMIT_MB, peaks
    assert min(peaks.values()) > 10, "this is not a resident set"
