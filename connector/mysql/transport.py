"""TCP and TLS settings that driver connections and the replication socket share; called inside this room only."""

import socket
import ssl

from connector.model.errors import ConfigError
from connector.mysql.address import ServerAddress

KEEPALIVE_IDLE_S = 30
KEEPALIVE_INTERVAL_S = 10
KEEPALIVE_PROBES = 3
DEAD_PEER_MS = (KEEPALIVE_IDLE_S + KEEPALIVE_INTERVAL_S * KEEPALIVE_PROBES) * 1000
"""A peer that vanished without closing (power cut, dropped route) is noticed after this long, reading or writing."""


def tune(sock: socket.socket) -> None:
    """No Nagle delay, and keepalive that notices a dead peer in a minute instead of the system's two hours."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_S),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
        ("TCP_USER_TIMEOUT", DEAD_PEER_MS),
    ):
        # Not every system names all four; plain keepalive is what remains there.
        if (number := getattr(socket, option, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, number, value)


def tls_context(address: ServerAddress) -> ssl.SSLContext:
    """The TLS side of an ssl mode: preferred and required encrypt only, the verify modes check who answers."""
    if address.ssl_mode not in ("verify_ca", "verify_identity"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        context = ssl.create_default_context(cafile=address.ssl_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("the CA file cannot be used", ssl_ca=address.ssl_ca, reason=error) from error
    # The certificates that MySQL makes for itself lack extensions which Python's strict mode demands.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = address.ssl_mode == "verify_identity"
    return context
