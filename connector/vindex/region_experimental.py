"""Vitess's `region_experimental`: a region's number in front of the id's hash. Built by `connector.vindex.registry`.

Parameter: `region_bytes`, 1 or 2.
"""

from typing import ClassVar, Self

from connector.model.errors import ConfigError, VindexUnmappable
from connector.model.keyrange import KeyRange
from connector.model.table import Row, Value
from connector.vindex.base import Build, Params, Vindex, range_of_prefix, unsigned
from connector.vindex.hash import HashVindex


class RegionExperimentalVindex(Vindex):
    """Columns (region, id): all rows of a region are in one key range."""

    name: ClassVar[str] = "region_experimental"
    parameters: ClassVar[frozenset[str]] = frozenset({"region_bytes"})
    cost = 1
    reads_numbers = (True, True)

    def __init__(self, region_bytes: int) -> None:
        """The low `region_bytes` bytes of the region count, as in Vitess."""
        self._region_bytes = region_bytes
        self._id = HashVindex().hash

    @classmethod
    def of(cls, params: Params, build: Build) -> Self:
        """From the parameter."""
        if "region_bytes" not in params:
            raise ConfigError("region_experimental needs region_bytes")
        if params["region_bytes"] not in ("1", "2"):
            raise ConfigError(f"region_experimental's region_bytes must be 1 or 2, not {params['region_bytes'][:60]!r}")
        return cls(int(params["region_bytes"]))

    def map(self, values: Row) -> bytes:
        """Takes two unsigned 64-bit integers, or text of them."""
        if len(values) != self.columns:
            raise VindexUnmappable(f"region_experimental over 2 columns got {len(values)} values", vindex=self.name)
        region, row_id = values
        return self._prefix(region) + self._id(unsigned(row_id, self.name))

    def prefix_range(self, values: Row) -> KeyRange:
        """The range of a region."""
        (region,) = values
        return range_of_prefix(self._prefix(region))

    def _prefix(self, region: Value) -> bytes:
        number = unsigned(region, self.name) % (1 << 8 * self._region_bytes)
        return number.to_bytes(self._region_bytes, "big")
