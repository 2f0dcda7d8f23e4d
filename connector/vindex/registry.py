"""The vindex types that rowcast has, by Vitess's names. Called by `connector.rules`."""

from connector.model.errors import VindexUnknown
from connector.model.plan import VindexRef
from connector.vindex.base import Params, Vindex
from connector.vindex.binary import BinaryVindex
from connector.vindex.binary_md5 import BinaryMd5Vindex
from connector.vindex.cfc import CfcVindex
from connector.vindex.hash import HashVindex
from connector.vindex.multicol import MulticolVindex
from connector.vindex.null import NullVindex
from connector.vindex.numeric import NumericVindex
from connector.vindex.numeric_static_map import NumericStaticMapVindex
from connector.vindex.region_experimental import RegionExperimentalVindex
from connector.vindex.region_json import RegionJsonVindex
from connector.vindex.reverse_bits import ReverseBitsVindex
from connector.vindex.unicode_loose_md5 import UnicodeLooseMd5Vindex
from connector.vindex.unicode_loose_xxhash import UnicodeLooseXxhashVindex
from connector.vindex.xxhash import XxhashVindex

_ALL: tuple[type[Vindex], ...] = (
    BinaryVindex, BinaryMd5Vindex, CfcVindex, HashVindex, MulticolVindex, NullVindex, NumericVindex,
    NumericStaticMapVindex, RegionExperimentalVindex, RegionJsonVindex, ReverseBitsVindex, UnicodeLooseMd5Vindex,
    UnicodeLooseXxhashVindex, XxhashVindex,
)  # fmt: skip

VINDEXES: dict[str, type[Vindex]] = {vindex.name: vindex for vindex in _ALL}

LOOKUPS = frozenset(
    {
        "consistent_lookup", "consistent_lookup_unique", "lookup", "lookup_unique", "lookup_hash",
        "lookup_hash_unique", "lookup_unicodeloosemd5_hash", "lookup_unicodeloosemd5_hash_unique",
    }
)  # fmt: skip
"""Vitess's types that ask a table. A vschema may have them; nothing is ever sharded by them here."""


def vindex_class(type_name: str) -> type[Vindex]:
    """The class of a type (names are case-sensitive, as in Vitess); raises VindexUnknown."""
    found = VINDEXES.get(type_name)
    if found is not None:
        return found
    if type_name in LOOKUPS:
        raise VindexUnknown(
            f"vindex type {type_name!r} asks a lookup table, which a stream cannot",
            hint="Name a vindex that computes the keyspace id from the row alone, such as the table's primary vindex.",
        )
    spelt = type_name.lower()
    raise VindexUnknown(
        f"no vindex type {type_name[:60]!r}; there are {', '.join(VINDEXES)}",
        hint=f"Write {spelt}: names of vindexes are in lower case."
        if spelt in VINDEXES
        else "Name one of these types.",
    )


def build(ref: VindexRef) -> Vindex:
    """A new vindex of the type that `ref` names. Raises VindexUnknown, and ConfigError for parameters that do not fit.

    Parameters that the type does not know are ignored, as in Vitess; `unknown_params` lists them.
    """
    return _build(ref.type, dict(ref.params))


def unknown_params(ref: VindexRef) -> tuple[str, ...]:
    """Names of parameters that nothing reads, sorted; raises VindexUnknown. multicol hands all others on: none."""
    known = vindex_class(ref.type)
    if known is MulticolVindex:
        return ()
    return tuple(sorted(name for name, _ in ref.params if name not in known.parameters))


def _build(type_name: str, params: Params) -> Vindex:
    return vindex_class(type_name).of(params, _build)
