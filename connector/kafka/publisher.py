"""The stream's publisher: rows and the position record in one Kafka transaction.

Driven by the source task (one thread): `open`, read the position, then `produce` any number of times and
`commit(checkpoint)`, again and again. After any error start anew: `open`, stored position.
"""

from collections.abc import Mapping

from connector.kafka.transaction import TRANSACTION_TIMEOUT_MS, TransactionalProducer
from connector.model.record import Record


class TransactionalPublisher(TransactionalProducer):
    """One stream's publisher. offsets_topic has one partition and is the stream's own; offsets_key is its only key."""

    def __init__(
        self,
        kafka: Mapping[str, str],
        *,
        transactional_id: str,
        offsets_topic: str,
        offsets_key: bytes,
        transaction_timeout_ms: int = TRANSACTION_TIMEOUT_MS,
    ) -> None:
        super().__init__(kafka, transactional_id=transactional_id, transaction_timeout_ms=transaction_timeout_ms)
        self._offsets_topic = offsets_topic
        self._offsets_key = offsets_key

    def commit(self, checkpoint_json: bytes) -> None:
        """Commit the open transaction with its position; without records it is a heartbeat that moves the position."""
        self.produce([Record(self._offsets_topic, 0, self._offsets_key, checkpoint_json)])
        self.commit_transaction()
