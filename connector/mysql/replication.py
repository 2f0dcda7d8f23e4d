"""The binlog dump: a replication session of our own that hands the raw packet stream to the transcoder.

Called by `connector.stream`. `open` goes through the steps a replica goes through; from then on `read` returns bytes
exactly as they come (packet headers included): framing, checksums and an ERR packet in place of the stream are the
decoder's. One thread.
"""

import select
import socket
import ssl
import struct
import time
from uuid import NAMESPACE_URL, uuid5

from connector.model.errors import (
    InternalError,
    SourceAccessDenied,
    SourceConnectionLost,
    SourcePrivilegeMissing,
    SourceSettingUnsupported,
)
from connector.model.gtid import GtidSet
from connector.model.server_errors import CONNECTION_LOST, UNREACHABLE, source_error
from connector.mysql.address import ServerAddress
from connector.mysql.handshake import log_in
from connector.mysql.packets import PacketChannel
from connector.mysql.transport import tune

COM_REGISTER_REPLICA = 0x15
COM_BINLOG_DUMP_GTID = 0x1E
HEARTBEAT_EVENT_V2 = 1 << 1  # asks for heartbeats with a 64-bit position; servers before 8.0.26 ignore it
THROUGH_GTID = 1 << 2  # the set decides where to start, not a file and an offset
FIRST_POSITION = 4  # of any binlog file; not used with THROUGH_GTID, but the field exists

SILENT_HEARTBEATS = 3
"""Nothing at all for this many heartbeat periods means that the connection is dead."""
SEEK_GRACE_S = 300.0
"""Before the first byte the source looks for the right binlog file and sends no heartbeats: with thousands of files
this takes minutes, and reconnecting would only start the search again."""
NET_WRITE_TIMEOUT_S = 600
"""How long the source waits for us while Kafka makes us wait; its default of 60 s would cut the dump."""


def replica_uuid_of(identity: str) -> str:
    """A stable uuid for a connector (its group and name): a successor with the same one takes the dump over."""
    return str(uuid5(NAMESPACE_URL, f"rowcast:{identity}"))


class BinlogDump:
    """One COM_BINLOG_DUMP_GTID session. A dump that was closed or lost is not opened again: make a new one."""

    def __init__(
        self, address: ServerAddress, *, server_id: int, gtids: GtidSet, heartbeat_s: float, replica_uuid: str
    ) -> None:
        self._address = address
        self._where = f"{address.host}:{address.port}"
        self._server_id = server_id
        self._gtids = gtids.copy()
        self._heartbeat_s = heartbeat_s
        self._replica_uuid = replica_uuid
        self._socket: socket.socket | None = None
        self._last_arrival = 0.0
        self._anything_arrived = False

    def open(self) -> None:
        """Connect, log in, register and ask for everything after the GTID set. Typed errors of `source_error`."""
        encoded = self._gtids.encode()
        # 1. Connect and log in; the timeout bounds each answer.
        try:
            sock = socket.create_connection((self._address.host, self._address.port), self._address.connect_timeout_s)
        except OSError as error:
            raise source_error(UNREACHABLE, f"cannot connect: {error}", host=self._where) from error
        channel = PacketChannel(sock, self._where)
        try:
            tune(sock)
            self._log_in(channel)
            # 2. Tell the source what kind of replica we are.
            self._set_up(channel)
            # 3. Register, so that SHOW REPLICAS lists us.
            self._register(channel)
            # 4. Ask for the stream; its first bytes answer this command.
            channel.command(COM_BINLOG_DUMP_GTID, self._dump_request(encoded))
        except BaseException:
            channel.socket.close()
            raise
        # The raw reads wait with select; the socket itself must not block.
        channel.socket.setblocking(False)
        self._socket = channel.socket
        self._last_arrival = time.monotonic()

    def read(self, timeout_s: float, limit: int = 1 << 18) -> bytes:
        """The next bytes, at most `limit`, as soon as there are any; b"" when nothing came within `timeout_s`.

        SOURCE_CONNECTION_LOST when the source closed the connection, or was silent for three heartbeat periods.
        """
        sock = self._open_socket()
        deadline = time.monotonic() + timeout_s
        while not (data := self._receive(sock, limit)):
            now = time.monotonic()
            if now - self._last_arrival > self._silence_limit_s:
                raise self._lost(f"no data and no heartbeat for {now - self._last_arrival:.0f} s")
            if now >= deadline:
                return b""
            wait = min(deadline, self._last_arrival + self._silence_limit_s) - now
            self._readable(wait)
        self._last_arrival = time.monotonic()
        self._anything_arrived = True
        return data

    @property
    def buffered(self) -> bool:
        """Whether `read` would return bytes at once."""
        sock = self._open_socket()
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return True
        return self._readable(0)

    def close(self) -> None:
        """End the session; a second call does nothing. The source notices with its next event or heartbeat."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def _silence_limit_s(self) -> float:
        limit = SILENT_HEARTBEATS * self._heartbeat_s
        return limit if self._anything_arrived else max(limit, SEEK_GRACE_S)

    def _readable(self, timeout_s: float) -> bool:
        # poll, not select: a worker with many topics holds more descriptors than select can name.
        poll = select.poll()
        poll.register(self._open_socket(), select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))

    def _log_in(self, channel: PacketChannel) -> None:
        try:
            log_in(channel, self._address)
        except SourceConnectionLost as error:
            # There was no session yet that could have been lost.
            raise source_error(UNREACHABLE, error.what, host=self._where) from error

    def _register(self, channel: PacketChannel) -> None:
        channel.command(COM_REGISTER_REPLICA, self._registration())
        try:
            channel.receive()
        except SourceAccessDenied as error:
            # We are logged in: the source answers a missing privilege with the number of a wrong password here.
            raise SourcePrivilegeMissing(
                "the account has no REPLICATION SLAVE privilege", user=self._address.user, host=self._where
            ) from error

    def _set_up(self, channel: PacketChannel) -> None:
        try:
            ((gtid_mode,),) = channel.query("SELECT @@global.gtid_mode")
        except SourceSettingUnsupported as error:
            raise SourceSettingUnsupported(
                "the server has no GTIDs", hint="rowcast reads MySQL 8.0 and newer.", host=self._where
            ) from error
        if gtid_mode != "ON":
            raise SourceSettingUnsupported(
                f"gtid_mode is {gtid_mode}",
                hint="Set gtid_mode = ON and enforce_gtid_consistency = ON on the source.",
                host=self._where,
            )
        # Old and new names: up to 8.0.25 the source reads master and slave, later versions read source and replica too.
        period_ns = int(self._heartbeat_s * 1_000_000_000)
        settings = [f"@{side}_heartbeat_period = {period_ns}" for side in ("source", "master")]
        settings += [f"@{side}_binlog_checksum = @@global.binlog_checksum" for side in ("source", "master")]
        settings += [f"@{side}_uuid = '{self._replica_uuid}'" for side in ("replica", "slave")]
        settings.append(f"net_write_timeout = {NET_WRITE_TIMEOUT_S}")
        channel.query(f"SET {', '.join(settings)}")

    def _registration(self) -> bytes:
        # Host, user and password are what SHOW REPLICAS may print: the program's name is enough.
        names = b"\x07rowcast" + b"\x00" + b"\x00"
        return struct.pack("<I", self._server_id) + names + struct.pack("<HII", 0, 0, 0)

    def _dump_request(self, encoded: bytes) -> bytes:
        flags = HEARTBEAT_EVENT_V2 | THROUGH_GTID
        fixed = struct.pack("<HIIQI", flags, self._server_id, 0, FIRST_POSITION, len(encoded))
        return fixed + encoded

    def _receive(self, sock: socket.socket, limit: int) -> bytes:
        """What the socket holds now, b"" when it holds nothing."""
        try:
            data = sock.recv(limit)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError):
            return b""
        except OSError as error:
            raise self._lost(str(error)) from error
        if not data:
            raise self._lost("the source closed the connection")
        if not isinstance(sock, ssl.SSLSocket):
            return data
        # A TLS record is 16 KiB at most: taking what is already decrypted saves turns of the caller's loop.
        parts, size = [data], len(data)
        while size < limit and sock.pending():
            parts.append(sock.recv(limit - size))
            size += len(parts[-1])
        return b"".join(parts)

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise InternalError("the binlog dump is not open")
        return self._socket

    def _lost(self, reason: str) -> SourceConnectionLost:
        self.close()
        return SourceConnectionLost(reason, errno=CONNECTION_LOST, host=self._where)
