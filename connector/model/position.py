"""Where a stream is: flavour-encoded positions and the checkpoint that is stored with the rows.

Written by the source task into the offsets topic (one record per Kafka transaction), read back at start, by
`rowcast position` and by `rowcast status`. Shape: docs/architecture.md, "Position record".
"""

import json
from dataclasses import dataclass, field
from typing import Any

from connector.model.errors import PositionInvalid, PositionRecordInvalid
from connector.model.flavors import MYSQL56, Position, decode_position, format_position
from connector.model.gtid import GtidSet

RECORD_VERSION = 1


def encode_position(position: Position) -> str:
    """Flavour-encoded text as Vitess writes it: MySQL56/<executed set>."""
    return format_position(position)


def parse_position(text: str) -> GtidSet:
    """The executed set of a MySQL56 position, or of a bare GTID set; the empty text is the empty set.

    Raises PositionInvalid, also for the other flavours: a stream cannot go on from them. `flavors.decode_position`
    reads those too.
    """
    position = decode_position(text, default=MYSQL56)
    if position is None:
        return GtidSet()
    if not isinstance(position, GtidSet):
        raise PositionInvalid(
            f"positions of flavour {position.flavor!r} cannot be used here", hint=f"Write it as {MYSQL56}/<GTID set>."
        )
    return position


@dataclass(frozen=True, slots=True)
class InTransaction:
    """How far a large source transaction has been sent: the next owner re-reads it and skips exactly these rows."""

    gtid: str
    rows: int  # rows that passed the filter and were sent
    crc: int  # running crc32 of their encoded images
    parts: tuple[int, ...]  # next part number per stream partition


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything a new owner needs to go on exactly where the last one stopped."""

    position: str  # flavour-encoded executed set: everything in it has been delivered
    gtid: str = ""  # the last transaction's own GTID
    file: str = ""  # binlog coordinates after it, for people and as a check
    pos: int = 0
    server_uuid: str = ""
    ts_ms: int = 0  # source commit time of the last transaction, ms since the epoch
    seq: int = 0  # source transactions emitted by the stream
    seqs: tuple[int, ...] = ()  # last seq per stream partition
    in_tx: InTransaction | None = field(default=None)

    def to_json(self) -> bytes:
        """The value of the position record."""
        body: dict[str, Any] = {
            "v": RECORD_VERSION,
            "position": self.position,
            "gtid": self.gtid,
            "file": self.file,
            "pos": self.pos,
            "server_uuid": self.server_uuid,
            "ts_ms": self.ts_ms,
            "seq": self.seq,
            "seqs": list(self.seqs),
            "in_tx": None,
        }
        if self.in_tx:
            body["in_tx"] = {
                "gtid": self.in_tx.gtid,
                "rows": self.in_tx.rows,
                "crc": self.in_tx.crc,
                "parts": list(self.in_tx.parts),
            }
        return json.dumps(body, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> "Checkpoint":
        """Inverse of `to_json`; POSITION_RECORD_INVALID when the record is not one of ours."""
        try:
            body = json.loads(raw)
            if body["v"] != RECORD_VERSION:
                raise PositionRecordInvalid(
                    f"the stored position has version {body['v']!r}, this rowcast reads {RECORD_VERSION}"
                )
            in_tx = body["in_tx"]
            parse_position(body["position"])
            return cls(
                position=body["position"],
                gtid=body["gtid"],
                file=body["file"],
                pos=int(body["pos"]),
                server_uuid=body["server_uuid"],
                ts_ms=int(body["ts_ms"]),
                seq=int(body["seq"]),
                seqs=tuple(int(seq) for seq in body["seqs"]),
                in_tx=in_tx and InTransaction(in_tx["gtid"], in_tx["rows"], in_tx["crc"], tuple(in_tx["parts"])),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PositionRecordInvalid("the stored position is not a position record") from error
