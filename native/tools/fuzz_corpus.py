"""Writes seeds for the fuzz targets from the recorded streams of tests/vectors to native/fuzz/corpus/<target>/.

python native/tools/fuzz_corpus.py
"""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "native" / "fuzz" / "corpus"
TABLE_MAP, PAYLOAD = 19, 40
KINDS = {"WRITE_ROWS_V2": 4, "UPDATE_ROWS_V2": 5, "DELETE_ROWS_V2": 6, "PARTIAL_UPDATE_ROWS": 7}
"""Rows events by name: kind in the low bits, bit 2 = version 2."""


def _vectors(name: str) -> Any:
    return json.loads(gzip.decompress((ROOT / "tests" / "vectors" / f"{name}.json.gz").read_bytes()))


def _packets(stream: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(stream):
        size = int.from_bytes(stream[at : at + 3], "little")
        yield stream[at : at + 4 + size]
        at += 4 + size


def _seeds() -> Iterator[tuple[str, bytes]]:
    for name in ("binlog_dump", "native_dump"):
        packets = list(_packets(base64.b64decode(_vectors(name)["stream"])))
        yield from (("stream", b"\x07" + b"".join(packets[at : at + 12])) for at in range(0, len(packets), 12))
        yield "stream", b"\x40" + b"".join(packets[:40])
        yield from (("payload", b"\x03" + packet[24:-4]) for packet in packets if packet[9] == PAYLOAD)
    types = _vectors("binlog_types")
    for events in types["events"].values():
        table_map = b""
        for kind, text in events:
            body = bytes.fromhex(text)
            if kind == "TABLE_MAP":
                table_map = body
            elif kind in KINDS:
                yield "rows", len(table_map).to_bytes(2, "little") + bytes([KINDS[kind]]) + table_map + body
    for case in types["cases"]:
        if "jsonb_hex" in case.get("wire", {}):
            document = bytes.fromhex(case["wire"]["jsonb_hex"])
            yield "json", len(document).to_bytes(2, "little") + document


def main() -> None:
    """Write them; names are numbers."""
    for number, (target, data) in enumerate(_seeds()):
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"seed-{number:05d}").write_bytes(data)


if __name__ == "__main__":
    main()
