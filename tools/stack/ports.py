"""Leases TCP ports on 127.0.0.1 for servers; a lease also holds while its server is down, so that a restart finds its
port free.
"""

import fcntl
import os
import random
import socket
from pathlib import Path

from tools.stack.workspace import StackError

FIRST, LAST = 12_000, 31_999
"""Below the kernel's range for outgoing connections (32768 and up), so no client socket can sit on a leased port."""
ATTEMPTS = 500


class PortLease:
    """One port, ours across all processes of this clone until `release` or the end of the process."""

    def __init__(self, port: int, descriptor: int) -> None:
        self.port = port
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the port back; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def lease(root: Path) -> PortLease:
    """A port that nothing listens on and no other process of this clone has leased."""
    folder = root / "ports"
    folder.mkdir(parents=True, exist_ok=True)
    # The system's randomness: test runs seed the global generator, and equal seeds must not mean equal ports.
    source = random.SystemRandom()
    for _ in range(ATTEMPTS):
        port = source.randint(FIRST, LAST)
        descriptor = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if _lock(descriptor) and _is_free(port):
            return PortLease(port, descriptor)
        os.close(descriptor)
    raise StackError(f"no free port between {FIRST} and {LAST}")


def accepts(port: int) -> bool:
    """Whether something listens on the port now."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
