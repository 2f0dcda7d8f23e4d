"""What clients report in the background is raised by the calling thread; remarks about the other role are not
logged."""

import logging
import time

import pytest
from confluent_kafka import KafkaError

from connector.kafka.clients import Latch, logger, open_consumer
from connector.kafka.errors import code
from connector.model.errors import KafkaAccessDenied


def test_refused_credentials_are_raised_once() -> None:
    latch = Latch()
    latch.check()
    latch(KafkaError(code("_AUTHENTICATION"), "SASL authentication error"))
    with pytest.raises(KafkaAccessDenied, match="SASL authentication error"):
        latch.check()
    latch.check()


def test_an_unreachable_cluster_is_described_by_what_was_last_heard() -> None:
    latch = Latch()
    assert str(latch.unreachable("nothing came")) == "nothing came"
    latch(KafkaError(code("_TRANSPORT"), "Connection refused"))
    latch(KafkaError(code("_ALL_BROKERS_DOWN"), "1/1 brokers are down"))
    assert str(latch.unreachable("nothing came", topic="t")) == "nothing came: Connection refused (topic=t)"


def test_librdkafkas_lines_go_to_our_logger_without_remarks_about_other_roles(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, logger.name):
        consumer = open_consumer({"bootstrap.servers": "127.0.0.1:1", "linger.ms": "7"}, Latch())
        deadline = time.monotonic() + 20
        while not any("Connection refused" in record.getMessage() for record in caplog.records):
            assert time.monotonic() < deadline
            consumer.poll(0.1)
        consumer.close()
    texts = [record.getMessage() for record in caplog.records]
    assert any("Connection refused" in text for text in texts)
    assert not any("will be ignored" in text for text in texts)
