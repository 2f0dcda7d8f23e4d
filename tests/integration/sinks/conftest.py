"""A target database, sinks that write to it, and messages built without Avro."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.mysql.address import ServerAddress
from sinks.mysql.applier import MySqlSink
from sinks.mysql.streams import StreamIdentity
from sinks.protocol import RowDecoder
from tests.conftest import FreshDatabase
from tests.unit.sinks.streams import ITEM, PickleDecoder
from tools.stack import MySqlServer


class Target:
    """One database on a real server, and the sidecar database of the test."""

    def __init__(self, server: MySqlServer, database: str, sidecar: str) -> None:
        self.server = server
        self.database = database
        self.sidecar = sidecar
        self.address = address_of(server)

    def execute(self, sql: str) -> None:
        self.server.execute(sql, self.database)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.server.query(sql, self.database)

    def stream_row(self) -> dict[str, Any]:
        """The only row of _vt.vreplication."""
        names = "state, message, kafka_offset, seq, epoch, owner, pos, rows_copied, transaction_timestamp, workflow"
        (row,) = self.query(f"select {names} from `{self.sidecar}`.vreplication")
        values = [value.decode() if isinstance(value, bytes) else value for value in row]
        return dict(zip(names.split(", "), values, strict=True))

    def items(self) -> list[tuple[Any, ...]]:
        return self.query("select id, name from item order by id")


def address_of(server: MySqlServer) -> ServerAddress:
    return ServerAddress(server.host, server.port, server.user, server.password)


@pytest.fixture
def target(
    mysql_shards: tuple[MySqlServer, MySqlServer],
    fresh_database: FreshDatabase,
    unique_name: Callable[[str], str],
) -> Iterator[Target]:
    """With the table `item` of the unit tests' messages."""
    server = mysql_shards[0]
    made = Target(server, fresh_database(server), unique_name("vt"))
    made.execute("create table item (id int primary key, name varchar(50) collate utf8mb4_0900_ai_ci)")
    yield made
    server.execute(f"drop database if exists `{made.sidecar}`")


NewSink = Callable[..., MySqlSink]


@pytest.fixture
def new_sink(target: Target) -> Iterator[NewSink]:
    """Sinks into the target, closed after the test: `new_sink()`, `new_sink(decoder=…, address=…)`."""
    made: list[MySqlSink] = []

    def make(decoder: RowDecoder | None = None, address: ServerAddress | None = None, partition: int = 0) -> MySqlSink:
        identity = StreamIdentity("split", target.database, "shop.shop.0", partition)
        sink = MySqlSink(address or target.address, identity, decoder or PickleDecoder(ITEM), sidecar=target.sidecar)
        made.append(sink)
        return sink

    yield make
    for sink in made:
        sink.close()
