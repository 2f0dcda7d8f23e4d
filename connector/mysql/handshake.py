"""Log-in of the replication socket: greeting, TLS upgrade, authentication plugins. Called by `replication` alone.

Plugins: caching_sha2_password (fast path; full exchange over TLS, or with the server's RSA key over plain TCP),
sha256_password, mysql_native_password. The password is sent as it is only inside TLS.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import cast

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from connector.model.server_errors import MALFORMED_PACKET, TLS_FAILED
from connector.mysql.address import ServerAddress
from connector.mysql.packets import AUTH_MORE_DATA, EOF, OK, PacketChannel, length_encoded
from connector.mysql.transport import tls_context

LONG_PASSWORD = 1
LONG_FLAG = 1 << 2
PROTOCOL_41 = 1 << 9
SSL = 1 << 11
TRANSACTIONS = 1 << 13
SECURE_CONNECTION = 1 << 15
PLUGIN_AUTH = 1 << 19
CONNECT_ATTRS = 1 << 20
PLUGIN_AUTH_LENENC = 1 << 21
WANTED = (
    LONG_PASSWORD
    | LONG_FLAG
    | PROTOCOL_41
    | TRANSACTIONS
    | SECURE_CONNECTION
    | PLUGIN_AUTH
    | CONNECT_ATTRS
    | PLUGIN_AUTH_LENENC
)
"""No DEPRECATE_EOF: the end of a result set is then always the same short packet."""

UTF8MB4 = 45  # utf8mb4_general_ci, the number every version knows
NONCE_LENGTH = 20
PLUGIN_NOT_LOADED = 2059  # CR_AUTH_PLUGIN_CANNOT_LOAD

REQUEST_KEY, FAST_AUTH_OK, FULL_AUTH = b"\x02", 3, 4
SHA256_REQUEST_KEY = b"\x01"


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the server says first (Protocol::HandshakeV10)."""

    version: str
    capabilities: int
    nonce: bytes
    plugin: str


def parse_greeting(payload: bytes) -> Greeting:
    """Read the initial handshake; ValueError when it is not one of protocol 10."""
    if payload[:1] != b"\x0a" or (end := payload.find(b"\0", 1)) < 0 or len(payload) < end + 32:
        raise ValueError("not a MySQL greeting")
    at = end + 5  # behind the NUL and the connection id
    low, _charset, _status, high, nonce_size = struct.unpack_from("<HBHHB", payload, at + 9)
    rest = at + 9 + 8 + 10
    second = payload[rest : rest + max(13, nonce_size - 8)]
    plugin = payload[rest + len(second) :].partition(b"\0")[0]
    return Greeting(
        version=payload[1:end].decode("ascii", "replace"),
        capabilities=low | high << 16,
        nonce=(payload[at : at + 8] + second)[:NONCE_LENGTH],
        plugin=plugin.decode("ascii", "replace"),
    )


def log_in(channel: PacketChannel, address: ServerAddress) -> Greeting:
    """Go through the connection phase; the channel may be encrypted afterwards. Typed errors of `source_error`."""
    try:
        greeting = parse_greeting(channel.receive())
    except ValueError as error:
        raise channel.error(MALFORMED_PACKET, f"{address.host}:{address.port} is no MySQL server") from error
    flags = WANTED & greeting.capabilities
    if not flags & PLUGIN_AUTH or not flags & PROTOCOL_41:
        raise channel.error(PLUGIN_NOT_LOADED, f"MySQL {greeting.version} is too old to log in to")
    flags |= _start_tls(channel, address, greeting, flags)
    plugin = greeting.plugin
    if plugin not in _FIRST_ANSWER:
        plugin = "caching_sha2_password"  # the server will ask to switch when the account has another one
    answer = _FIRST_ANSWER[plugin](address.password.encode(), greeting.nonce, channel.secure)
    channel.send(_response(address.user, answer, plugin, flags))
    _authenticate(channel, address, plugin, greeting.nonce)
    return greeting


def _start_tls(channel: PacketChannel, address: ServerAddress, greeting: Greeting, flags: int) -> int:
    if address.ssl_mode == "disabled":
        return 0
    if not greeting.capabilities & SSL:
        if address.ssl_mode == "preferred":
            return 0
        raise channel.error(TLS_FAILED, f"ssl-mode is {address.ssl_mode}, but the server offers no TLS")
    channel.send(struct.pack("<IIB23x", flags | SSL, 1 << 24, UTF8MB4))
    try:
        channel.start_tls(tls_context(address), address.host)
    except OSError as error:
        raise channel.error(TLS_FAILED, f"no TLS session with the server: {error}") from error
    return SSL


def _response(user: str, answer: bytes, plugin: str, flags: int) -> bytes:
    # HandshakeResponse41
    attributes = length_encoded(b"program_name") + length_encoded(b"rowcast")
    body = struct.pack("<IIB23x", flags, 1 << 24, UTF8MB4) + user.encode() + b"\0"
    body += length_encoded(answer) if flags & PLUGIN_AUTH_LENENC else bytes([len(answer)]) + answer
    body += plugin.encode() + b"\0"
    return body + length_encoded(attributes) if flags & CONNECT_ATTRS else body


def _authenticate(channel: PacketChannel, address: ServerAddress, plugin: str, nonce: bytes) -> None:
    """Answer what the server asks until it says OK; each turn is one packet of the server."""
    password = address.password.encode()
    while (payload := channel.receive())[0] != OK:
        match payload[0]:
            case _ if payload[0] == EOF:  # AuthSwitchRequest
                name, _, data = payload[1:].partition(b"\0")
                plugin, nonce = name.decode("ascii", "replace"), data[:NONCE_LENGTH]
                if plugin not in _FIRST_ANSWER:
                    raise channel.error(PLUGIN_NOT_LOADED, f"the account uses the authentication plugin {plugin!r}")
                channel.send(_FIRST_ANSWER[plugin](password, nonce, channel.secure))
            case _ if payload[0] == AUTH_MORE_DATA and plugin == "caching_sha2_password":
                _caching_sha2_more(channel, payload[1:], password, nonce)
            case _ if payload[0] == AUTH_MORE_DATA and plugin == "sha256_password":
                channel.send(rsa_encrypted(password, nonce, payload[1:]))
            case _:
                raise channel.error(MALFORMED_PACKET, "the source's log-in does not follow the protocol")


def _caching_sha2_more(channel: PacketChannel, data: bytes, password: bytes, nonce: bytes) -> None:
    if data == bytes([FAST_AUTH_OK]):
        return
    if data == bytes([FULL_AUTH]):
        # The server has no cached hash of this account yet: it needs the password itself, once.
        channel.send(password + b"\0" if channel.secure else REQUEST_KEY)
    else:
        channel.send(rsa_encrypted(password, nonce, data))


def scramble_native(password: bytes, nonce: bytes) -> bytes:
    """mysql_native_password: SHA1(password) xor SHA1(nonce + SHA1(SHA1(password)))."""
    if not password:
        return b""
    once = hashlib.sha1(password).digest()
    mask = hashlib.sha1(nonce + hashlib.sha1(once).digest()).digest()
    return _xor(once, mask)


def scramble_caching_sha2(password: bytes, nonce: bytes) -> bytes:
    """caching_sha2_password's fast path: SHA256(password) xor SHA256(SHA256(SHA256(password)) + nonce)."""
    if not password:
        return b""
    once = hashlib.sha256(password).digest()
    mask = hashlib.sha256(hashlib.sha256(once).digest() + nonce).digest()
    return _xor(once, mask)


def rsa_encrypted(password: bytes, nonce: bytes, public_key: bytes) -> bytes:
    """The NUL-terminated password, masked with the nonce and encrypted with the server's PEM key (OAEP, SHA1)."""
    masked = _xor(password + b"\0", nonce)
    key = cast(RSAPublicKey, serialization.load_pem_public_key(public_key))
    # SHA1 is what the protocol prescribes here.
    scheme = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
    return key.encrypt(masked, scheme)


def _first_sha256(password: bytes, _nonce: bytes, secure: bool) -> bytes:
    if not password:
        return b"\0"
    return password + b"\0" if secure else SHA256_REQUEST_KEY


_FIRST_ANSWER = {
    "caching_sha2_password": lambda password, nonce, _secure: scramble_caching_sha2(password, nonce),
    "mysql_native_password": lambda password, nonce, _secure: scramble_native(password, nonce),
    "sha256_password": _first_sha256,
}


def _xor(data: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ mask[index % len(mask)] for index, byte in enumerate(data))
