"""Heartbeat records that accompany table topics, as Debezium writes them.

Called by the source task when table topics are on and nothing else was sent.
"""

import orjson

from connector.encode.avro import encode_long, encode_string, framed
from connector.encode.envelope import EnvelopeOptions, avro_text, json_value, require_id
from connector.model.record import Record
from schemas.debezium import HEARTBEAT_KEY, HEARTBEAT_VALUE
from schemas.names import heartbeat_topic, key_subject, value_subject


def heartbeat_key_schema() -> str:
    """Avro schema of heartbeat keys."""
    return avro_text(HEARTBEAT_KEY)


def heartbeat_value_schema() -> str:
    """Avro schema of heartbeat values."""
    return avro_text(HEARTBEAT_VALUE)


def heartbeat_records(
    options: EnvelopeOptions, now_ms: int, *, key_schema_id: int | None = None, value_schema_id: int | None = None
) -> list[Record]:
    """The heartbeat of this moment (`now_ms` = ms since the epoch), for partition 0; the ids are for Avro formats."""
    topic = heartbeat_topic(options.prefix)
    if options.key_format == "avro":
        key = framed(require_id(key_schema_id, key_subject(topic))) + encode_string(options.prefix)
    else:
        key = json_value(HEARTBEAT_KEY, options.key_format, orjson.dumps({"serverName": options.prefix}))
    if options.value_format == "avro":
        value = framed(require_id(value_schema_id, value_subject(topic))) + encode_long(now_ms)
    else:
        value = json_value(HEARTBEAT_VALUE, options.value_format, orjson.dumps({"ts_ms": now_ms}))
    return [Record(topic, 0, key, value)]
