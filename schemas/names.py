"""Names that travel: topics, registry subjects and Avro names.

Called wherever a topic or a subject is named, so that no two rooms spell one differently.
"""

import re
from collections.abc import Iterable
from zlib import crc32

_NOT_IN_TOPIC = re.compile(r"[^A-Za-z0-9._-]")
_NOT_IN_AVRO_NAME = re.compile(r"[^A-Za-z0-9_]")


def topic_name(*parts: str) -> str:
    """Parts joined by dots; every character that Kafka does not allow becomes `_`, as in Debezium."""
    return _NOT_IN_TOPIC.sub("_", ".".join(parts))


def stream_topic(prefix: str, keyspace: str, shard: str) -> str:
    """Topic of the ordered change log of one source shard; its partitions are the target shards."""
    return topic_name(prefix, keyspace, shard)


def table_topic(prefix: str, database: str, table: str) -> str:
    """Topic of one table's change events."""
    return topic_name(prefix, database, table)


def heartbeat_topic(prefix: str) -> str:
    """Topic of the heartbeats that accompany table topics."""
    return topic_name("__debezium-heartbeat", prefix)


def transaction_topic(prefix: str) -> str:
    """Topic of transaction metadata."""
    return topic_name(prefix, "transaction")


def key_subject(topic: str) -> str:
    """Subject of a topic's key schema (TopicNameStrategy)."""
    return f"{topic}-key"


def value_subject(topic: str) -> str:
    """Subject of a topic's value schema (TopicNameStrategy)."""
    return f"{topic}-value"


def record_subject(topic: str, record: str) -> str:
    """Subject of one of many record types of a topic (TopicRecordNameStrategy); `record` = its full Avro name."""
    return f"{topic}-{record}"


def avro_name(text: str) -> str:
    """A legal Avro name, adjusted as Debezium does: bad characters become `_`, `_` goes before a leading digit."""
    name = _NOT_IN_AVRO_NAME.sub("_", text)
    return f"_{name}" if not name or name[0].isdigit() else name


def avro_full_name(text: str) -> str:
    """A legal dotted Avro name. Every part is adjusted, because readers check every part of a namespace."""
    return ".".join(avro_name(part) for part in text.split("."))


def injective_avro_name(text: str) -> str:
    """`avro_name`, with a checksum of the original behind it when it differs: `a b` and `a-b` stay two names."""
    name = avro_name(text)
    return name if name == text else f"{name}_{crc32(text.encode()):08x}"


def avro_field_names(names: Iterable[str]) -> tuple[str, ...]:
    """Legal Avro field names in the same order, unique: names that are legal already stay as they are."""
    originals = tuple(names)
    taken = {name for name in originals if avro_name(name) == name}
    result: list[str] = []
    for original in originals:
        name = avro_name(original)
        if name != original:
            base, suffix = name, 2
            while name in taken:
                name, suffix = f"{base}_{suffix}", suffix + 1
            taken.add(name)
        result.append(name)
    return tuple(result)
