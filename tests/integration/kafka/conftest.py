"""What every test of the Kafka room needs: the [kafka] table of the session's cluster, and topics of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from connector.kafka.publisher import TransactionalPublisher
from connector.kafka.reader import Consumed, TopicReader
from connector.kafka.topics import Topics, TopicSpec
from tools.stack import KafkaCluster

NewTopic = Callable[..., str]
ReadAll = Callable[[str], list[Consumed]]
OpenPublisher = Callable[..., TransactionalPublisher]

KEY = b'["shop",{"server":"shop"}]'


@pytest.fixture
def kafka_settings(kafka: KafkaCluster) -> dict[str, str]:
    """As in a configuration file."""
    return {"bootstrap.servers": kafka.bootstrap}


@pytest.fixture
def new_topic(kafka_settings: dict[str, str], unique_name: Callable[[str], str]) -> NewTopic:
    """Creates a topic: `new_topic(partitions=2)`; the arguments are TopicSpec's."""

    def make(partitions: int = 1, **spec: object) -> str:
        name = unique_name("topic")
        Topics(kafka_settings).ensure([TopicSpec(name, partitions, **spec)])  # type: ignore[arg-type]
        return name

    return make


@pytest.fixture
def read_all(kafka_settings: dict[str, str]) -> ReadAll:
    """Everything a read_committed reader sees of a topic up to its high watermark."""

    def read(topic: str) -> list[Consumed]:
        with TopicReader(kafka_settings, topic, stall_seconds=20) as reader:
            return list(reader.read_to(reader.ends()))

    return read


@pytest.fixture
def open_publisher(kafka_settings: dict[str, str], unique_name: Callable[[str], str]) -> Iterator[OpenPublisher]:
    """Opens publishers and closes them after the test: `open_publisher(offsets_topic, transactional_id="x")`."""
    with ExitStack() as opened:

        def make(
            offsets_topic: str, transactional_id: str = "", timeout_ms: int = 60_000, **settings: str
        ) -> TransactionalPublisher:
            publisher = TransactionalPublisher(
                kafka_settings | settings,
                transactional_id=transactional_id or unique_name("stream"),
                offsets_topic=offsets_topic,
                offsets_key=KEY,
                transaction_timeout_ms=timeout_ms,
            )
            publisher.open()
            opened.callback(publisher.close)
            return publisher

        yield make
