"""Vitess's `cfc` (concatenated fixed-width components). Built by `connector.vindex.registry`.

Parameters: `hash` (md5 or xxhash64; without it the value is the keyspace id) and `offsets`, where the components of a
value end, such as [2,4]; what is left is the last one. Each component's hash is cut to the component's length.
"""

from collections.abc import Callable
from hashlib import md5
from typing import ClassVar, Self

from xxhash import xxh64_intdigest

from connector.model.errors import ConfigError, VindexUnmappable
from connector.model.keyrange import KeyRange
from connector.model.table import Row, Value
from connector.vindex.base import Build, Params, SingleColumn, range_of_prefix, text_bytes
from connector.vindex.parameters import ascending_offsets

_HASHES: dict[str, Callable[[bytes], bytes]] = {
    "md5": lambda component: md5(component, usedforsecurity=False).digest(),
    "xxhash64": lambda component: xxh64_intdigest(component).to_bytes(8, "little"),
}
_ESCAPES = {ord(char): byte for char, byte in zip("0bnrtZ", b"\0\b\n\r\t\x1a", strict=True)}


class CfcVindex(SingleColumn):
    """Rows whose values begin alike have keyspace ids that begin alike."""

    name: ClassVar[str] = "cfc"
    parameters: ClassVar[frozenset[str]] = frozenset({"hash", "offsets"})
    cost = 1

    def __init__(self, hashed: Callable[[bytes], bytes] | None = None, offsets: tuple[int, ...] = ()) -> None:
        self._hashed = hashed
        self._offsets = offsets

    @classmethod
    def of(cls, params: Params, build: Build) -> Self:
        """From `hash` and `offsets`, which nobody reads without `hash`."""
        name = params.get("hash", "")
        if not name:
            return cls()
        if name not in _HASHES:
            raise ConfigError(f"cfc has no hash {name[:60]!r}; there are {', '.join(_HASHES)}")
        if "offsets" not in params:
            raise ConfigError("cfc with a hash needs offsets")
        return cls(_HASHES[name], ascending_offsets(params["offsets"], "cfc's offsets"))

    def hash(self, value: Value) -> bytes:
        """Takes every value but a float, with `offsets` not shorter than the last of them."""
        text = text_bytes(value, self.name)
        if self._offsets and len(text) < self._offsets[-1]:
            raise VindexUnmappable(
                f"cfc has no keyspace id for a value of {len(text)} bytes; {self._offsets[-1]} are needed",
                vindex=self.name,
            )
        return self._components(text)

    def prefix_range(self, values: Row) -> KeyRange:
        """The range of what a LIKE pattern finds, as far as whole components before its first wildcard tell."""
        (pattern,) = values
        return range_of_prefix(self._components(like_prefix(text_bytes(pattern, self.name))))

    def _components(self, text: bytes) -> bytes:
        if self._hashed is None:
            return text
        found = b""
        start = 0
        for end in (*self._offsets, max(len(text), self._offsets[-1])):
            if end > len(text):
                break
            found += self._hashed(text[start:end])[: end - start]
            start = end
        return found


def like_prefix(pattern: bytes) -> bytes:
    """What a LIKE pattern begins with, up to its first wildcard; escapes are those of MySQL's text literals."""
    prefix = bytearray()
    bytes_left = iter(pattern)
    for byte in bytes_left:
        if byte in b"%_":
            break
        if byte == ord("\\"):
            escaped = next(bytes_left, byte)
            byte = _ESCAPES.get(escaped, escaped)
        prefix.append(byte)
    return bytes(prefix)
