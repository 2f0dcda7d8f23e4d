"""Vitess's `region_json`: a region's number, found by name, in front of the id's hash. Built by `registry`.

Parameters: `region_map_content`, a JSON object from name to number (the configuration layer reads the file that
`region_map` names, as in Vitess, and gives it here), and `region_bytes`, 1 or 2.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

from connector.model.errors import ConfigError, VindexUnmappable
from connector.model.table import Row
from connector.vindex.base import Build, Params, Vindex, text_bytes, unsigned
from connector.vindex.hash import HashVindex
from connector.vindex.parameters import integer, number_map


class RegionJsonVindex(Vindex):
    """Columns (id, region): all rows of a region are in one key range."""

    name: ClassVar[str] = "region_json"
    parameters: ClassVar[frozenset[str]] = frozenset({"region_bytes", "region_map", "region_map_content"})
    cost = 1
    reads_numbers = (True, False)

    def __init__(self, regions: Mapping[str, int], region_bytes: int) -> None:
        """The low `region_bytes` bytes of the numbers count, as in Vitess."""
        self._prefixes = {
            region.encode("utf-8", "surrogatepass"): (number % (1 << 8 * region_bytes)).to_bytes(region_bytes, "big")
            for region, number in regions.items()
        }
        self._id = HashVindex().hash

    @classmethod
    def of(cls, params: Params, build: Build) -> Self:
        """From the two parameters."""
        if "region_map_content" not in params:
            raise ConfigError(
                "region_json needs region_map",
                hint="Files are read from the configuration file alone; elsewhere give region_map_content.",
            )
        regions = number_map(params["region_map_content"], "region_json's region_map")
        region_bytes = integer(params.get("region_bytes", ""), "region_json's region_bytes")
        if region_bytes not in (1, 2):
            raise ConfigError(f"region_json's region_bytes must be 1 or 2, not {region_bytes}")
        return cls(regions, region_bytes)

    def map(self, values: Row) -> bytes:
        """Takes an unsigned 64-bit integer and the name of a region that the map has."""
        if len(values) != self.columns:
            raise VindexUnmappable(f"region_json over 2 columns got {len(values)} values", vindex=self.name)
        row_id, region = values
        prefix = self._prefixes.get(text_bytes(region, self.name))
        if prefix is None:
            raise VindexUnmappable("region_json has no number for the region of a row", vindex=self.name)
        return prefix + self._id(unsigned(row_id, self.name))
