"""A second process with the same file takes over, also the address of the metrics."""

import socket
import time
import urllib.error
import urllib.request

from tests.integration.acceptance.conftest import DEADLINE_S, MakePipeline


def test_takeover_with_one_listener(make_pipeline: MakePipeline) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pipeline = make_pipeline(top=f'"rest.listeners" = "http://127.0.0.1:{port}"')
    first = pipeline.start()
    pipeline.wait(lambda found: all(stream["state"] == "running" for stream in found.values()))
    second = pipeline.start()
    _, errors = first.communicate(timeout=DEADLINE_S)
    assert first.returncode == 1
    assert "\nSTREAM_FENCED: " in errors
    pipeline.source.execute("insert into t values (3, 'three')", pipeline.database)
    deadline = time.monotonic() + DEADLINE_S
    while len(pipeline.target.query(f"select id from `{pipeline.database}`.t")) < 3:
        assert second.poll() is None
        assert time.monotonic() < deadline
    assert answers(f"http://127.0.0.1:{port}/healthz", deadline)


def answers(url: str, deadline: float) -> bool:
    """Whether something answers before the deadline."""
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.read())
        except urllib.error.URLError:
            continue
    return False
