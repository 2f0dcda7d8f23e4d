"""The stream's row in the sidecar table `_vt.vreplication`: ownership, position, state. Used by the applier.

Vitess's columns, so that its users read what they know, plus kafka_topic, kafka_partition, kafka_offset, seq, epoch
and owner. One row is one stream partition into one target database; workflow is the sink connector's name, source the
topic.

Fencing: an owner adds 1 to `epoch` and every later transaction begins with an UPDATE that names this epoch and must
find the row. Whoever finds none is not the owner any more; whoever finds it holds the row's lock until its commit. An
owner that lost its connection takes the row again only while nobody else has: `owner` ends with a token of its own.
"""

import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from connector.model.errors import (
    InternalError,
    RowcastError,
    StreamFenced,
    TargetConflict,
    TargetFailed,
    TargetSettingUnsupported,
)
from connector.mysql.connection import quote_name
from sinks.mysql.literals import text
from sinks.mysql.target import LOCK_WAIT_S, TargetSession
from sinks.protocol import Durable, State

SIDECAR = "_vt"
TABLE = "vreplication"
VERSION = 1
TAKE_OVER_WAIT_S = 3  # how long a new owner waits for the older one's open transaction before it ends that connection
CREATE_WAIT_S = 60
MESSAGE_BYTES = 1000
NO_LIMIT = 2**63 - 1

_COMMENT = "rowcast "  # and the version, as the table's comment
_OUR_COLUMNS = (
    "kafka_topic VARCHAR(249) CHARACTER SET ascii NOT NULL DEFAULT ''",
    "kafka_partition INT NOT NULL DEFAULT 0",
    "kafka_offset BIGINT NULL",
    "seq BIGINT NOT NULL DEFAULT 0",
    "epoch BIGINT NOT NULL DEFAULT 0",
    "owner VARCHAR(255) NOT NULL DEFAULT ''",
)
_VITESS_COLUMNS = (
    "id INT NOT NULL AUTO_INCREMENT",
    "workflow VARBINARY(1000) NULL",
    "source MEDIUMBLOB NOT NULL",
    "pos LONGBLOB NOT NULL",
    "stop_pos LONGBLOB NULL",
    "max_tps BIGINT NOT NULL",
    "max_replication_lag BIGINT NOT NULL",
    "cell VARBINARY(1000) NULL",
    "tablet_types VARBINARY(100) NULL",
    "time_updated BIGINT NOT NULL",
    "transaction_timestamp BIGINT NOT NULL",
    "state VARBINARY(100) NOT NULL",
    f"message VARBINARY({MESSAGE_BYTES}) NULL",
    "db_name VARBINARY(255) NOT NULL",
    "rows_copied BIGINT NOT NULL DEFAULT 0",
    "tags VARBINARY(1024) NOT NULL DEFAULT ''",
    "time_heartbeat BIGINT NOT NULL DEFAULT 0",
    "workflow_type INT NOT NULL DEFAULT 0",
    "time_throttled BIGINT NOT NULL DEFAULT 0",
    "component_throttled VARCHAR(255) NOT NULL DEFAULT ''",
    "reason_throttled VARCHAR(1000) NOT NULL DEFAULT ''",
    "workflow_sub_type INT NOT NULL DEFAULT 0",
    "defer_secondary_keys TINYINT NOT NULL DEFAULT 0",
    "options JSON NOT NULL",
)


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    """Which row is ours."""

    workflow: str  # the sink connector's name
    database: str  # target database
    topic: str
    partition: int


class StreamRow:
    """One owner's view of the row. SQL of the row comes from here only."""

    def __init__(self, identity: StreamIdentity, sidecar: str = SIDECAR) -> None:
        self._identity = identity
        self._sidecar = sidecar
        self._table = f"{quote_name(sidecar)}.{quote_name(TABLE)}"
        self._token = secrets.token_hex(8)
        self._id = 0
        self._epoch = 0  # 0 = never owned it

    def take(self, session: TargetSession) -> Durable:
        """Become the owner; creates database, table and row on first use. Commits.

        TargetConflict when an older owner's transaction holds the row: its connection is ended, try again.
        StreamFenced when it was ours before and somebody else has taken it since.
        """
        ensure_sidecar(session, self._sidecar)
        row_id, epoch, owner = self._find(session) or self._create(session)
        self._check_owner(owner)  # before an older owner ends the connection of a newer one
        session.execute(f"SET SESSION innodb_lock_wait_timeout = {TAKE_OVER_WAIT_S}")
        try:
            durable = self._increment(session, row_id)
        except TargetConflict:
            session.rollback()
            _end_owner(session, row_id, epoch)
            raise
        session.execute(f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT_S}")
        # Lets a later owner find exactly this connection, also after its id was given to somebody else's.
        session.query("SELECT GET_LOCK(%s, 0)", (_owner_lock(self._id, self._epoch),))
        return durable

    def claim(self, session: TargetSession) -> None:
        """First statement of a target transaction that saves its progress at its end. StreamFenced."""
        self._update(session, "time_updated = UNIX_TIMESTAMP()")

    def save(self, session: TargetSession, progress: Durable, *, copied: int, idle: bool, message: str = "") -> None:
        """Store progress in the transaction that is open or begins with it. StreamFenced.

        `copied` = rows of the copy phase in this transaction; `idle` = it holds no message.
        """
        seen = "time_heartbeat = UNIX_TIMESTAMP()" if idle else f"rows_copied = rows_copied + {copied}"
        self._update(
            session,
            f"pos = {text(progress.position)}, kafka_offset = {progress.offset}, seq = {progress.seq},"
            f" transaction_timestamp = {progress.commit_ts_us // 1_000_000}, time_updated = UNIX_TIMESTAMP(),"
            f" state = {text(progress.state.capitalize())}, message = {_message(message)}, {seen}",
        )

    def fail(self, session: TargetSession, error: RowcastError) -> None:
        """Record the error that ends the stream and commit; nothing when somebody else owns the row by now."""
        session.execute(
            f"UPDATE {self._table} SET state = 'Error', message = {_message(failure(error))},"
            f" time_updated = UNIX_TIMESTAMP() WHERE id = {self._id} AND epoch = {self._epoch}"
        )
        session.commit()

    def _update(self, session: TargetSession, assignments: str) -> None:
        found = session.execute(
            f"UPDATE {self._table} SET {assignments} WHERE id = {self._id} AND epoch = {self._epoch}"
        )
        if found != 1:
            raise self._fenced()

    def _check_owner(self, owner: str) -> None:
        if self._epoch and not owner.endswith(self._token):
            raise self._fenced()

    def _fenced(self) -> StreamFenced:
        return StreamFenced("another process owns this stream now", workflow=self._identity.workflow, epoch=self._epoch)

    def _find(self, session: TargetSession) -> tuple[int, int, str] | None:
        identity = self._identity
        rows = session.query(
            f"SELECT id, epoch, owner FROM {self._table}"
            " WHERE workflow = %s AND db_name = %s AND kafka_topic = %s AND kafka_partition = %s",
            (identity.workflow, identity.database, identity.topic, identity.partition),
        )
        session.commit()
        if len(rows) > 1:
            raise TargetFailed(
                f"{len(rows)} rows of {self._sidecar}.{TABLE} are for the same stream",
                hint="Delete all but the one with the highest seq while the sink is stopped.",
                workflow=identity.workflow,
                topic=identity.topic,
            )
        return rows[0] if rows else None

    def _create(self, session: TargetSession) -> tuple[int, int, str]:
        # Vitess's table has no unique key that would keep two first starts apart.
        with _Exclusive(session, f"rowcast.create.{self._sidecar}"):
            found = self._find(session)
            if found is None:
                identity = self._identity
                session.query(
                    f"INSERT INTO {self._table} (workflow, source, pos, max_tps, max_replication_lag, time_updated,"
                    " transaction_timestamp, state, message, db_name, options, kafka_topic, kafka_partition)"
                    " VALUES (%s, %s, '', %s, %s, UNIX_TIMESTAMP(), 0, 'Init', '', %s, '{}', %s, %s)",
                    (
                        identity.workflow,
                        identity.topic,
                        NO_LIMIT,
                        NO_LIMIT,
                        identity.database,
                        identity.topic,
                        identity.partition,
                    ),
                )
                session.commit()
                found = self._find(session)
        if found is None:
            raise InternalError("the stream's row is not there right after it was inserted", table=self._table)
        return found

    def _increment(self, session: TargetSession, row_id: int) -> Durable:
        rows = session.query(
            f"SELECT epoch, owner, kafka_offset, seq, pos, state, transaction_timestamp FROM {self._table}"
            f" WHERE id = {row_id} FOR UPDATE"
        )
        if not rows:
            raise TargetConflict("the stream's row was deleted just now", table=self._table)
        ((epoch, last_owner, offset, seq, position, state, timestamp),) = rows
        self._check_owner(last_owner)
        owner = f"{socket.gethostname()[:200]}/{os.getpid()}/{session.connection_id}/{self._token}"
        durable = Durable(offset, seq, _text(position), _resumed(_text(state)), timestamp * 1_000_000)
        session.execute(
            f"UPDATE {self._table} SET epoch = {epoch + 1}, owner = {text(owner)}, message = '',"
            f" state = {text(durable.state.capitalize())}, time_updated = UNIX_TIMESTAMP() WHERE id = {row_id}"
        )
        session.commit()
        self._id, self._epoch = row_id, epoch + 1
        return durable


def ensure_sidecar(session: TargetSession, sidecar: str = SIDECAR) -> None:
    """Create the sidecar database and its table, or bring them up to this version. Does nothing when they are."""
    if _version(session, sidecar) == VERSION:
        return
    with _Exclusive(session, f"rowcast.create.{sidecar}"):
        version = _version(session, sidecar)
        for statement in upgrade_statements(sidecar, version):
            session.execute(statement)


def upgrade_statements(sidecar: str, version: int | None) -> Sequence[str]:
    """What leads from a version of the table (None: there is none; 0: Vitess's own) to ours."""
    table = f"{quote_name(sidecar)}.{quote_name(TABLE)}"
    comment = f"COMMENT = '{_COMMENT}{VERSION}'"
    match version:
        case None:
            columns = ", ".join(
                (*_VITESS_COLUMNS, *_OUR_COLUMNS, "PRIMARY KEY (id)", "KEY workflow_idx (workflow(64))")
            )
            return (
                f"CREATE DATABASE IF NOT EXISTS {quote_name(sidecar)} CHARACTER SET utf8mb4",
                f"CREATE TABLE {table} ({columns}) ENGINE = InnoDB, {comment}",
            )
        case 0:
            added = ", ".join(f"ADD COLUMN {column}" for column in _OUR_COLUMNS)
            return (f"ALTER TABLE {table} {added}, {comment}",)
        case known if known <= VERSION:
            return ()
    raise TargetSettingUnsupported(
        f"{sidecar}.{TABLE} has version {version}, this rowcast knows {VERSION}",
        hint="A newer rowcast has used this target: upgrade this one.",
    )


class _Exclusive:
    """A named lock of the target for the block."""

    def __init__(self, session: TargetSession, name: str) -> None:
        self._session = session
        self._name = name

    def __enter__(self) -> None:
        ((got,),) = self._session.query("SELECT GET_LOCK(%s, %s)", (self._name, CREATE_WAIT_S))
        if got != 1:
            raise TargetConflict("another process has been creating the sidecar tables for a minute", lock=self._name)

    def __exit__(self, *_: object) -> None:
        self._session.query("SELECT RELEASE_LOCK(%s)", (self._name,))


def _version(session: TargetSession, sidecar: str) -> int | None:
    rows = session.query(
        "SELECT table_comment FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
        (sidecar, TABLE),
    )
    if not rows:
        return None
    comment = _text(rows[0][0])
    return int(comment.removeprefix(_COMMENT)) if comment.startswith(_COMMENT) else 0


def _end_owner(session: TargetSession, row_id: int, epoch: int) -> None:
    ((connection_id,),) = session.query("SELECT IS_USED_LOCK(%s)", (_owner_lock(row_id, epoch),))
    if connection_id is not None:
        session.execute(f"KILL {connection_id}")


def _owner_lock(row_id: int, epoch: int) -> str:
    return f"rowcast.{row_id}.{epoch}"


def _resumed(state: str) -> State:
    # A start undoes an earlier stop; which phase it was in shows with the next message.
    known = State(state.lower()) if state.lower() in set(State) else State.INIT
    return State.RUNNING if known in (State.STOPPED, State.ERROR) else known


def failure(error: RowcastError) -> str:
    """What the row says about an error, as `rowcast status` reads it: the hint survives a long message."""
    hint = f"\nhint: {error.remedy}"
    room = MESSAGE_BYTES - len(hint.encode())
    return f"{error.code}: {error}".encode()[: max(0, room)].decode(errors="ignore") + hint


def _message(message: str) -> str:
    return text(message.encode()[:MESSAGE_BYTES].decode(errors="ignore"))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
