"""SQL connections for introspection, preflight, snapshots and sinks. No PyMySQL exception leaves this module's classes.

A connection speaks utf8mb4, has time zone +00:00 and autocommit, encrypts whenever the server can (ssl_mode preferred)
and notices a dead peer within a minute. What an error number means is the caller's: `source_error`, another in sinks.
"""

import contextlib
import socket
import ssl
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import pymysql
from pymysql.cursors import Cursor, SSCursor

from connector.model.server_errors import (
    CONNECTION_GONE,
    CONNECTION_LOST,
    MALFORMED_PACKET,
    TLS_FAILED,
    UNREACHABLE,
    ErrorMapping,
    source_error,
)
from connector.mysql.address import ServerAddress
from connector.mysql.transport import tls_context, tune

Rows = list[tuple[Any, ...]]

_PROGRAM = "rowcast"


class Connection(pymysql.Connection):
    """A PyMySQL connection whose statements raise `error(errno, message, host=…)` instead of PyMySQL's exceptions."""

    _read_timeout: float | None
    _sock: socket.socket
    _closed: bool
    _result: Any
    _force_close: Callable[[], None]

    def __init__(self, address: ServerAddress, error: ErrorMapping, **options: Any) -> None:
        self.address = address
        self.error = error
        # The read timeout is what bounds the log-in: without it, a listener that never answers blocks for ever.
        super().__init__(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password.encode(),  # PyMySQL would encode text as latin1
            connect_timeout=address.connect_timeout_s,
            read_timeout=address.connect_timeout_s,
            charset="utf8mb4",
            init_command="SET time_zone = '+00:00'",
            autocommit=True,
            program_name=_PROGRAM,
            **options,
        )

    def connect(self, sock: Any = None) -> None:
        """Log in; called once, by the constructor."""
        try:
            super().connect(sock)
            tune(self._sock)
        except pymysql.MySQLError as raised:
            errno, message = _number_and_text(raised)
            cause = getattr(raised, "original_exception", None)
            if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
                errno = TLS_FAILED
            elif errno in (CONNECTION_GONE, CONNECTION_LOST):
                errno = UNREACHABLE  # there was no session yet that could have been lost
            raise self.error(errno, message, host=f"{self.address.host}:{self.address.port}") from raised
        # A statement may rightly take long; a dead peer is keepalive's business.
        self._read_timeout = None

    def query(self, sql: Any, unbuffered: bool = False) -> int:
        with self.mapped():
            return super().query(sql, unbuffered)

    def next_result(self, unbuffered: bool = False) -> int:
        with self.mapped():
            return super().next_result(unbuffered)

    def begin(self) -> None:
        with self.mapped():
            super().begin()

    def commit(self) -> None:
        with self.mapped():
            super().commit()

    def rollback(self) -> None:
        with self.mapped():
            super().rollback()

    def ping(self, reconnect: Any = False) -> None:
        with self.mapped():
            super().ping(reconnect)

    def select_db(self, db: Any) -> None:
        with self.mapped():
            super().select_db(db)

    def close(self) -> None:
        """End the session; closing twice is no error, nor is closing a connection that is already lost."""
        if not self._closed:
            super().close()

    def abandon(self) -> None:
        """Drop the socket without a word, for a result set that nobody wants to read to its end."""
        self._closed = True
        if self._result is not None:
            self._result.unbuffered_active = False  # PyMySQL would go on reading the lost socket when it is collected
        self._force_close()

    @contextlib.contextmanager
    def mapped(self) -> Iterator[None]:
        """Turns the driver's exceptions into typed ones; for code of this room that reads from a cursor."""
        try:
            yield
        except pymysql.MySQLError as raised:
            errno, message = _number_and_text(raised)
            raise self.error(errno, message, host=f"{self.address.host}:{self.address.port}") from raised


def connect(
    address: ServerAddress, *, database: str | None = None, error: ErrorMapping = source_error, **options: Any
) -> Connection:
    """An autocommitting connection. `options` are PyMySQL's (`conv`, `cursorclass`, `client_flag`); typed errors."""
    return Connection(address, error, database=database, **_tls_options(address), **options)


def query(connection: Connection, sql: str, args: Sequence[object] | dict[str, object] | None = None) -> Rows:
    """Run one statement and return all its rows (none for a statement without a result)."""
    with contextlib.closing(connection.cursor(Cursor)) as cursor:
        cursor.execute(sql, args)
        return list(cursor.fetchall())


def execute(connection: Connection, sql: str, args: Sequence[object] | dict[str, object] | None = None) -> int:
    """Run one statement and return the number of affected rows."""
    with contextlib.closing(connection.cursor(Cursor)) as cursor:
        return cursor.execute(sql, args)


def stream(connection: Connection, sql: str, batch: int) -> Generator[Rows, None, None]:
    """The rows of one statement in lists of at most `batch`, read as they come: memory stays at one batch.

    An iterator that is closed early takes the connection with it: MySQL cannot be told to stop sending.
    """
    cursor = connection.cursor(SSCursor)
    done = False
    try:
        cursor.execute(sql)
        while True:
            with connection.mapped():
                rows = list(cursor.fetchmany(batch))
            if not rows:
                break
            yield rows
        done = True
    finally:
        if not done:
            connection.abandon()
        cursor.close()


def quote_name(name: str) -> str:
    """An identifier in backticks."""
    return "`" + name.replace("`", "``") + "`"


def _tls_options(address: ServerAddress) -> dict[str, Any]:
    match address.ssl_mode:
        case "disabled":
            return {"ssl_disabled": True}
        case "preferred":
            return {}  # PyMySQL 1.2's own behaviour: encrypted without verification when the server offers TLS
        case _:
            return {"ssl": tls_context(address)}


def _number_and_text(raised: pymysql.MySQLError) -> tuple[int, str]:
    match raised.args:
        case (int(errno), message) if errno:
            return errno, str(message)
        case (0, _) | ("Already closed",):
            return CONNECTION_GONE, "the connection is closed"
        case _:
            return MALFORMED_PACKET, str(raised)
