"""The wire contract of stream topics: the text of `stream.avsc` and the checksum over row images.

Called by `connector.encode.stream`, by the transcoder and by `sinks.messages`: writer and reader share one definition.
"""

import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from zlib import crc32

MESSAGE = "rowcast.stream.Message"
# Branches of `body` in the order of stream.avsc: an Avro union is written as the index of its branch.
TRANSACTION, COPY, DDL, OTHER, HEARTBEAT, JOURNAL, COPY_COMPLETED = range(7)


@cache
def stream_schema() -> str:
    """The Avro schema of stream messages as it is registered: compact JSON, the same text in every process."""
    text = files("schemas").joinpath("stream.avsc").read_text(encoding="utf-8")
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


def images_crc32(images: Iterable[bytes | None], start: int = 0) -> int:
    """CRC-32 (zlib's) over row images one after the other; `start` = the result so far. None = no image, no change.

    Order: change by change, the before image first.
    """
    for image in images:
        if image is not None:
            start = crc32(image, start)
    return start
