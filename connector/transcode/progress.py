"""The source transaction that is being sent: how many rows, their checksum, and what to skip after a restart.

Used by `composed` only. Rule: binlog, rules and encoders are deterministic, so a new owner that re-reads the
transaction sees the same rows; it skips as many as were committed and compares the checksum of what it skipped.
"""

from zlib import crc32

from connector.model.errors import ResumeMismatch
from connector.model.events import Gtid
from connector.model.position import InTransaction


class OpenTransaction:
    """State from GTID to commit. `tracked`: images are encoded and summed, so the transaction may be cut."""

    __slots__ = ("crc", "explicit", "gtid", "resume", "rows", "rows_since_border", "tracked")

    def __init__(self, gtid: Gtid, resume: InTransaction | None, *, tracked: bool) -> None:
        self.gtid = gtid
        self.resume = resume
        self.tracked = tracked or resume is not None
        self.explicit = False  # a BEGIN was seen: ends with COMMIT or XID
        self.rows = 0  # that passed the filter
        self.rows_since_border = 0
        self.crc = 0

    def skip(self, before: bytes | None, after: bytes | None) -> bool:
        """Count one row; true when an earlier owner has committed it already."""
        self.rows += 1
        self.rows_since_border += 1
        if self.tracked:
            if before is not None:
                self.crc = crc32(before, self.crc)
            if after is not None:
                self.crc = crc32(after, self.crc)
        if self.resume is None or self.rows > self.resume.rows:
            return False
        self.rows_since_border = 0
        if self.rows == self.resume.rows and self.crc != self.resume.crc:
            raise ResumeMismatch("the rows already sent differ from what the binlog has now", gtid=self.gtid.gtid)
        return True

    def check_resumed(self) -> None:
        """At commit: the transaction must have had at least the rows that were sent."""
        if self.resume is not None and self.rows < self.resume.rows:
            raise ResumeMismatch(
                f"{self.resume.rows} rows were sent, the binlog has {self.rows} now", gtid=self.gtid.gtid
            )

    def progress(self, parts: tuple[int, ...]) -> InTransaction:
        """What the position record says at a chunk border."""
        return InTransaction(self.gtid.gtid, self.rows, self.crc, parts)
