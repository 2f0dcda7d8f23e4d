"""The connection phase: greeting, scrambles (PyMySQL's as the oracle), and the log-in against a scripted server."""

import secrets
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pymysql import _auth

from connector.model import errors
from connector.mysql import handshake
from connector.mysql.address import ServerAddress
from connector.mysql.packets import PacketChannel

NONCE = bytes(range(1, 21))
PASSWORD = "pä55/wörd"
SERVER_FLAGS = handshake.WANTED | handshake.SSL


def greeting(plugin: str = "caching_sha2_password", flags: int = SERVER_FLAGS) -> bytes:
    fixed = struct.pack("<HBHHB", flags & 0xFFFF, 45, 2, flags >> 16, 21) + bytes(10)
    return (
        b"\x0a9.7.4\0" + struct.pack("<I", 7) + NONCE[:8] + b"\0" + fixed + NONCE[8:] + b"\0" + plugin.encode() + b"\0"
    )


def test_greeting() -> None:
    assert handshake.parse_greeting(greeting()) == handshake.Greeting(
        "9.7.4", SERVER_FLAGS, NONCE, "caching_sha2_password"
    )


@pytest.mark.parametrize("payload", [b"", b"\x09old", b"SSH-2.0-OpenSSH_9", greeting()[:20]])
def test_not_a_greeting(payload: bytes) -> None:
    with pytest.raises(ValueError, match="greeting"):
        handshake.parse_greeting(payload)


@pytest.mark.parametrize("password", [b"", b"x", PASSWORD.encode(), secrets.token_bytes(100)])
def test_scrambles_are_pymysqls(password: bytes) -> None:
    assert handshake.scramble_native(password, NONCE) == _auth.scramble_native_password(password, NONCE)
    assert handshake.scramble_caching_sha2(password, NONCE) == _auth.scramble_caching_sha2(password, NONCE)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def decrypted(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    masked = key.decrypt(data, padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None))
    return bytes(byte ^ NONCE[index % 20] for index, byte in enumerate(masked))


def test_rsa_hides_the_terminated_password(rsa_key: rsa.RSAPrivateKey) -> None:
    assert (
        decrypted(rsa_key, handshake.rsa_encrypted(PASSWORD.encode(), NONCE, pem(rsa_key))) == PASSWORD.encode() + b"\0"
    )


class ScriptedServer:
    """The other end of a socket pair: sends packets, collects what the client sends."""

    def __init__(self, sock: socket.socket) -> None:
        self.channel = PacketChannel(sock, "client")
        self.received: list[bytes] = []

    def exchange(self, *answers: bytes) -> None:
        for answer in answers:
            self.channel.send(answer)
            self.received.append(self.channel.receive())

    def finish(self, answer: bytes) -> None:
        self.channel.send(answer)


LogIn = Callable[[Callable[[ScriptedServer], None]], ScriptedServer]


@pytest.fixture
def log_in() -> Iterator[LogIn]:
    """Runs a log-in (ssl-mode preferred) against a script; returns the server's side with what it received."""
    pairs: list[socket.socket] = []

    def run(script: Callable[[ScriptedServer], None]) -> ScriptedServer:
        here, there = socket.socketpair()
        pairs.extend((here, there))
        for sock in (here, there):
            sock.settimeout(10)
        server = ScriptedServer(there)
        thread = threading.Thread(target=script, args=(server,))
        thread.start()
        try:
            handshake.log_in(PacketChannel(here, "db:3306"), ServerAddress("db", 3306, "ro", PASSWORD))
        finally:
            thread.join()
        return server

    yield run
    for sock in pairs:
        sock.close()


PLAIN = handshake.WANTED  # a server that offers no TLS
OK = b"\x00\x00\x00\x02\x00\x00\x00"


def test_fast_path(log_in: LogIn) -> None:
    def script(server: ScriptedServer) -> None:
        server.exchange(greeting(flags=PLAIN))
        server.finish(b"\x01\x03")
        server.finish(OK)

    (response,) = log_in(script).received
    assert b"ro\0" + bytes([32]) + handshake.scramble_caching_sha2(PASSWORD.encode(), NONCE) in response
    assert response.count(b"caching_sha2_password\0") == 1


def test_full_exchange_over_plain_tcp_encrypts_the_password(log_in: LogIn, rsa_key: rsa.RSAPrivateKey) -> None:
    def script(server: ScriptedServer) -> None:
        server.exchange(greeting(flags=PLAIN), b"\x01\x04", b"\x01" + pem(rsa_key))
        server.finish(OK)

    server = log_in(script)
    _, request, answer = server.received
    assert request == b"\x02"
    assert decrypted(rsa_key, answer) == PASSWORD.encode() + b"\0"
    assert all(PASSWORD.encode() not in packet for packet in server.received)


def test_switch_to_native_password(log_in: LogIn) -> None:
    other = bytes(range(40, 60))

    def script(server: ScriptedServer) -> None:
        server.exchange(greeting(flags=PLAIN), b"\xfemysql_native_password\0" + other + b"\0")
        server.finish(OK)

    assert log_in(script).received[1] == handshake.scramble_native(PASSWORD.encode(), other)


def test_sha256_password_asks_for_the_key(log_in: LogIn, rsa_key: rsa.RSAPrivateKey) -> None:
    def script(server: ScriptedServer) -> None:
        server.exchange(greeting(flags=PLAIN), b"\xfesha256_password\0" + NONCE + b"\0", b"\x01" + pem(rsa_key))
        server.finish(OK)

    _, request, answer = log_in(script).received
    assert request == b"\x01"
    assert decrypted(rsa_key, answer) == PASSWORD.encode() + b"\0"


def test_unknown_plugin_is_refused_by_name(log_in: LogIn) -> None:
    def script(server: ScriptedServer) -> None:
        server.exchange(greeting(flags=PLAIN))
        server.finish(b"\xfeauthentication_ldap_simple\0x\0")

    with pytest.raises(errors.SourceAccessDenied, match="authentication_ldap_simple"):
        log_in(script)


def test_access_denied_is_typed(log_in: LogIn) -> None:
    def script(server: ScriptedServer) -> None:
        server.exchange(greeting(flags=PLAIN))
        server.finish(b"\xff\x15\x04#28000Access denied for user 'ro'@'h' (using password: YES)")

    with pytest.raises(errors.SourceAccessDenied, match="using password: YES") as caught:
        log_in(script)
    assert PASSWORD not in str(caught.value)
    assert caught.value.context == {"errno": 1045, "host": "db:3306"}


@pytest.mark.parametrize("answer", [b"\x01\x03", b"\x42what"])
def test_nonsense_during_the_log_in(log_in: LogIn, answer: bytes) -> None:
    def script(server: ScriptedServer) -> None:
        server.exchange(greeting("mysql_native_password", flags=PLAIN))
        server.finish(answer)

    with pytest.raises(errors.SourceQueryFailed, match="protocol"):
        log_in(script)


def test_something_else_listens_there(log_in: LogIn) -> None:
    with pytest.raises(errors.SourceQueryFailed, match="no MySQL server"):
        log_in(lambda server: server.finish(b"220 mail ready"))


def test_required_without_offer_sends_nothing() -> None:
    here, there = socket.socketpair()
    with here, there:
        PacketChannel(there, "").send(greeting(flags=PLAIN))
        address = ServerAddress("db", 3306, "ro", PASSWORD, ssl_mode="required")
        with pytest.raises(errors.SourceSettingUnsupported, match="offers no TLS"):
            handshake.log_in(PacketChannel(here, "db:3306"), address)
        there.setblocking(False)
        with pytest.raises(BlockingIOError):
            there.recv(1)
