"""`rowcast status`: what it says of streams that run, were stopped, were killed, or ended with an error."""

import signal
from typing import Any

from connector.model.errors import DdlStopped, TargetTableMissing
from tests.integration.acceptance.conftest import MakePipeline, rowcast

Status = dict[str, dict[str, Any]]


def all_running(status: Status) -> bool:
    return all(stream["state"] == "running" for stream in status.values())


def test_running_then_stopped(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    assert {stream["state"] for stream in pipeline.status().values()} == {"init"}
    process = pipeline.start()
    # Nothing has changed since the copy, so it takes a heartbeat to know the sink's lag.
    status = pipeline.wait(lambda found: all_running(found) and found["sink"]["lag_seconds"] is not None)
    assert status["source"]["lag_seconds"] == 0.0
    assert status["sink"]["lag_seconds"] < 30
    assert status["sink"]["rows_copied"] == 2
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    status = pipeline.status()
    assert [(stream["state"], stream["last_error"]) for stream in status.values()] == [("stopped", None)] * 2
    # What is behind a stopped stream is not counted from 1970.
    pipeline.source.execute("insert into t values (3, 'three')", pipeline.database)
    lag = pipeline.status()["source"]["lag_seconds"]
    assert lag is None or lag < 3600


def test_killed_processes_do_not_run(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    pipeline.start()
    pipeline.wait(all_running)
    pipeline.kill()
    status = pipeline.wait(lambda found: not any(stream["state"] == "running" for stream in found.values()))
    assert {stream["state"] for stream in status.values()} == {"stopped"}


def test_error_of_a_sink_has_its_hint(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(target_table="create table other (id int primary key)")
    assert pipeline.catch_up().returncode == 1
    status = pipeline.status()
    assert (status["source"]["state"], status["sink"]["state"]) == ("stopped", "error")
    error = status["sink"]["last_error"]
    assert (error["code"], error["hint"]) == (TargetTableMissing.code, TargetTableMissing.hint)
    assert f"{pipeline.database}.t" in error["message"]


def test_stop_at_ddl_is_told(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline(sink='on_ddl = "STOP"')
    assert pipeline.catch_up().returncode == 0
    pipeline.source.execute("alter table t add column b int", pipeline.database)
    assert pipeline.catch_up().returncode == 1
    stream = pipeline.status()["sink"]
    assert stream["state"] == "stopped"
    assert stream["last_error"]["code"] == DdlStopped.code
    assert "alter table t add column b int" in stream["last_error"]["message"]


def test_a_target_that_is_away_is_a_target(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    text = pipeline.file.read_text()
    pipeline.file.write_text(text.replace(f":{pipeline.target.port}/", ":1/"))
    stream = pipeline.status()["sink"]
    assert (stream["state"], stream["last_error"]["code"]) == ("error", "TARGET_UNREACHABLE")


def test_nothing_is_cut_in_a_pipe(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    assert pipeline.catch_up().returncode == 0
    lines = rowcast("status", str(pipeline.file)).stdout.splitlines()
    assert lines[0].split() == ["stream", "kind", "state", "lag", "s", "rows/s", "copied", "position"]
    assert lines[1].split()[:3] == ["shop", "source", "stopped"]
    assert lines[1].split()[-1] == pipeline.status()["source"]["position"]
    assert lines[2].split()[0] == f"one/{pipeline.database}.{pipeline.database}.0/0"


def test_a_console_has_no_shard(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    topic = f"{pipeline.database}.{pipeline.database}.0"
    console = f'[connectors.seen]\n"connector.class" = "rowcast.ConsoleSink"\nstreams = ["{topic}"]\n'
    pipeline.file.write_text(pipeline.file.read_text() + console)
    assert f"\nseen/{topic} " in rowcast("status", str(pipeline.file)).stdout
