"""`rowcast tail TOPIC`: decoded messages, one per line, of stream and table topics alike.

Reads as read_committed. On a terminal lines are short and coloured; elsewhere, and with --json, each line is one
JSON object: {topic, partition, offset, timestamp_ms, key, value} (stream messages have their fields in `value`).
"""

import argparse
import base64
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from connector.config import Resolver, load_kafka
from connector.kafka.reader import Consumed, TopicReader
from connector.kafka.registry import open_registry
from sinks.messages import MessageDecoder

_COLOURS = {"c": "green", "r": "green", "u": "yellow", "d": "red", "t": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `rowcast tail`."""
    parser.add_argument("topic", metavar="TOPIC", help="a stream topic or a table topic")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE.toml", help="configuration with [kafka]")
    parser.add_argument("--file", type=Path, dest="named", metavar="FILE.toml", help="the same, by name")
    parser.add_argument("--kafka", metavar="HOST:PORT", help="bootstrap servers, instead of a file")
    parser.add_argument("--from-beginning", action="store_true", help="start at the oldest message, not the newest")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--max", type=int, metavar="N", help="end after N messages")
    parser.add_argument("--until-end", action="store_true", help="end at what is now the end of the topic")


def execute(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    settings = load_kafka(args.named or args.file, args.kafka)
    resolver = Resolver()
    kafka = settings.kafka.properties(resolver)
    decoder = MessageDecoder(open_registry(resolver.text(settings.schema_registry_url), kafka).schema)
    console = Console()
    plain = args.json or not console.is_terminal
    count = 0
    with TopicReader(kafka, args.topic, start="beginning" if args.from_beginning else "end") as reader:
        for record in _records(reader, until_end=args.until_end):
            if args.max is not None and count >= args.max:
                break
            count += 1
            message = decoder.any(record.topic, record.key, record.value)
            if plain:
                sys.stdout.write(json.dumps(_object(record, message), default=_plain, ensure_ascii=False) + "\n")
                sys.stdout.flush()
            else:
                console.print(_line(record, message), soft_wrap=True)
    return 0


def _records(reader: TopicReader, *, until_end: bool) -> Iterator[Consumed]:
    if until_end:
        ends = reader.ends()
        # Records behind the ends of now may come along; they are not ours to show.
        yield from (record for record in reader.read_to(ends) if record.offset < ends[record.partition])
        return
    while True:
        yield from reader.poll(0.5)


def _object(record: Consumed, message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        **message,
    }


def _plain(value: object) -> str:
    """Cells that JSON has no form for: bytes as base64."""
    return base64.b64encode(value).decode() if isinstance(value, bytes | bytearray) else str(value)


def _line(record: Consumed, message: Mapping[str, Any]) -> Text:
    """`partition:offset op key value`, coloured by operation."""
    value = message.get("value")
    operation = value.get("op") if isinstance(value, Mapping) else None
    shown = json.dumps(value, default=_plain, ensure_ascii=False)
    key = json.dumps(message.get("key"), default=_plain, ensure_ascii=False)
    line = Text(f"{record.partition}:{record.offset} ", style="dim")
    if isinstance(operation, str):
        line.append(f"{operation} ", style=_COLOURS.get(operation, "cyan"))
    line.append("" if key == "null" else f"{key} ", style="bold")
    line.append(shown)
    return line
