"""Key ranges of keyspace ids: parse, print, contain. Called by rules, routing and the sink's configuration."""

from dataclasses import dataclass

from connector.model.errors import KeyRangeInvalid


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Half-open range [start, end) of keyspace ids; empty start or end = unbounded."""

    start: bytes = b""
    end: bytes = b""

    @classmethod
    def parse(cls, text: str) -> "KeyRange":
        """'-80', '40-80', '80-', '-' (everything); '0' is Vitess's name of the unsharded keyspace's only shard."""
        if text == "0":
            return cls()
        low, dash, high = text.partition("-")
        try:
            start, end = bytes.fromhex(low), bytes.fromhex(high)
        except ValueError:
            raise KeyRangeInvalid(f"not a key range: {text!r}") from None
        if not dash or " " in text or (start and end and start >= end):
            raise KeyRangeInvalid(f"not a key range: {text!r}")
        return cls(start, end)

    def contains(self, keyspace_id: bytes) -> bool:
        """Whether the id is in the range, compared as unsigned bytes."""
        return self.start <= keyspace_id and (not self.end or keyspace_id < self.end)

    def __str__(self) -> str:
        return f"{self.start.hex()}-{self.end.hex()}"


def parse_shards(text: str) -> tuple[KeyRange, ...]:
    """A sharding specification such as '-40,40-80,80-': sorted, without gap or overlap, covering everything."""
    shards = tuple(sorted((KeyRange.parse(part.strip()) for part in text.split(",")), key=lambda shard: shard.start))
    borders = [b"", *(shard.end for shard in shards[:-1])]
    if [shard.start for shard in shards] != borders or shards[-1].end:
        raise KeyRangeInvalid(f"shards {text!r} leave a gap or overlap")
    return shards
