"""Vitess's `numeric_static_map`: a table from integers to keyspace ids. Built by `connector.vindex.registry`.

Parameters: `json`, an object from number to number; `fallback_type`, the vindex for numbers that it does not have. A
fallback that is not a hashing vindex is not asked (as in Vitess): such numbers are their own ids.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

from connector.model.errors import ConfigError
from connector.model.table import Value
from connector.vindex.base import UINT64_END, Build, Params, SingleColumn, unsigned
from connector.vindex.parameters import number_map


class NumericStaticMapVindex(SingleColumn):
    """Eight bytes, big-endian, of the number in the table; else the fallback's keyspace id, else the number's own."""

    name: ClassVar[str] = "numeric_static_map"
    parameters: ClassVar[frozenset[str]] = frozenset({"json", "json_path", "fallback_type"})
    hashing: ClassVar[bool] = True
    cost = 1
    reads_numbers = (True,)

    def __init__(self, table: Mapping[int, int], fallback: SingleColumn | None) -> None:
        self._table = table
        self._fallback = fallback

    @classmethod
    def of(cls, params: Params, build: Build) -> Self:
        """From `json` and `fallback_type`."""
        if "json_path" in params:
            both = "gives json and json_path, one of which is enough" if "json" in params else "names a file"
            raise ConfigError(
                f"numeric_static_map {both}", hint="Files are read from the configuration file alone; give json."
            )
        if "json" not in params:
            raise ConfigError("numeric_static_map needs json or json_path")
        table: dict[int, int] = {}
        for key, keyspace_number in number_map(params["json"], "numeric_static_map's json").items():
            if not (key.isascii() and key.isdigit() and len(key) <= 64 and int(key) < UINT64_END):
                raise ConfigError(f"numeric_static_map's json: {key[:60]!r} is not a whole number from 0 to 2^64-1")
            if table.setdefault(int(key), keyspace_number) != keyspace_number:
                raise ConfigError(f"numeric_static_map's json has the number {int(key)} twice")
        fallback = build(params["fallback_type"], {}) if "fallback_type" in params else None
        return cls(table, fallback if isinstance(fallback, SingleColumn) and fallback.hashing else None)

    def hash(self, value: Value) -> bytes:
        """Takes what is an unsigned 64-bit integer, or text of one."""
        number = unsigned(value, self.name)
        found = self._table.get(number)
        if found is None:
            if self._fallback is not None:
                return self._fallback.hash(value)
            found = number
        return found.to_bytes(8, "big")
