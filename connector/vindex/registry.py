"""The vindex types that rowcast has, by name. Called by `connector.rules`."""

from connector.model.errors import VindexUnknown
from connector.model.plan import VindexRef
from connector.vindex.base import Vindex
from connector.vindex.binary import BinaryVindex
from connector.vindex.hash import HashVindex
from connector.vindex.xxhash import XxhashVindex

VINDEXES: dict[str, type[Vindex]] = {
    BinaryVindex.name: BinaryVindex,
    HashVindex.name: HashVindex,
    XxhashVindex.name: XxhashVindex,
}


def vindex_class(type_name: str) -> type[Vindex]:
    """The class of a type (names are case-sensitive, as in Vitess); raises VindexUnknown."""
    found = VINDEXES.get(type_name)
    if found is None:
        raise VindexUnknown(f"no vindex type {type_name!r}; there are {', '.join(sorted(VINDEXES))}")
    return found


def build(ref: VindexRef) -> Vindex:
    """A new vindex of the type that `ref` names; raises VindexUnknown.

    Parameters are accepted and ignored, as Vitess does for types that know none.
    """
    return vindex_class(ref.type)()
