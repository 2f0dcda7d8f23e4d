"""Metrics of several processes, served by one."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from connector.model.errors import ListenerUnavailable
from connector.worker.metrics import exposition, serve

CHILD = """
import sys
from connector.worker.metrics import telemetry_for
stream = telemetry_for(sys.argv[1], sys.argv[2], sys.argv[3])
stream.rows(5); stream.rows(2); stream.transactions(3); stream.bytes(1000); stream.lag(0.25)
stream.position("MySQL56/a:1-3", 17); stream.state("init"); stream.state("running"); stream.state("running")
stream.error("SOURCE_CONNECTION_LOST"); stream.retry("deadlock"); stream.retry("deadlock")
"""


def child(directory: Path, *labels: str) -> None:
    """A process of its own: prometheus_client decides where values live when it is imported."""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(directory)}
    subprocess.run([sys.executable, "-c", CHILD, *labels], env=environment, check=True)


def test_metrics_of_processes_come_together(tmp_path: Path) -> None:
    child(tmp_path, "shop", "source", "")
    child(tmp_path, "split", "sink", "-80")
    lines = exposition(tmp_path).decode().splitlines()
    source = 'connector="shop",kind="source",shard=""'
    sink = 'connector="split",kind="sink",shard="-80"'
    for labels in (source, sink):
        assert f"rowcast_rows_total{{{labels}}} 7.0" in lines
        assert f"rowcast_transactions_total{{{labels}}} 3.0" in lines
        assert f"rowcast_bytes_total{{{labels}}} 1000.0" in lines
        assert f"rowcast_lag_seconds{{{labels}}} 0.25" in lines
        assert f"rowcast_position_seq{{{labels}}} 17.0" in lines
        assert f'rowcast_state{{{labels},state="running"}} 1.0' in lines
        assert f'rowcast_state{{{labels},state="init"}} 0.0' in lines
        assert f'rowcast_errors_total{{code="SOURCE_CONNECTION_LOST",{labels}}} 1.0' in lines
    assert 'rowcast_retries_total{connector="shop",kind="source",reason="deadlock",shard=""} 2.0' in lines


def test_a_restarted_process_adds_to_counters_and_replaces_gauges(tmp_path: Path) -> None:
    child(tmp_path, "shop", "source", "")
    child(tmp_path, "shop", "source", "")
    lines = exposition(tmp_path).decode().splitlines()
    assert 'rowcast_rows_total{connector="shop",kind="source",shard=""} 14.0' in lines
    assert 'rowcast_position_seq{connector="shop",kind="source",shard=""} 17.0' in lines


def test_http(tmp_path: Path) -> None:
    child(tmp_path, "shop", "source", "")
    server = serve("http://127.0.0.1:0", tmp_path)
    address = f"http://127.0.0.1:{server.port}"
    try:
        with urllib.request.urlopen(f"{address}/healthz") as answer:
            assert answer.read() == b"ok\n"
        with urllib.request.urlopen(f"{address}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert b"rowcast_rows_total" in answer.read()
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{address}/else")
        caught.value.close()
        assert caught.value.code == 404
        with pytest.raises(ListenerUnavailable):
            serve(address, tmp_path)
    finally:
        server.close()
