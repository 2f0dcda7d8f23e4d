"""One partition of a real broker: where it starts, what it sees, when it is lost."""

import pickle
import time

import pytest

from connector.model.errors import KafkaConfigInvalid, KafkaUnreachable, MessageInvalid, OffsetLost, TopicInvalid
from connector.model.message import StreamMessage
from sinks.consumer import PartitionConsumer
from tests.integration.sinks.conftest import Topic
from tests.unit.sinks.streams import insert, message

STREAM = [message(seq, insert((seq, "x"))) for seq in range(1, 11)]


def read_to(reader: PartitionConsumer, offset: int, limit: int = 64) -> list[StreamMessage]:
    """Everything below the offset."""
    found: list[StreamMessage] = []
    deadline = time.monotonic() + 30
    while reader.next_offset < offset:
        assert time.monotonic() < deadline, f"at {reader.next_offset} of {offset}"
        found += [pickle.loads(record.value) for record in reader.fetch(limit, 0.1)]
    return found


def test_reads_committed_records_and_reaches_the_end(topic: Topic) -> None:
    topic.write(*STREAM[:3])
    topic.write(message(99), commit=False)
    topic.write(*STREAM[3:])
    reader = topic.reader()
    end = reader.high_watermark()
    assert end > len(STREAM)  # control records take offsets
    reader.assign(None)
    assert read_to(reader, end) == STREAM
    assert reader.next_offset == end
    reader.close()
    reader.close()


def test_goes_on_at_an_offset(topic: Topic) -> None:
    topic.write(*STREAM)
    reader = topic.reader()
    reader.assign(4)
    assert read_to(reader, 10) == STREAM[4:]
    reader.assign(8)  # and back again, as after a conflict
    assert read_to(reader, 10) == STREAM[8:]
    reader.assign(0)
    assert read_to(reader, 10) == STREAM
    reader.close()


def test_partitions_are_apart(topic: Topic) -> None:
    topic.write(*STREAM[:2])
    topic.write(*STREAM[5:7], partition=1)
    reader = topic.reader(partition=1)
    reader.assign(None)
    assert read_to(reader, 2) == STREAM[5:7]
    reader.close()


def test_fetches_no_more_than_asked_for(topic: Topic) -> None:
    topic.write(*STREAM)
    reader = topic.reader()
    reader.assign(None)
    deadline = time.monotonic() + 30
    while not (first := reader.fetch(3, 0.1)):
        assert time.monotonic() < deadline
    assert 1 <= len(first) <= 3
    reader.close()


def test_a_deleted_offset_is_lost(topic: Topic) -> None:
    topic.write(*STREAM)
    topic.delete_before(5)
    reader = topic.reader()
    with pytest.raises(OffsetLost) as raised:
        reader.assign(4)
    assert (raised.value.context["offset"], raised.value.context["oldest"]) == (4, 5)
    reader.assign(None)
    assert read_to(reader, 10) == STREAM[5:]
    reader.close()


def test_an_offset_beyond_the_end_is_lost(topic: Topic) -> None:
    topic.write(*STREAM)
    reader = topic.reader()
    reader.assign(1000)
    deadline = time.monotonic() + 30

    def poll_until_it_shows() -> None:
        while time.monotonic() < deadline:
            reader.fetch(10, 0.1)

    with pytest.raises(OffsetLost):
        poll_until_it_shows()
    reader.close()


def test_a_topic_that_does_not_exist_yet_may_come(topic: Topic) -> None:
    reader = PartitionConsumer(topic.settings, topic.name + "_later", 0)
    with pytest.raises(KafkaUnreachable):
        reader.assign(None)
    reader.close()


def test_a_partition_too_many(topic: Topic) -> None:
    reader = topic.reader(partition=2)
    with pytest.raises(TopicInvalid, match="2 partitions"):
        reader.assign(None)
    reader.close()


def test_a_topic_that_its_source_has_not_made_yet(topic: Topic) -> None:
    reader = PartitionConsumer(topic.settings, f"{topic.name}_later", 0)
    with pytest.raises(KafkaUnreachable, match="does not exist yet") as caught:
        reader.assign(None)
    assert "start it" in caught.value.remedy
    reader.close()


def test_an_unreachable_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.consumer.REQUEST_TIMEOUT_S", 0.5)
    reader = PartitionConsumer({"bootstrap.servers": "127.0.0.1:1"}, "t", 0)
    with pytest.raises(KafkaUnreachable):
        reader.assign(None)
    reader.close()


def test_a_setting_that_librdkafka_refuses() -> None:
    with pytest.raises(KafkaConfigInvalid):
        PartitionConsumer({"bootstrap.servers": "127.0.0.1:1", "no.such.setting": "1"}, "t", 0)


def test_settings_of_the_file_cannot_weaken_the_reader(topic: Topic) -> None:
    topic.write(message(99), commit=False)
    topic.write(*STREAM)
    weak = {**topic.settings, "isolation.level": "read_uncommitted", "auto.offset.reset": "latest"}
    reader = PartitionConsumer(weak, topic.name, 0)
    end = reader.high_watermark()
    reader.assign(None)
    assert read_to(reader, end) == STREAM
    reader.close()


def test_a_record_without_a_value_is_not_a_message(topic: Topic) -> None:
    topic.write(STREAM[0])
    topic.tombstone()
    reader = topic.reader()
    reader.assign(0)
    with pytest.raises(MessageInvalid):
        read_to(reader, 100)
    reader.close()
