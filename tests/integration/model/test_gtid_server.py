"""GTID sets against a real server: texts, set functions, and the encoding that a dump asks with, tags included."""

import contextlib
import random
import re
from collections.abc import Iterator

import pymysql
import pytest

from connector.model.errors import PositionInvalid
from connector.model.gtid import GtidSet
from connector.mysql.address import ServerAddress
from connector.mysql.replication import BinlogDump, replica_uuid_of
from tools.stack import MySqlServer, Stack

A = "00010203-0405-0607-0809-0a0b0c0d0e0f"
B = "8bc65c84-3fe4-11ed-a912-257f0fcdd6c9"

GTID, PREVIOUS_GTIDS, GTID_TAGGED = 33, 35, 42
HEARTBEATS = (27, 41)
HEADER_BYTES, CHECKSUM_BYTES = 19, 4

NOTHING_NAMED = {A, f"{A}:tag", f"{A}:1:tag", f"{A}:a:b:1"}
"""The server reads a source or a tag without an interval as nothing; rowcast refuses it."""


def _tags(server: MySqlServer) -> bool:
    numbers = re.findall(r"\d+", server.version)
    return (int(numbers[0]), int(numbers[1])) >= (8, 3)


def _random_set(rng: random.Random, sids: list[str]) -> str:
    parts = []
    for _ in range(rng.randint(0, 6)):
        runs = [(start := rng.randint(1, 40), start + rng.randint(-1, 9)) for _ in range(rng.randint(1, 4))]
        text = ":".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
        parts.append(f"{rng.choice(sids)}:{text}")
    return rng.choice([",", " ,", ",\n"]).join(parts)


def test_texts(mysql_source: MySqlServer) -> None:
    rests = [
        "", ":", ":1-0", ":5-0", ":1-", ":-5", ":1-2-3", " :1", ":1 - 5", "\n:1", ":+1", ": 1", "::1", ":1::2", ":1:",
        ":0", ":0-3", ":9223372036854775806", ":9223372036854775807", ":1-9223372036854775807", ":01-05", ":1;2",
        ":1.5", ":\v1", ":\xa01", ":99999999999999999999", ":1_0", ":١", ":1-5:6-9", ":3-1:0", ":7,,", ":1:3:2",
    ]  # fmt: skip
    if _tags(mysql_source):
        rests += [
            ":tag:1", ":Tag_B:1", ":1-3:tag:5:7", ":tag:", ":_x:1", ":9x:1", f":{'a' * 32}:1", f":{'a' * 33}:1", ":tag",
            ":1:tag", ":a:b:1", ":1:b:2:a:3", ": tag :1", ":tag1-2:4", ":1:a:0", ":a:1:a:2",
        ]  # fmt: skip
    texts = [A + rest for rest in rests]
    texts += [
        A.upper() + ":1",
        A.replace("-", "") + ":1",
        f"{{{A}}}:1",
        A.replace("-", "", 1) + ":1",
        f"{A}0:1",
        "x",
        "",
        ",",
    ]
    with mysql_source.connect() as connection, connection.cursor() as cursor:
        for text in texts:
            try:
                ours = str(GtidSet.parse(text))
            except PositionInvalid:
                ours = "refused"
            theirs = "refused"
            with contextlib.suppress(pymysql.MySQLError):
                cursor.execute("SELECT GTID_SUBTRACT(%s, '')", (text,))
                [(found,)] = cursor.fetchall()
                theirs = found.replace("\n", "")
            assert ours == ("refused" if text in NOTHING_NAMED else theirs), text


def test_set_functions(mysql_source: MySqlServer, request: pytest.FixtureRequest) -> None:
    rng = random.Random(int(request.config.getoption("randomly_seed")))
    sids = [A, B, A.upper()] + ([f"{A}:x", f"{A}:a_1", f"{B}:x"] if _tags(mysql_source) else [])
    pairs = [(_random_set(rng, sids), _random_set(rng, sids)) for _ in range(400)]
    pairs += [(a, a) for a, _ in pairs[:20]] + [(a, f"{a},{b}".strip(",")) for a, b in pairs[20:60]]
    rows = ", ".join(["ROW(%s, %s)"] * len(pairs))
    with mysql_source.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            f"SELECT column_0, column_1, GTID_SUBSET(column_0, column_1), GTID_SUBTRACT(column_0, column_1) "
            f"FROM (VALUES {rows}) AS pairs",
            [text for pair in pairs for text in pair],
        )
        answers = cursor.fetchall()
    assert len(answers) == len(pairs)
    for a, b, subset, difference in answers:
        one, other = GtidSet.parse(a), GtidSet.parse(b)
        assert other.contains(one) == bool(subset), (a, b)
        assert str(one.subtract(other)) == difference.replace("\n", ""), (a, b)


# ---- the dump -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def tagging_server(stack: Stack) -> Iterator[MySqlServer]:
    """A server of its own: its binlog has tagged transactions, which no stream can read."""
    server = stack.start_mysql("tagging", own=True)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE d")
        cursor.execute("CREATE TABLE d.t (id INT PRIMARY KEY)")
        for number, tag in enumerate(["", "", ":backup", "", ":a_1", ":backup"]):
            if _tags(server):
                cursor.execute(f"SET gtid_next = 'AUTOMATIC{tag}'")
            cursor.execute("INSERT INTO d.t VALUES (%s)", (number,))
            connection.commit()
    yield server
    server.kill()


def _events(server: MySqlServer, gtids: GtidSet) -> list[bytes]:
    """Everything the server sends after the set, until two heartbeats follow each other: one alone may also tell of
    transactions that were left out."""
    address = ServerAddress(server.host, server.port, server.user, server.password)
    dump = BinlogDump(address, server_id=910_010, gtids=gtids, heartbeat_s=0.3, replica_uuid=replica_uuid_of("tags"))
    dump.open()
    events: list[bytes] = []
    data, idle = b"", False
    try:
        for _ in range(300):
            data += dump.read(0.1)
            while len(data) >= 4 and len(data) >= 4 + (size := int.from_bytes(data[:3], "little")):
                packet, data = data[4 : 4 + size], data[4 + size :]
                assert packet[0] == 0, packet
                if packet[5] not in HEARTBEATS:
                    events.append(packet[1:])
                elif idle:
                    return events
                idle = packet[5] in HEARTBEATS
    finally:
        dump.close()
    raise AssertionError("no two heartbeats in half a minute")


def _transactions(events: list[bytes]) -> int:
    return sum(event[4] in (GTID, GTID_TAGGED) for event in events)


def _executed(server: MySqlServer) -> GtidSet:
    return GtidSet.parse(server.query("SELECT @@global.gtid_executed")[0][0])


def test_a_dump_goes_on_after_a_tagged_set(tagging_server: MySqlServer) -> None:
    executed = _executed(tagging_server)
    assert len(executed.sources) == (3 if _tags(tagging_server) else 1)
    assert _transactions(_events(tagging_server, executed)) == 0
    assert _transactions(_events(tagging_server, GtidSet())) == executed.count()
    for source in executed.sources:
        last = GtidSet.parse(f"{source}:{executed.intervals(source)[-1][1]}")
        assert _transactions(_events(tagging_server, executed.subtract(last))) == 1, source
        # A tag is part of the source: what one source has does not count for another.
        rest = executed.subtract(GtidSet.parse(f"{source}:1-1000"))
        missing = sum(end - start + 1 for start, end in executed.intervals(source))
        assert _transactions(_events(tagging_server, rest)) == missing, source


def test_our_encoding_is_the_servers(tagging_server: MySqlServer) -> None:
    tagging_server.execute("FLUSH BINARY LOGS")
    executed = _executed(tagging_server)
    [previous] = [event for event in _events(tagging_server, executed) if event[4] == PREVIOUS_GTIDS]
    encoded = previous[HEADER_BYTES:-CHECKSUM_BYTES]
    assert encoded == executed.encode()
    assert GtidSet.decode(encoded) == executed
