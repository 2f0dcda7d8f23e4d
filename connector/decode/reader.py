"""The replication stream, chunk by chunk, to typed events; called by the transcoder (pull: push a chunk, take events
until None).

Checks every event's length and checksum, follows the position in 64 bits, and refuses what it cannot decode: no event
is skipped unless its type is listed as having no consequence for rows, or the server marked it as ignorable.
"""

import struct
import zlib
from collections.abc import Callable
from typing import Any, NoReturn

from connector.decode import control_events as control
from connector.decode import event_types as types
from connector.decode.bytestream import Truncated
from connector.decode.framing import PacketReader
from connector.decode.library import event_name
from connector.decode.table_map import UnknownFieldType, parse_table_map
from connector.model.errors import (
    BinlogCorrupt,
    BinlogEventUnsupported,
    BinlogIncident,
    SourceSettingUnsupported,
    ValueUndecodable,
)
from connector.model.events import (
    Commit,
    Event,
    EventHeader,
    Ignored,
    Rotate,
    Rows,
    RowsQuery,
    ServerHeartbeat,
    TableMap,
)

_HEADER = struct.Struct("<IBIIIH")
_HEADER_BYTES = 19
_CHECKSUM_BYTES = 4
_NO_CHECKSUM, _CRC32 = 0, 1
_DUMMY_TABLE_ID = 0xFFFFFF  # a rows event without table and rows that only ends a statement
_TABLE_MAPS_KEPT = 1024


class EventReader:
    """Bytes in, events out. `file` and `pos` are the end of the last event taken: where the next one begins."""

    def __init__(self) -> None:
        self.file = ""
        self.pos = 0
        self._packets = PacketReader()
        self._checksum: int | None = None  # unknown until the first FORMAT_DESCRIPTION
        self._table_maps: dict[bytes, TableMap] = {}
        self._parsers: dict[int, Callable[[bytes, EventHeader], Event]] = {
            types.ROTATE: self._rotate,
            types.FORMAT_DESCRIPTION: self._format_description,
            types.GTID: lambda body, _: control.gtid(body),
            types.QUERY: lambda body, _: control.query(body),
            types.XID: self._xid,
            types.TABLE_MAP: self._table_map,
            types.ROWS_QUERY: lambda body, _: RowsQuery(control.rows_query(body)),
            types.HEARTBEAT: self._heartbeat,
            types.HEARTBEAT_V2: self._heartbeat,
            types.INCIDENT: self._incident,
            types.ANONYMOUS_GTID: self._anonymous_gtid,
            **dict.fromkeys(types.ROWS, self._rows),
        }

    def push(self, chunk: bytes | memoryview) -> None:
        """Add bytes as the socket returned them; borders may be anywhere."""
        self._packets.push(chunk)

    def next_event(self) -> tuple[EventHeader, Event] | None:
        """The next event, None when more bytes are needed.

        Raises BinlogCorrupt, BinlogEventUnsupported, BinlogIncident, SourceSettingUnsupported (gtid_mode),
        ValueUndecodable (a statement not valid in its character set), and whatever the server sent instead of an
        event (see framing).
        """
        event = self._packets.next_event()
        if event is None:
            return None
        if len(event) < _HEADER_BYTES:
            self._corrupt(f"an event of {len(event)} bytes has no header")
        header = EventHeader(*_HEADER.unpack_from(event))
        if header.size != len(event):
            self._corrupt(f"an event says {header.size} bytes, {len(event)} came", header)
        body = self._body(event, header)
        try:
            parsed = self._parse(body if header.type != types.FORMAT_DESCRIPTION else event, header)
        except (Truncated, struct.error) as error:
            self._corrupt(f"the event's contents are malformed: {error}", header)
        except UnicodeDecodeError as error:
            raise ValueUndecodable(
                f"text in a binlog event is not valid {error.encoding}", **self._where(header)
            ) from error
        self._advance(header, parsed)
        return header, parsed

    def _parse(self, body: bytes, header: EventHeader) -> Event:
        parser = self._parsers.get(header.type)
        if parser is not None:
            return parser(body, header)
        if header.type in types.IGNORED or header.flags & types.IGNORABLE_FLAG:
            return Ignored(header.type)
        raise BinlogEventUnsupported(
            f"binlog event type {event_name(header.type)} is not supported",
            hint=types.HINTS.get(header.type),
            **self._where(header),
        )

    # ---- checksum and position -----------------------------------------------------------------------------------
    def _body(self, event: bytes, header: EventHeader) -> bytes:
        """The event without header and checksum, the checksum verified."""
        checksum = self._checksum
        if header.type == types.FORMAT_DESCRIPTION:
            checksum = self._announced(event, header)
        # The first ROTATE comes before any file's setting and follows the session's, which we are not told.
        elif checksum != _CRC32 and self._is_artificial(header):
            checksum = _CRC32 if _sum_matches(event) else _NO_CHECKSUM
        elif checksum is None:
            self._corrupt(f"{event_name(header.type)} came before the format description", header)
        if checksum != _CRC32:
            return event[_HEADER_BYTES:]
        if len(event) < _HEADER_BYTES + _CHECKSUM_BYTES or not _sum_matches(event):
            self._corrupt("wrong checksum", header)
        return event[_HEADER_BYTES:-_CHECKSUM_BYTES]

    def _announced(self, event: bytes, header: EventHeader) -> int:
        try:
            algorithm = control.checksum_algorithm(event)
        except Truncated as error:
            self._corrupt(f"unreadable format description: {error}", header)
        if algorithm not in (_NO_CHECKSUM, _CRC32):
            raise BinlogEventUnsupported(
                f"binlog checksum algorithm {algorithm} is not supported", **self._where(header)
            )
        return algorithm

    @staticmethod
    def _is_artificial(header: EventHeader) -> bool:
        return header.type in (types.HEARTBEAT, types.HEARTBEAT_V2) or (
            header.type == types.ROTATE and (header.end_pos == 0 or bool(header.flags & types.ARTIFICIAL))
        )

    def _advance(self, header: EventHeader, event: Event) -> None:
        """Positions are kept as previous + size: the header's own is 32 bits wide and wraps in files over 4 GiB."""
        if isinstance(event, Rotate):
            self.file, self.pos = event.file, event.pos
        elif isinstance(event, ServerHeartbeat):
            # The server skipped what we have already: it tells where it stands now.
            if event.file == self.file:
                self.pos = max(self.pos, event.pos)
        elif header.end_pos and not header.flags & types.ARTIFICIAL:
            end = self.pos + header.size
            ahead = (header.end_pos - end) & 0xFFFFFFFF
            # Sizes on the wire and in the file differ when checksums do; a backward step is a header we cannot believe.
            self.pos = end + ahead if ahead < 1 << 31 else end

    def _where(self, header: EventHeader) -> dict[str, Any]:
        return {"file": self.file or None, "pos": self.pos, "event": event_name(header.type)}

    def _corrupt(self, what: str, header: EventHeader | None = None) -> NoReturn:
        where: dict[str, Any] = {"file": self.file or None, "pos": self.pos} if header is None else self._where(header)
        raise BinlogCorrupt(what, **where)

    # ---- event types ---------------------------------------------------------------------------------------------
    def _rotate(self, body: bytes, _: EventHeader) -> Rotate:
        return control.rotate(body)

    def _format_description(self, event: bytes, header: EventHeader) -> Ignored:
        self._checksum = self._announced(event, header)
        self._table_maps.clear()  # a new file, maybe of a restarted server
        return Ignored(header.type)

    @staticmethod
    def _xid(body: bytes, _: EventHeader) -> Commit:
        return Commit(int(struct.unpack_from("<Q", body)[0]))

    def _table_map(self, body: bytes, header: EventHeader) -> TableMap:
        known = self._table_maps.get(body)
        if known is not None:
            return known
        try:
            parsed = parse_table_map(body)
        except UnknownFieldType as error:
            raise BinlogEventUnsupported(f"{error} is not supported", **self._where(header)) from error
        if len(self._table_maps) >= _TABLE_MAPS_KEPT:
            self._table_maps.clear()
        self._table_maps[body] = parsed
        return parsed

    def _rows(self, body: bytes, header: EventHeader) -> Rows | Ignored:
        kind, version = types.ROWS[header.type]
        if len(body) < 8:
            raise Truncated(f"a rows event of {len(body)} bytes")
        table_id = int.from_bytes(body[:6], "little")
        if table_id == _DUMMY_TABLE_ID:
            return Ignored(header.type)
        return Rows(kind, table_id, memoryview(body), version, int.from_bytes(body[6:8], "little"))

    def _heartbeat(self, body: bytes, header: EventHeader) -> ServerHeartbeat:
        if header.type == types.HEARTBEAT_V2:
            return ServerHeartbeat(*control.heartbeat_v2(body))
        file = body.decode()
        behind = (header.end_pos - self.pos) & 0xFFFFFFFF if file == self.file else None
        return ServerHeartbeat(file, header.end_pos if behind is None else self.pos + behind)

    def _incident(self, body: bytes, header: EventHeader) -> NoReturn:
        raise BinlogIncident(f"the source logged an incident: {control.incident(body)}", **self._where(header))

    def _anonymous_gtid(self, body: bytes, header: EventHeader) -> NoReturn:
        raise SourceSettingUnsupported(
            "the source writes transactions without GTIDs: gtid_mode is not ON",
            hint="Set gtid_mode=ON and enforce_gtid_consistency=ON at the source; gtid_mode is changed in steps.",
            setting="gtid_mode",
            **self._where(header),
        )


def _sum_matches(event: bytes) -> bool:
    covered = memoryview(event)[:-_CHECKSUM_BYTES]
    if event[4] == types.FORMAT_DESCRIPTION and event[17] & types.IN_USE:
        cleared = bytearray(covered)
        cleared[17] ^= types.IN_USE
        covered = memoryview(cleared)
    return zlib.crc32(covered) == int.from_bytes(event[-_CHECKSUM_BYTES:], "little")
