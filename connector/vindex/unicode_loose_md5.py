"""Vitess's `unicode_loose_md5`: MD5 of what a text weighs. Built by `connector.vindex.registry`."""

from hashlib import md5
from typing import ClassVar

from connector.model.table import Value
from connector.vindex.base import SingleColumn
from connector.vindex.weights import loose_key


class UnicodeLooseMd5Vindex(SingleColumn):
    """The same keyspace id for texts that differ in case or accents (`connector.vindex.weights`); NULL is empty."""

    name: ClassVar[str] = "unicode_loose_md5"
    hashing: ClassVar[bool] = True
    cost = 1

    def hash(self, value: Value) -> bytes:
        """Takes text, numbers by their text, and bytes that are UTF-8."""
        return md5(loose_key(value, self.name), usedforsecurity=False).digest()
