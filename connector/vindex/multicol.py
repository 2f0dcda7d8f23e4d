"""Vitess's `multicol`: some bytes of the keyspace id from each of up to eight columns. Built by `registry`.

Parameters: `column_count`; `column_vindex`, the columns' vindexes (`hash` where there is none); `column_bytes`, how
many bytes each column gives (what is left of eight, evenly, where there is none). The columns' vindexes get all the
other parameters.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

from connector.model.errors import ConfigError, VindexUnmappable
from connector.model.keyrange import KeyRange
from connector.model.table import Row
from connector.vindex.base import Build, Params, SingleColumn, Vindex, range_of_prefix
from connector.vindex.parameters import integer

_LENGTH = 8  # bytes of a keyspace id


class MulticolVindex(Vindex):
    """The first bytes of each column's own keyspace id, one behind the other."""

    name: ClassVar[str] = "multicol"
    parameters: ClassVar[frozenset[str]] = frozenset({"column_count", "column_bytes", "column_vindex"})

    def __init__(self, vindexes: Sequence[SingleColumn], lengths: Sequence[int]) -> None:
        self._vindexes = tuple(vindexes)
        self._lengths = tuple(lengths)
        self.reads_numbers = tuple(vindex.reads_numbers[0] for vindex in vindexes)
        self.cost = sum(vindex.cost for vindex in vindexes)

    @classmethod
    def of(cls, params: Params, build: Build) -> Self:
        """From the three parameters."""
        if "column_count" not in params:
            raise ConfigError("multicol needs column_count")
        count = integer(params["column_count"], "multicol's column_count")
        if not 1 <= count <= _LENGTH:
            raise ConfigError(f"multicol's column_count must be 1 to {_LENGTH}, not {count}")
        lengths = _lengths(params.get("column_bytes", ""), count)
        others = {name: value for name, value in params.items() if name not in cls.parameters}
        return cls(_vindexes(params.get("column_vindex", ""), count, others, build), lengths)

    def map(self, values: Row) -> bytes:
        """Takes as many values as there are columns, each one that its vindex takes."""
        if len(values) != self.columns:
            raise VindexUnmappable(f"multicol over {self.columns} columns got {len(values)} values", vindex=self.name)
        return self._nonempty(self._joined(values))

    def prefix_range(self, values: Row) -> KeyRange:
        """The range of rows whose first columns have these values."""
        if len(values) >= self.columns:
            raise VindexUnmappable(f"multicol over {self.columns} columns has no range of so many", vindex=self.name)
        return range_of_prefix(self._joined(values))

    def _joined(self, values: Row) -> bytes:
        joined = b""
        reserved = 0
        for value, vindex, length in zip(values, self._vindexes, self._lengths, strict=False):
            # A column in front that gave fewer bytes than it may: zeros keep the places of those behind.
            joined = joined.ljust(reserved, b"\0") + vindex.hash(value)[: max(length, 0)]
            reserved += length
        return joined

    def _nonempty(self, keyspace_id: bytes) -> bytes:
        if not keyspace_id:
            raise VindexUnmappable("multicol has no keyspace id for empty values", vindex=self.name)
        return keyspace_id


def _lengths(text: str, count: int) -> list[int]:
    given = text.split(",")
    if len(given) > count:
        raise ConfigError(f"multicol's column_bytes are for {len(given)} columns, column_count is {count}")
    lengths: list[int | None] = [integer(each, "multicol's column_bytes") if each else None for each in given]
    lengths += [None] * (count - len(lengths))
    left = _LENGTH - sum(length for length in lengths if length is not None)
    if left < 0:
        raise ConfigError(f"multicol's column_bytes are more than {_LENGTH} together")
    unset = lengths.count(None)
    shared: list[int] = []
    for length in lengths:
        if length is None:
            length = -(-left // unset)
            left -= length
            unset -= 1
        shared.append(length)
    return shared


def _vindexes(text: str, count: int, params: Params, build: Build) -> list[SingleColumn]:
    names = [name.strip() or "hash" for name in text.split(",")]
    if len(names) > count:
        raise ConfigError(f"multicol's column_vindex is for {len(names)} columns, column_count is {count}")
    names += ["hash"] * (count - len(names))
    vindexes: list[SingleColumn] = []
    for name in names:
        vindex = build(name, params)
        if not isinstance(vindex, SingleColumn) or not vindex.hashing:
            raise ConfigError(f"multicol cannot have {name} inside: it takes hashing vindexes of one column")
        vindexes.append(vindex)
    return vindexes
