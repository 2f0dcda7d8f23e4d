"""The MySQL sink: every batch is one target transaction that begins with the fence. Used by `sinks.runner`."""

import contextlib
from collections.abc import Sequence
from types import ModuleType

from connector.model.errors import RowcastError, TargetRowMissing, TargetTableAmbiguous, TargetUnreachable
from connector.model.message import Copy
from connector.mysql.address import ServerAddress
from sinks.mysql.batching import STATEMENT_BYTES, Statement, StatementBatcher
from sinks.mysql.statements import TableStatements
from sinks.mysql.streams import SIDECAR, StreamIdentity, StreamRow
from sinks.mysql.target import TargetSession, read_table
from sinks.protocol import Batch, Durable, RowDecoder


class MySqlSink:
    """One stream partition into one target database; implements `sinks.protocol.Sink`."""

    def __init__(
        self,
        address: ServerAddress,
        identity: StreamIdentity,
        decoder: RowDecoder,
        *,
        sidecar: str = SIDECAR,
        core: ModuleType | None = None,
    ) -> None:
        """`core` = the module rowcast_native, which makes texts of row images; None: they are made in Python."""
        self._address = address
        self._database = identity.database
        self._decoder = decoder
        self._core = core
        self._row = StreamRow(identity, sidecar)
        self._session: TargetSession | None = None
        self._tables: dict[int, TableStatements] = {}
        self._origins: dict[str, str] = {}  # source database by table name in lower case
        self._open = False  # a target transaction
        self._copied = 0  # rows of the copy phase in it
        self._foreign_key_checks: bool | None = True  # the session's; None = unknown after an error

    def open(self) -> Durable:
        """Connect anew and become the stream's owner; see the protocol. Errors by `target_error`."""
        self._drop_session()
        session = self._session = TargetSession(self._address, self._database)
        self._tables.clear()
        self._origins.clear()
        self._foreign_key_checks = True
        return self._row.take(session)

    def apply(self, batch: Batch) -> None:
        """See the protocol. After TargetUnreachable from a commit only `open` knows whether it happened."""
        session = self._live()
        # 1. The fence: whoever does not own the row changes nothing.
        saved = batch.complete and not self._open
        if saved:
            self._save(session, batch)
        elif not self._open:
            self._row.claim(session)
        self._open = True
        # 2. The rows, in round trips of at most a statement's size.
        parcel: list[Statement] = []
        size = 0
        batcher = StatementBatcher(self._statements_of, self._decoder.row, session.max_allowed_packet)
        for statement in batcher.statements(message.body for message in batch.messages):
            if parcel and size + len(statement.sql) >= min(STATEMENT_BYTES, session.max_allowed_packet):
                self._send(session, parcel)
                parcel, size = [], 0
            parcel.append(statement)
            size += len(statement.sql) + 1
        if parcel:
            self._send(session, parcel)
        # 3. Rows and progress become durable together.
        if batch.complete:
            if not saved:
                self._save(session, batch)
            session.commit()
            self._open = False
            self._copied = 0
        else:
            self._copied += _copied(batch)

    def rollback(self) -> None:
        """See the protocol. A connection that cannot roll back is dropped, which has the same effect."""
        self._open = False
        self._copied = 0
        self._foreign_key_checks = None
        if self._session is not None:
            try:
                self._session.rollback()
            except RowcastError:
                self._drop_session()

    def fail(self, error: RowcastError) -> None:
        """See the protocol."""
        if self._session is None:
            return  # never owned the row, or lost the target: then nothing can be written there
        self.rollback()
        self._row.fail(self._live(), error)

    def close(self) -> None:
        """See the protocol."""
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(RowcastError):
                session.close()

    def _save(self, session: TargetSession, batch: Batch) -> None:
        self._row.save(
            session,
            batch.progress,
            copied=self._copied + _copied(batch),
            idle=not batch.messages,
            message=batch.stopped,
        )

    def _send(self, session: TargetSession, parcel: Sequence[Statement]) -> None:
        texts: list[bytes] = []
        expected: list[tuple[Statement | None, int]] = []
        for statement in parcel:
            if statement.foreign_key_checks is not self._foreign_key_checks:
                self._foreign_key_checks = statement.foreign_key_checks
                texts.append(b"SET SESSION foreign_key_checks = %d" % statement.foreign_key_checks)
                expected.append((None, 0))
            texts.append(statement.sql)
            expected.append((statement, statement.rows))
        for (statement_or_none, rows), changed in zip(expected, session.execute_all(texts), strict=True):
            if statement_or_none is not None and changed != rows:
                raise TargetRowMissing(
                    f"{statement_or_none.kind} of {rows} rows changed {changed}", table=statement_or_none.table
                )

    def _statements_of(self, schema_id: int) -> TableStatements:
        known = self._tables.get(schema_id)
        if known is None:
            # A new row schema is a new table version: what the target has may be new as well.
            table = self._decoder.table(schema_id)
            origin = self._origins.setdefault(table.name.lower(), table.database)
            if origin != table.database:
                raise TargetTableAmbiguous(
                    f"{origin}.{table.name} and {table.qualified} have the same target table",
                    table=f"{self._database}.{table.name}",
                )
            target = read_table(self._live(), self._database, table.name)
            known = self._tables[schema_id] = TableStatements(self._database, table, target, self._core)
        return known

    def _live(self) -> TargetSession:
        if self._session is None:
            raise TargetUnreachable("the connection to the target is lost", host=self._address.host)
        return self._session

    def _drop_session(self) -> None:
        session, self._session = self._session, None
        self._open = False
        self._copied = 0
        if session is not None:
            session.abandon()


def _copied(batch: Batch) -> int:
    return sum(len(message.body.rows) for message in batch.messages if isinstance(message.body, Copy))
