"""Prometheus metrics of streams: written by every process of `rowcast run`, served by one.

Children call `telemetry_for` (through `connector.cli.wiring`); the parent calls `serve`. They meet in a directory of
memory-mapped files (prometheus_client's multiprocess mode), named by PROMETHEUS_MULTIPROC_DIR, which has to be set
before the first metric exists: prometheus_client looks at it when it is imported, so that happens only when needed.

    rowcast_rows_total, rowcast_transactions_total, rowcast_bytes_total     delivered
    rowcast_lag_seconds                                                     source commit to delivery, newest
    rowcast_position_seq                                                    seq of the durable position
    rowcast_errors_total{code}, rowcast_retries_total{reason}
    rowcast_state{state}                                                    1 for the state the stream is in, else 0

Labels of all: connector, kind (source | sink), shard (of a sink; empty for a source).
"""

import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from connector.model.errors import ListenerUnavailable
from connector.model.telemetry import Telemetry

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge

LABELS = ("connector", "kind", "shard")


class _Families(SimpleNamespace):
    """The metric families of this process; made once, because prometheus_client registers names for good."""

    rows: "Counter"
    transactions: "Counter"
    bytes: "Counter"
    lag: "Gauge"
    seq: "Gauge"
    state: "Gauge"
    errors: "Counter"
    retries: "Counter"


@cache
def _families() -> _Families:
    from prometheus_client import Counter, Gauge

    def gauge(name: str, text: str, *labels: str) -> Gauge:
        # mostrecent: after a restart the new process's value counts, not the dead one's.
        return Gauge(name, text, (*LABELS, *labels), multiprocess_mode="mostrecent")

    return _Families(
        rows=Counter("rowcast_rows", "Changed or copied rows delivered.", LABELS),
        transactions=Counter("rowcast_transactions", "Source transactions delivered.", LABELS),
        bytes=Counter("rowcast_bytes", "Payload bytes delivered.", LABELS),
        lag=gauge("rowcast_lag_seconds", "Source commit to delivery, of the newest transaction."),
        seq=gauge("rowcast_position_seq", "Sequence number of the durable position."),
        state=gauge("rowcast_state", "1 for the state that the stream is in.", "state"),
        errors=Counter("rowcast_errors", "Errors raised, by code.", (*LABELS, "code")),
        retries=Counter("rowcast_retries", "Work done again, by reason.", (*LABELS, "reason")),
    )


class StreamMetrics:
    """`Telemetry` of one stream."""

    def __init__(self, connector: str, kind: str, shard: str) -> None:
        self._labels = (connector, kind, shard)
        self._families = _families()
        self._rows = self._families.rows.labels(*self._labels)
        self._transactions = self._families.transactions.labels(*self._labels)
        self._bytes = self._families.bytes.labels(*self._labels)
        self._lag = self._families.lag.labels(*self._labels)
        self._seq = self._families.seq.labels(*self._labels)
        self._state: str | None = None

    def rows(self, count: int) -> None:
        """Changed or copied rows delivered."""
        self._rows.inc(count)

    def transactions(self, count: int) -> None:
        """Source transactions delivered."""
        self._transactions.inc(count)

    def bytes(self, count: int) -> None:
        """Payload bytes delivered."""
        self._bytes.inc(count)

    def lag(self, seconds: float) -> None:
        """Source commit to delivery, of the newest transaction."""
        self._lag.set(seconds)

    def position(self, position: str, seq: int) -> None:
        """The durable position; a GTID set would be a label without bound, so only its seq is a metric."""
        self._seq.set(seq)

    def state(self, state: str) -> None:
        """init | copying | running | stopped | error."""
        if state != self._state:
            if self._state is not None:
                self._families.state.labels(*self._labels, self._state).set(0)
            self._families.state.labels(*self._labels, state).set(1)
            self._state = state

    def error(self, code: str) -> None:
        """An error was raised (also one that is retried)."""
        self._families.errors.labels(*self._labels, code).inc()

    def retry(self, reason: str) -> None:
        """Work is done again."""
        self._families.retries.labels(*self._labels, reason).inc()


def telemetry_for(connector: str, kind: Literal["source", "sink"], shard: str = "") -> Telemetry:
    """The metrics of one stream of this process."""
    return StreamMetrics(connector, kind, shard)


class MetricsServer:
    """/metrics and /healthz over HTTP, from a daemon thread; `close` ends it."""

    def __init__(self, host: str, port: int, directory: Path) -> None:
        try:
            self._http = ThreadingHTTPServer((host, port), _handler_for(directory))
        except OSError as error:
            raise ListenerUnavailable(
                f"rest.listeners cannot be listened on: {error.strerror}", listener=f"{host}:{port}", errno=error.errno
            ) from None
        self._http.daemon_threads = True
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and give the port back."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def serve(listener: str, directory: Path) -> MetricsServer:
    """Serve the metrics that processes write below `directory`, at http://host:port. Errors: ListenerUnavailable."""
    parts = urlsplit(listener)
    return MetricsServer(parts.hostname or "127.0.0.1", parts.port or 0, directory)


def exposition(directory: Path) -> bytes:
    """Prometheus text of everything below the directory."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(directory))  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _handler_for(directory: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers two paths."""

        def do_GET(self) -> None:
            match urlsplit(self.path).path:
                case "/metrics":
                    self._answer(200, "text/plain; version=0.0.4; charset=utf-8", exposition(directory))
                case "/healthz":
                    self._answer(200, "text/plain; charset=utf-8", b"ok\n")
                case _:
                    self._answer(404, "text/plain; charset=utf-8", b"/metrics and /healthz are here\n")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Scrapes are not worth a line in the log."""

    return Handler
