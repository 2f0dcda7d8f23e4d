"""`rowcast` as a user calls it: one source table, one unsharded target; databases and a group for each test."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tools.stack import KafkaCluster, MySqlServer

ROWCAST = Path(sys.executable).with_name("rowcast")
DEADLINE_S = 60.0
TABLE = "create table t (id bigint primary key, a varchar(20))"


def rowcast(*argv: str) -> "subprocess.CompletedProcess[str]":
    """One call that ends by itself."""
    return subprocess.run([str(ROWCAST), *argv], capture_output=True, text=True, timeout=120, check=False)


@dataclass
class Pipeline:
    """A configuration file and the processes that run it."""

    file: Path
    source: MySqlServer
    target: MySqlServer
    database: str  # at both
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(self) -> "subprocess.Popen[str]":
        """`rowcast run FILE` in a process group of its own."""
        command = [str(ROWCAST), "run", str(self.file)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.processes.append(process)
        return process

    def kill(self) -> None:
        """SIGKILL for all that runs."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        self.processes.clear()

    def status(self) -> dict[str, dict[str, Any]]:
        """`rowcast status --json` by kind of stream."""
        shown = rowcast("status", str(self.file), "--json")
        assert shown.returncode == 0, shown.stderr
        return {stream["kind"]: stream for stream in json.loads(shown.stdout)}

    def wait(self, condition: Callable[[dict[str, dict[str, Any]]], bool]) -> dict[str, dict[str, Any]]:
        """The first status for which the condition holds."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition(status := self.status()):
            assert time.monotonic() < deadline, status
        return status

    def catch_up(self) -> "subprocess.CompletedProcess[str]":
        """`rowcast run --until-caught-up`."""
        return rowcast("run", str(self.file), "--until-caught-up")


MakePipeline = Callable[..., Pipeline]


@pytest.fixture
def make_pipeline(
    kafka: KafkaCluster,
    mysql_source: MySqlServer,
    mysql_shards: tuple[MySqlServer, MySqlServer],
    unique_name: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[MakePipeline]:
    """Makes pipelines: `make_pipeline(source='rules = […]', sink='on_ddl = "STOP"', top='"rest.listeners" = …')`."""
    made: list[Pipeline] = []

    def make(*, source: str = "", sink: str = "", top: str = "", target_table: str = TABLE) -> Pipeline:
        name = unique_name("accepted")
        target = mysql_shards[0]
        for server, table in ((mysql_source, TABLE), (target, target_table)):
            server.execute(f"create database `{name}`; use `{name}`; {table}")
        mysql_source.execute("insert into t values (1, 'one'), (2, 'two')", name)
        file = tmp_path / f"{name}.toml"
        file.write_text(
            f'"group.id" = "{name}"\n{top}\n[kafka]\n"bootstrap.servers" = "{kafka.bootstrap}"\n'
            '[connectors.shop]\n"connector.class" = "rowcast.MySqlSource"\n'
            f'"database.hostname" = "{mysql_source.host}"\n"database.port" = {mysql_source.port}\n'
            f'"database.user" = "{mysql_source.user}"\n"database.password" = "{mysql_source.password}"\n'
            f'"topic.prefix" = "{name}"\n"topic.mode" = "stream"\nkeyspace = "{name}"\n'
            f'"heartbeat.interval.ms" = 500\n{source}\n'
            '[connectors.one]\n"connector.class" = "rowcast.MySqlSink"\n'
            f'streams = ["{name}.{name}.0"]\nshards = {{ "0" = "{target.url(name)}" }}\n{sink}\n'
        )
        made.append(Pipeline(file, mysql_source, target, name))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.kill()
        for server in (pipeline.source, pipeline.target):
            server.execute(f"drop database `{pipeline.database}`")
