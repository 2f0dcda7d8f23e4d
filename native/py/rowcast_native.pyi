"""The native core of rowcast; `connector/transcode/native.py` gives what comes out of it its types."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict, final

__all__ = ["ABI", "NativeError", "Packed", "Plan", "RowTexts", "Transcoder", "version"]

ABI: int

_HalfSent = tuple[str, int, int, list[int]]
_Position = tuple[str, str, str, int, str, int, int, list[int], _HalfSent | None]
_Around = tuple[bytes, bytes]

class _Envelope(TypedDict):
    prefix: str
    connector_version: str
    tombstones: bool
    avro_keys: bool
    avro_values: bool
    heartbeat_topic: str
    heartbeat_key: bytes
    heartbeat_around: _Around

class NativeError(Exception): ...

def version() -> str: ...

@final
class Packed:
    def __len__(self) -> int: ...
    def counts(self) -> tuple[int, int]: ...
    def record(self, index: int) -> tuple[str, int, bytes | None, bytes | None, list[tuple[str, bytes]]]: ...
    def runs(
        self, count: Callable[[str], int], large: int, callback: Callable[..., None]
    ) -> list[tuple[str, int, list[dict[str, Any]], int, int, bool]]: ...

@final
class Plan: ...

@final
class RowTexts:
    def __new__(
        cls,
        columns: Sequence[tuple[str, str]],
        written: Sequence[tuple[int, str]],
        key: Sequence[tuple[int, str]],
        enums: Sequence[int],
    ) -> RowTexts: ...
    def values(self, image: bytes) -> tuple[str, bool] | None: ...
    def key(self, image: bytes) -> str | None: ...
    def assignments(self, image: bytes) -> tuple[str, bool] | None: ...
    def condition(self, image: bytes) -> str | None: ...

@final
class Transcoder:
    def __new__(
        cls,
        *,
        keyspace: str,
        stream: tuple[str, int, int, int] | None,
        envelope: _Envelope | None,
        tx_chunk_rows: int,
        tx_chunk_bytes: int,
        output_bytes: int,
        each_commit: bool,
        start: _Position,
        executed: str,
    ) -> Transcoder: ...
    def bind(
        self,
        json: str,
        row_schema: int,
        table_topic: tuple[str, _Around, _Around] | None,
        sort_key: Callable[[str, str, str], bytes | str],
    ) -> Plan: ...
    def feed(self, chunk: bytes, now_us: int) -> list[tuple[Any, ...]]: ...
    def provide(self, plan: Plan | None) -> None: ...
    def copy_rows(
        self, plan: Plan, rows: Sequence[tuple[int | float | str | bytes | None, ...]], now_us: int
    ) -> tuple[Packed, int]: ...
    def copy_done(self, plan: Plan, now_us: int) -> Packed: ...
    def copy_completed(self, now_us: int) -> Packed: ...
    def heartbeat(self, now_us: int) -> Packed: ...
    def state(self) -> tuple[bool, bool]: ...
    def checkpoint(self) -> _Position: ...
