"""rowcast's Python path: binlog to stream topic, stream topic to MySQL, and both at once."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.report import Result
from bench.workloads import DATABASE, TABLE, Workload
from tools.stack import KafkaCluster, MySqlServer, Stack

ROWCAST = Path(sys.executable).with_name("rowcast")

_CONFIGURATION = """
[kafka]
"bootstrap.servers" = "{bootstrap}"
[connectors.bench]
"connector.class" = "rowcast.MySqlSource"
"database.hostname" = "{source.host}"
"database.port" = {source.port}
"database.user" = "{source.user}"
"topic.prefix" = "bench"
"topic.mode" = "{mode}"
"snapshot.mode" = "no_data"
"keyspace" = "bench"
rules = [ {{ match = "item", filter = "" }} ]
[connectors.apply]
"connector.class" = "rowcast.MySqlSink"
streams = ["bench.bench.0"]
shards = {{ "0" = "mysql://{target.user}@{target.host}:{target.port}/bench" }}
"""


def measure(workload: Workload) -> Iterator[Result]:
    """Backlog to Kafka, from Kafka to MySQL, and the whole way; then backlog to table topics alone."""
    for mode in ("stream", "table"):
        yield from _measure_mode(workload, mode)


def _measure_mode(workload: Workload, mode: str) -> Iterator[Result]:
    with Stack() as servers:
        source, target = servers.start_mysqls("source", "target")
        kafka = servers.start_kafka()
        for server in (source, target):
            server.execute(f"create database {DATABASE}")
            server.execute(TABLE, DATABASE)
        file = servers.directory / "bench.toml"
        file.write_text(_configuration(source, target, kafka, mode))
        connectors = ["bench", "apply"] if mode == "stream" else ["bench"]
        for connector in connectors:
            _run(file, connector)  # positions exist from now on
        idle = {connector: _run(file, connector).wall_s for connector in connectors}
        _write(workload, source)
        for connector in connectors:
            cost = _run(file, connector)
            name = {"bench": f"source, {mode} topic", "apply": "sink, MySQL"}[connector]
            yield Result.of(workload, f"rowcast python: {name}", cost, idle[connector])
        if mode == "stream":
            _write(workload, source, again=True)
            cost = _run(file, None)
            yield Result.of(workload, "rowcast python: source and sink together", cost, max(idle.values()))


def _configuration(source: MySqlServer, target: MySqlServer, kafka: KafkaCluster, mode: str) -> str:
    return _CONFIGURATION.format(bootstrap=kafka.bootstrap, source=source, target=target, mode=mode)


def _write(workload: Workload, source: MySqlServer, *, again: bool = False) -> None:
    connection = source.connect(DATABASE)
    with connection, connection.cursor() as cursor:
        if again:
            cursor.execute("set sql_log_bin = 0")
            cursor.execute("truncate table item")
            cursor.execute("set sql_log_bin = 1")
            cursor.execute("delete from item")
        for transaction in workload.statements(workload.rows, workload.transactions):
            for sql, arguments in transaction:
                cursor.execute(sql, arguments)
            connection.commit()


class Cost:
    """What one run took: wall seconds, CPU seconds of it and its children, largest resident set in MiB."""

    def __init__(self) -> None:
        self.wall_s = 0.0
        self.cpu_s = 0.0
        self.rss_mib = 0.0


@contextmanager
def _measured(cost: Cost) -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    yield
    cost.wall_s = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost.rss_mib = after.ru_maxrss / 1024


def _run(file: Path, connector: str | None) -> Cost:
    command = [str(ROWCAST), "run", str(file), "--until-caught-up"]
    if connector:
        command += ["--connector", connector]
    cost = Cost()
    with _measured(cost):
        subprocess.run(command, check=True, env=os.environ)
    return cost
