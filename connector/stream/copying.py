"""The initial copy: one consistent snapshot at a known GTID, in primary-key order, in one Kafka transaction.

Called by `stream.task` when a stream has no position yet. Because the rows and the position of the snapshot commit
together, a copy that dies leaves nothing behind and simply starts again. (decision 0003)
"""

import logging
import time
from collections.abc import Callable

from connector.kafka.publisher import TransactionalPublisher
from connector.model.position import Checkpoint, encode_position
from connector.model.telemetry import Telemetry
from connector.mysql.snapshot import Snapshot
from connector.stream.options import SourceOptions
from connector.stream.planning import TablePlans
from connector.transcode.protocol import BoundPlan, Transcoder

_log = logging.getLogger("rowcast.copy")
_PROGRESS_EVERY_S = 5.0


def copy_tables(
    options: SourceOptions,
    plans: TablePlans,
    publisher: TransactionalPublisher,
    transcoder_at: Callable[[Checkpoint], Transcoder],
    telemetry: Telemetry,
    stopping: Callable[[], bool],
) -> Checkpoint | None:
    """Copy every table that a rule matches; returns the committed checkpoint, None when asked to stop before."""
    telemetry.state("copying")
    tables = plans.read()
    snapshot = Snapshot(options.address, tables)
    try:
        at = snapshot.open()
        transcoder = transcoder_at(
            Checkpoint(
                position=encode_position(at.gtids), file=at.file, pos=at.pos, server_uuid=at.server_uuid, seqs=()
            )
        )
        for table in tables:
            bound = plans.bind(table)
            if bound is None:
                continue
            total = snapshot.estimated_rows(table)
            if not _copy_one(snapshot, bound, total, transcoder, publisher, telemetry, stopping):
                publisher.abort()
                return None
        publisher.produce(transcoder.copy_completed())
        checkpoint = transcoder.checkpoint
        publisher.commit(checkpoint.to_json())
        telemetry.position(checkpoint.position, checkpoint.seq)
        return checkpoint
    finally:
        snapshot.close()


def _copy_one(
    snapshot: Snapshot,
    bound: BoundPlan,
    total: int,
    transcoder: Transcoder,
    publisher: TransactionalPublisher,
    telemetry: Telemetry,
    stopping: Callable[[], bool],
) -> bool:
    """One table; false when asked to stop."""
    table = bound.plan.source
    read = 0
    started = reported = time.monotonic()
    for batch in snapshot.rows(table):
        if stopping():
            return False
        records, passed = transcoder.copy_rows(bound, batch)
        publisher.produce(records)
        read += len(batch)
        telemetry.rows(passed)
        now = time.monotonic()
        if now - reported >= _PROGRESS_EVERY_S:
            reported = now
            rate = read / (now - started)
            percent = min(99, 100 * read // max(total, read, 1))
            _log.info("copying %s: %d of ~%d rows (%d %%), %d rows/s", table.qualified, read, total, percent, rate)
    publisher.produce(transcoder.copy_done(bound))
    _log.info("copied %s: %d rows", table.qualified, read)
    return True
