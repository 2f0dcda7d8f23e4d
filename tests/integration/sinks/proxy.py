"""A TCP proxy between a sink and its target that loses an answer: what was asked for happens, nobody is told."""

import contextlib
import select
import socket
import threading
from types import TracebackType
from typing import Self


class LosesAnswers:
    """Forwards to a server; when armed with a command it forwards that command, drops the answer and the connection.

    Plain connections only (ssl_mode disabled): it has to see the commands.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._armed: bytes | None = None
        self.lost = 0
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def lose_answer_to(self, command: bytes) -> None:
        """The next time exactly this text is sent as a query."""
        self._armed = command

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._forward, args=(client,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _forward(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._server) as server:
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for side, other in ((client, server), (server, client)):
                    if side not in readable:
                        continue
                    data = side.recv(1 << 16)
                    if not data:
                        return
                    other.sendall(data)
                    # A command packet: 3 bytes of length, a sequence number, 0x03 for COM_QUERY, the text.
                    if side is client and self._armed is not None and data[4:] == b"\x03" + self._armed:
                        self._armed = None
                        server.recv(1 << 16)  # the server has answered: it is done there
                        self.lost += 1
                        return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
