"""Makes librdkafka clients: configuration errors typed, background errors latched, its log lines on our logger.

Called by every module of this room that talks to a broker.
"""

import logging
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from connector.kafka.config import client_config, refused
from connector.kafka.errors import ALL_BROKERS_DOWN, AUTHENTICATION, kafka_error
from connector.model.errors import KafkaAccessDenied, KafkaUnreachable, RowcastError

logger = logging.getLogger("rowcast.kafka")


class ForeignProperties(logging.Filter):
    """Drops librdkafka's remark that a producer's property does nothing in a consumer: [kafka] is one table for all
    roles."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        return not (text.startswith("CONFWARN") and "property and will be ignored" in text)


logger.addFilter(ForeignProperties())


class Latch:
    """Keeps what a client reports in the background until the calling thread asks: callbacks latch, the loop raises."""

    def __init__(self) -> None:
        self._denied: KafkaError | None = None
        self._last: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """librdkafka's error_cb."""
        if error.code() in (AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED):
            self._denied = error
        elif error.code() != ALL_BROKERS_DOWN or self._last is None:
            self._last = error

    def check(self) -> None:
        """Raises KafkaAccessDenied when a broker refused our credentials: librdkafka itself would try for ever."""
        if self._denied is not None:
            denied, self._denied = self._denied, None
            raise KafkaAccessDenied(
                f"the broker refused the connection: {denied.str()}",
                hint="Check sasl.mechanism, sasl.username and sasl.password (or the client certificate) in [kafka].",
            )

    def unreachable(self, what: str, *, hint: str | None = None, **context: object) -> RowcastError:
        """The error for a deadline that passed, with the last thing that was heard of the brokers."""
        heard = f": {self._last.str()}" if self._last is not None else ""
        return KafkaUnreachable(f"{what}{heard}", hint=hint, **context)


def open_producer(kafka: Mapping[str, str], latch: Latch, own: Mapping[str, str]) -> Producer:
    """A producer; `own` are properties that rowcast sets and the user cannot."""
    config = client_config(kafka, role="producer") | dict(own)
    try:
        return Producer(config | {"error_cb": latch, "logger": logger})
    except KafkaException as raised:
        raise refused(kafka_error(raised).str(), config) from None


def open_consumer(kafka: Mapping[str, str], latch: Latch, own: Mapping[str, str] | None = None) -> Consumer:
    """A read_committed consumer without a group: it is assigned partitions and offsets by its owner."""
    config = client_config(kafka, role="consumer") | dict(own or {})
    try:
        return Consumer(config | {"error_cb": latch, "logger": logger})
    except KafkaException as raised:
        raise refused(kafka_error(raised).str(), config) from None


def open_admin(kafka: Mapping[str, str], latch: Latch) -> AdminClient:
    """A client for metadata and topics. Keep it until its answers are read: dropping it fails them."""
    config = client_config(kafka, role="admin")
    try:
        return AdminClient(config | {"error_cb": latch, "logger": logger})
    except KafkaException as raised:
        raise refused(kafka_error(raised).str(), config) from None
