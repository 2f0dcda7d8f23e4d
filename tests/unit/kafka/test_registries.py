"""Registries that need no Kafka: a file, and a server that speaks Confluent's API."""

import base64
import json
import multiprocessing
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from connector.kafka import registry_http
from connector.kafka.registry import open_registry
from connector.kafka.registry_file import FileRegistry
from connector.kafka.registry_http import HttpRegistry
from connector.kafka.registry_kafka import KafkaRegistry
from connector.model.errors import ConfigError, RegistryFailed

KAFKA = {"bootstrap.servers": "127.0.0.1:1"}


def register_some(path: str, prefix: str) -> list[int]:
    registry = FileRegistry(path)
    return [registry.register(f"s{n}", json.dumps(f"{prefix}{n}")) for n in range(20)]


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "sub" / "schemas.jsonl")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.starmap(register_some, [(path, "a"), (path, "b")])
    assert sorted(first + second) == list(range(1, 41))
    assert register_some(path, "a") == first
    reader = FileRegistry(path)
    assert [reader.schema(schema_id) for schema_id in second] == [json.dumps(f"b{n}") for n in range(20)]


def test_a_reader_follows_a_file_and_ignores_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "schemas.jsonl"
    writer, reader = FileRegistry(str(path)), FileRegistry(str(path))
    with pytest.raises(RegistryFailed, match="No such file"):
        reader.schema(1)
    assert writer.register("s", '"int"') == 1
    assert reader.schema(1) == '"int"'
    with path.open("ab") as file:
        file.write(b'{"key":{"keytype":"SCHEMA","subj')
    with pytest.raises(RegistryFailed, match="no schema with this id"):
        reader.schema(2)
    assert FileRegistry(str(path)).register("s", '"long"') == 2
    assert reader.schema(2) == '"long"'
    assert path.read_bytes().count(b"\n") == 2
    assert json.loads(path.read_bytes().splitlines()[1])["value"]["id"] == 2


def test_a_file_that_is_no_registry_or_lost_its_end(tmp_path: Path) -> None:
    path = tmp_path / "schemas.jsonl"
    path.write_text("hello\n")
    with pytest.raises(RegistryFailed, match="a line that is not a record"):
        FileRegistry(str(path)).schema(1)
    path.unlink()
    registry = FileRegistry(str(path))
    registry.register("s", '"int"')
    path.write_text("")
    with pytest.raises(RegistryFailed, match="shorter"):
        registry.schema(2)
    with pytest.raises(RegistryFailed, match="cannot be written"):
        FileRegistry(str(tmp_path)).register("s", '"int"')


class Server(BaseHTTPRequestHandler):
    """Answers from a list; notes what was asked."""

    answers: list[tuple[int, bytes]]
    asked: list[tuple[str, str, bytes, str | None]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.path, body, self.headers.get("Authorization")))
        status, answer = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[type[Server], str]]:
    monkeypatch.setattr(registry_http, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = type("Handler", (Server,), {"answers": [], "asked": []})
    with HTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield handler, f"127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_http_registers_and_reads_once(server: tuple[type[Server], str]) -> None:
    handler, address = server
    handler.answers[:] = [(200, b'{"id":7}'), (503, b""), (200, b'{"schema":"\\"int\\""}')]
    registry = open_registry(f"http://me%40x:s%3Acret@{address}/apis/ccompat/v7/", KAFKA)
    for _ in range(2):
        assert registry.register("a/b-value", '{ "type" : "int" }') == 7
        assert registry.schema(9) == '"int"'
    assert [asked[:2] for asked in handler.asked] == [
        ("POST", "/apis/ccompat/v7/subjects/a%2Fb-value/versions"),
        ("GET", "/apis/ccompat/v7/schemas/ids/9"),
        ("GET", "/apis/ccompat/v7/schemas/ids/9"),
    ]
    assert json.loads(handler.asked[0][2]) == {"schema": '{"type":"int"}'}
    assert handler.asked[0][3] == "Basic " + base64.b64encode(b"me@x:s:cret").decode()


@pytest.mark.parametrize(
    ("answers", "what", "hint"),
    [
        ([(409, b'{"error_code":409,"message":"incompatible"}')], "answered 409: incompatible", "compatibility level"),
        ([(401, b"<html>")], "answered 401", "user and password"),
        ([(404, b'{"message":"Schema 1 not found"}')], "answered 404: Schema 1 not found", "schema.registry.url"),
        ([(500, b"{}")] * 3, "answered 500", "schema.registry.url"),
        ([(200, b"hello")], "answered no JSON", "schema.registry.url"),
        ([(200, b"[]")], "has no id", "schema.registry.url"),
    ],
)
def test_http_refusals(
    answers: list[tuple[int, bytes]], what: str, hint: str, server: tuple[type[Server], str]
) -> None:
    handler, address = server
    handler.answers[:] = answers
    with pytest.raises(RegistryFailed, match=what) as raised:
        HttpRegistry(f"http://me:sEcReT@{address}").register("s", '"int"')
    assert hint in raised.value.remedy
    assert "sEcReT" not in str(raised.value)
    assert handler.answers == []


def test_http_nobody_there(server: tuple[type[Server], str]) -> None:
    with pytest.raises(RegistryFailed, match=r"does not answer.*refused") as raised:
        HttpRegistry("http://me:sEcReT@127.0.0.1:1").schema(1)
    assert "sEcReT" not in str(raised.value)


def test_the_url_chooses_the_registry(tmp_path: Path) -> None:
    assert isinstance(open_registry("kafka://_schemas", KAFKA), KafkaRegistry)
    assert isinstance(open_registry(f"file://{tmp_path}/s%20x.jsonl", KAFKA), FileRegistry)
    assert isinstance(open_registry("https://registry.example/x", KAFKA), HttpRegistry)


@pytest.mark.parametrize(
    "url", ["", "_schemas", "kafka://", "kafka://a/b", "file://host/x", "file:///", "ftp://h/x", "http://"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"schema\.registry\.url"):
        open_registry(url, KAFKA)
