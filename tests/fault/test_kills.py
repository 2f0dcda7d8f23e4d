"""Exactly once, shown: source and sink processes are killed at random moments under a live writer, nothing differs.

Two kinds of fault, chosen by the seed: SIGKILL of a whole process group, and a takeover (a second process starts while
the first one still runs, so that the first becomes a zombie that must change nothing any more). Afterwards the shards
are compared with the source row by row, and the table topics with the writer's own log of changes.
"""

import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.cli.demo import feed
from connector.cli.demo.proof import compare_feed, compare_shards
from connector.cli.demo.shop import DATABASE, TABLES, configuration, create_tables, load
from connector.cli.demo.writer import ShopWriter, wait_for
from connector.model.gtid import GtidSet
from connector.model.position import parse_position
from connector.mysql.address import ServerAddress
from connector.mysql.connection import connect, query
from connector.mysql.introspect import read_tables
from tools.stack import MySqlServer, Stack

COPY_KILLS = 3
KILLS = 10  # of each role
TAKEOVERS = 4
NEARLY = 50  # transactions behind that still count as caught up while the writer goes on
ROWS = 5_000


class Role:
    """The processes that work on one connector of the file; the newest is the rightful owner."""

    def __init__(self, file: Path, connector: str, log: Path) -> None:
        self.connector = connector
        self._command = [sys.executable, "-m", "connector.cli.main", "run", str(file), "--connector", connector]
        self._log = log
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with self._log.open("ab") as output:
            self._processes.append(
                subprocess.Popen(self._command, stdout=output, stderr=output, start_new_session=True)
            )

    def kill(self) -> None:
        """SIGKILL for every process of the role, so that no older one lives on."""
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def assert_alive(self) -> None:
        newest = self._processes[-1]
        assert newest.poll() is None, (
            f"{self.connector} ended with {newest.returncode}:\n{self._log.read_text()[-4000:]}"
        )

    def errors(self) -> set[str]:
        """Codes of the errors that processes of this role ended with."""
        return set(re.findall(r"^([A-Z][A-Z0-9_]+): ", self._log.read_text(), re.MULTILINE))


def address(server: MySqlServer) -> ServerAddress:
    return ServerAddress(host=server.host, port=server.port, user=server.user, password=server.password)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_and_takeovers_change_nothing(
    stack: Stack, tmp_path: Path, unique_name: Callable[[str], str], request: pytest.FixtureRequest
) -> None:
    seed = int(request.config.getoption("randomly_seed"))
    rng = random.Random(seed)
    source, low, high = stack.start_mysqls("killed-source", "killed-80", "killed-80-", own=True)
    kafka = stack.start_kafka(own=True)
    for server in (source, low, high):
        with connect(address(server)) as connection:
            create_tables(connection)
            if server is source:
                load(connection, ROWS)
    loaded = {table.name: ROWS * table.share // 100 for table in TABLES}
    file = tmp_path / "shop.toml"
    file.write_text(
        configuration(
            source=f"{source.host}:{source.port}",
            shards=(f"{low.host}:{low.port}", f"{high.host}:{high.port}"),
            bootstrap=kafka.bootstrap,
            listener=None,
        )
    )
    roles = [Role(file, "shop", tmp_path / "source.log"), Role(file, "split", tmp_path / "sink.log")]
    writer = ShopWriter(address(source), seed=seed, pause_s=0.005)
    writer.limit(loaded["customer"])
    pause = threading.Event()
    try:
        for role in roles:
            role.start()
        # The copy, too, is killed; the writer starts behind it, so that its log is exactly what follows the copy.
        for _ in range(COPY_KILLS):
            pause.wait(rng.uniform(0.5, 4.0))
            role = rng.choice(roles)
            role.kill()
            role.start()
        wait_for(lambda: all(_state(server) == "Running" for server in (low, high)), seconds=120, what="the copy")
        writer.start()
        faults = [(kind, role) for role in roles for kind in ["kill"] * KILLS + ["takeover"] * TAKEOVERS]
        rng.shuffle(faults)
        for kind, role in faults:
            pause.wait(rng.uniform(0.1, 3.0))  # the random moment
            for owner in roles:
                owner.assert_alive()  # a rightful owner meets no row that somebody else has changed
            if kind == "kill":
                role.kill()
            else:
                # Both owners must be at work for a takeover to mean anything.
                wait_for(lambda: caught_up(source, low, high), seconds=60, what="catching up before a takeover")
            role.start()
        changes = writer.stop()
        executed = GtidSet.parse(source.query("select @@global.gtid_executed")[0][0])
        wait_for(
            lambda: all(_applied(server).contains(executed) for server in (low, high)), seconds=120, what="catching up"
        )
        for role in roles:
            role.assert_alive()
    finally:
        for role in roles:
            role.kill()
    # Who was not killed and yet ended, ended because a successor had fenced it, and for no other reason.
    for role in roles:
        assert role.errors() <= {"STREAM_FENCED"}
    assert len(changes.changes) > 500
    shards = {"-80": address(low), "80-": address(high)}
    assert compare_shards(address(source), shards).rows > ROWS
    with connect(address(source)) as connection:
        tables = read_tables(connection, DATABASE)
    proof = compare_feed(feed(kafka.bootstrap), loaded, changes, tables)
    assert proof.changes == len(changes.changes)


def caught_up(source: MySqlServer, *shards: MySqlServer) -> bool:
    """Whether the shards had, a moment ago, everything that the source had executed shortly before."""
    executed = GtidSet.parse(source.query("select @@global.gtid_executed")[0][0])
    recent = GtidSet()
    for sid, start, end in executed:
        recent.add_interval(sid, start, max(start, end - NEARLY))
    return all(_applied(server).contains(recent) for server in shards)


def _stream(server: MySqlServer) -> tuple[str, str]:
    """State and position of the shard's only stream; empty before the sink has made its row."""
    with connect(address(server)) as connection:
        exists = query(connection, "select 1 from information_schema.tables where table_schema = '_vt'")
        rows = query(connection, "select state, pos from _vt.vreplication") if exists else []
    return (rows[0][0].decode(), rows[0][1].decode()) if rows else ("", "")


def _state(server: MySqlServer) -> str:
    return _stream(server)[0]


def _applied(server: MySqlServer) -> GtidSet:
    position = _stream(server)[1]
    return parse_position(position) if position else GtidSet()
