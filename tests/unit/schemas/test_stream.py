"""stream.avsc and the checksum."""

import json
from zlib import crc32

import fastavro

from schemas import stream


def test_the_schema_is_avro_and_its_branches_are_where_the_constants_say() -> None:
    schema = json.loads(stream.stream_schema())
    fastavro.parse_schema(schema)
    assert f"{schema['namespace']}.{schema['name']}" == stream.MESSAGE
    body = next(field["type"] for field in schema["fields"] if field["name"] == "body")
    indexes = {
        "Transaction": stream.TRANSACTION,
        "Copy": stream.COPY,
        "Ddl": stream.DDL,
        "Other": stream.OTHER,
        "Heartbeat": stream.HEARTBEAT,
        "Journal": stream.JOURNAL,
        "CopyCompleted": stream.COPY_COMPLETED,
    }
    assert {branch["name"]: index for index, branch in enumerate(body)} == indexes


def test_the_checksum_runs_over_the_images_in_order() -> None:
    assert stream.images_crc32([b"ab", None, b"c"]) == crc32(b"abc")
    assert stream.images_crc32([b"c"], stream.images_crc32([b"ab"])) == crc32(b"abc")
    assert stream.images_crc32([]) == 0
