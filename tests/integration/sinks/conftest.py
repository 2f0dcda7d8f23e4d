"""A target database, sinks that write to it, and messages built without Avro."""

import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from connector.kafka.topics import Topics, TopicSpec
from connector.model.message import StreamMessage
from connector.mysql.address import ServerAddress
from sinks.consumer import PartitionConsumer
from sinks.mysql.applier import MySqlSink
from sinks.mysql.streams import StreamIdentity
from sinks.protocol import RowDecoder
from tests.conftest import FreshDatabase
from tests.unit.sinks.streams import ITEM, PickleDecoder
from tools.stack import KafkaCluster, MySqlServer


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

    @contextmanager
    def deadlocks_with(self, *, first_row: int, second_row: int) -> Iterator[Callable[[], None]]:
        """Another session locks `first_row` of item. The yielded function waits until somebody waits for that row,
        then asks for `second_row` and, once that somebody has been rolled back, lets both go.
        """
        waiting = (
            "select count(*) from performance_schema.data_lock_waits w join performance_schema.data_locks l"
            " on l.engine_lock_id = w.requesting_engine_lock_id where l.object_schema = %s"
        )
        update = "update item set name = name where id = %s"
        with self.server.connect(self.database, autocommit=False) as session, session.cursor() as cursor:
            # The server rolls back the transaction that has changed fewer rows: not this one.
            cursor.executemany("insert into item values (%s, 'other')", [(row,) for row in range(1000, 1300)])
            cursor.execute(update, (first_row,))

            def deadlock() -> None:
                deadline = time.monotonic() + 30
                with self.server.connect() as watcher, watcher.cursor() as watching:
                    while True:
                        watching.execute(waiting, (self.database,))
                        if watching.fetchone() != (0,):
                            break
                        assert time.monotonic() < deadline, "nobody waits for the row"
                cursor.execute(update, (second_row,))
                session.rollback()

            yield deadlock


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


class Topic:
    """A stream topic on the real broker; values are pickled messages."""

    def __init__(self, bootstrap: str, name: str, partitions: int) -> None:
        self.name = name
        self.settings: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap}
        Topics({"bootstrap.servers": bootstrap}).ensure([TopicSpec(name, partitions)])

    def write(self, *messages: StreamMessage, partition: int = 0, commit: bool = True) -> None:
        """In one Kafka transaction, committed or aborted."""
        producer = Producer({**self.settings, "transactional.id": self.name, "linger.ms": 0})
        producer.init_transactions(30)
        producer.begin_transaction()
        for each in messages:
            producer.produce(self.name, pickle.dumps(each), partition=partition)
        if commit:
            producer.commit_transaction(30)
        else:
            producer.flush(30)
            producer.abort_transaction(30)

    def tombstone(self) -> None:
        """A record with a key and no value."""
        producer = Producer(self.settings)
        producer.produce(self.name, None, b"key", partition=0)
        producer.flush(30)

    def delete_before(self, offset: int) -> None:
        """As retention does."""
        admin = AdminClient(self.settings)
        at = TopicPartition(self.name, 0, offset)
        admin.delete_records([at])[at].result(30)

    def reader(self, partition: int = 0) -> PartitionConsumer:
        return PartitionConsumer(self.settings, self.name, partition)


@pytest.fixture
def topic(kafka: KafkaCluster, unique_name: Callable[[str], str]) -> Topic:
    """With two partitions."""
    return Topic(kafka.bootstrap, unique_name("stream"), 2)
