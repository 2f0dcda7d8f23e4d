"""Vitess's `binary_md5`: MD5 of the value's text. Built by `connector.vindex.registry`."""

from hashlib import md5
from typing import ClassVar

from connector.model.table import Value
from connector.vindex.base import SingleColumn, text_bytes


class BinaryMd5Vindex(SingleColumn):
    """MD5, 16 bytes; NULL counts as the empty text."""

    name: ClassVar[str] = "binary_md5"
    hashing: ClassVar[bool] = True
    cost = 1

    def hash(self, value: Value) -> bytes:
        """Takes every value but a float."""
        return md5(text_bytes(value, self.name), usedforsecurity=False).digest()
