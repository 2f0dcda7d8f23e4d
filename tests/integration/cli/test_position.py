"""`rowcast position set`: refused while the stream runs, goes on from there afterwards, sequence numbers kept."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.stack import KafkaCluster, MySqlServer

ROWCAST = Path(sys.executable).with_name("rowcast")


def rowcast(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(ROWCAST), *argv], capture_output=True, text=True, timeout=120, check=False)


def shown(file: Path) -> dict[str, object]:
    """The one object of `position show --json`."""
    (body,) = json.loads(rowcast("position", "show", str(file), "--json").stdout)
    assert isinstance(body, dict)
    return body


@contextmanager
def running(file: Path) -> Iterator["subprocess.Popen[str]"]:
    """`rowcast run` that has stored a position."""
    process = subprocess.Popen([str(ROWCAST), "run", str(file)], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while shown(file)["position"] is None:
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_set_is_refused_while_the_stream_runs(
    kafka: KafkaCluster,
    mysql_source: MySqlServer,
    fresh_database: Callable[[MySqlServer], str],
    unique_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    database, group = fresh_database(mysql_source), unique_name("group")
    mysql_source.execute("create table t (id bigint primary key); insert into t values (1), (2)", database)
    file = tmp_path / "shop.toml"
    file.write_text(
        f'"group.id" = "{group}"\n[kafka]\n"bootstrap.servers" = "{kafka.bootstrap}"\n'
        '[connectors.shop]\n"connector.class" = "rowcast.MySqlSource"\n'
        f'"database.hostname" = "{mysql_source.host}"\n"database.port" = {mysql_source.port}\n'
        f'"database.user" = "{mysql_source.user}"\n"database.password" = "{mysql_source.password}"\n'
        f'"topic.prefix" = "{group}"\n"topic.mode" = "stream"\nkeyspace = "{database}"\n"heartbeat.interval.ms" = 500\n'
    )
    assert shown(file)["position"] is None

    with running(file) as process:
        before = shown(file)
        refused = rowcast("position", "set", str(file), "current")
        assert refused.returncode == 1
        assert refused.stderr.splitlines()[-2:] == [
            "POSITION_IN_USE: the stream is running (connector=shop)",
            "hint: Stop the process that runs this stream, then set the position.",
        ]
        assert process.poll() is None
    stopped = shown(file)
    assert stopped["seq"] == before["seq"]

    mysql_source.execute("insert into t values (3)", database)
    done = rowcast("position", "set", str(file), "current")
    assert (done.returncode, os.linesep in done.stdout) == (0, True)
    after = shown(file)
    ((executed,),) = mysql_source.query("select @@global.gtid_executed")
    assert after["position"] != stopped["position"]
    assert str(after["position"]).startswith("MySQL56/")
    assert str(executed).replace("\n", "").count(":") == str(after["position"]).count(":")
    assert (after["seq"], after["in_tx"], after["gtid"]) == (stopped["seq"], None, "")
