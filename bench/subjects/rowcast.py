"""rowcast's Python path: binlog to stream topic, stream topic to MySQL, and both at once."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
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
            source.execute("delete from item", DATABASE)
            _run(file, None)  # the target is empty again
            _write(workload, source)
            cost = _run(file, None)
            yield Result.of(workload, "rowcast python: source and sink together", cost, max(idle.values()))


def _configuration(source: MySqlServer, target: MySqlServer, kafka: KafkaCluster, mode: str) -> str:
    return _CONFIGURATION.format(bootstrap=kafka.bootstrap, source=source, target=target, mode=mode)


def _write(workload: Workload, source: MySqlServer) -> None:
    connection = source.connect(DATABASE)
    with connection, connection.cursor() as cursor:
        for transaction in workload.statements(workload.rows, workload.transactions):
            for sql, arguments in transaction:
                cursor.execute(sql, arguments)
            connection.commit()


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: wall seconds, CPU seconds and largest resident set (MiB) of it and its children."""

    wall_s: float
    cpu_s: float
    rss_mib: float


def _run(file: Path, connector: str | None) -> Cost:
    command = [str(ROWCAST), "run", str(file), "--until-caught-up"]
    if connector:
        command += ["--connector", connector]
    started = time.monotonic()
    environment = {**os.environ, "ROWCAST_TRANSCODER": "python"}  # the native core becomes a subject of its own
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)  # the resources of this child alone, not of the servers
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
