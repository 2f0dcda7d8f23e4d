"""Vitess's `hash`: a 64-bit integer enciphered with DES under the null key. Built by `connector.vindex.registry`."""

import re
from typing import ClassVar

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import ECB

from connector.model.errors import VindexUnmappable
from connector.model.table import Row, Value

_UNSIGNED_TEXT = re.compile(rb"[ \t]*([0-9]+)[ \t]*")
_LONGEST_TEXT = 64  # more digits than any 64-bit number, few enough to convert at once


class HashVindex:
    """DES-ECB of the big-endian integer; negative integers as two's complement."""

    name: ClassVar[str] = "hash"
    unique: ClassVar[bool] = True
    cost: ClassVar[int] = 1
    columns: ClassVar[int] = 1

    def __init__(self) -> None:
        # Three equal keys make triple DES plain DES. ECB keeps no state between blocks, so one encryptor serves all.
        self._encipher = Cipher(TripleDES(bytes(24)), ECB()).encryptor().update

    def map(self, values: Row) -> bytes:
        """Takes an integer, or text or bytes that spell an unsigned one (blanks around it do not count)."""
        (value,) = values
        number = value if isinstance(value, int) else _parse(value)
        if not -(1 << 63) <= number < 1 << 64:
            raise VindexUnmappable("hash has no keyspace id for a number beyond 64 bits", vindex=self.name)
        return self._encipher((number & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big"))


def _parse(value: Value) -> int:
    if value is None:
        raise VindexUnmappable("hash has no keyspace id for NULL", vindex=HashVindex.name)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes) and len(value) <= _LONGEST_TEXT:
        found = _UNSIGNED_TEXT.fullmatch(value)
        if found:
            return int(found[1])
    raise VindexUnmappable(
        "hash has no keyspace id for a value that is not an unsigned integer", vindex=HashVindex.name
    )
