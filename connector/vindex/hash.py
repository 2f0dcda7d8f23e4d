"""Vitess's `hash`: a 64-bit integer enciphered with DES under the null key. Built by `connector.vindex.registry`."""

from typing import ClassVar

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import ECB

from connector.model.errors import VindexUnmappable
from connector.model.table import Value
from connector.vindex.base import UINT64_END, SingleColumn, unsigned, whole


class HashVindex(SingleColumn):
    """DES-ECB of the big-endian integer; negative integers as two's complement."""

    name: ClassVar[str] = "hash"
    hashing: ClassVar[bool] = True
    cost = 1
    reads_numbers = (True,)

    def __init__(self) -> None:
        # Three equal keys make triple DES plain DES. ECB keeps no state between blocks, so one encryptor serves all.
        self._cipher = Cipher(TripleDES(bytes(24)), ECB())
        self._encipher = self._cipher.encryptor().update

    def hash(self, value: Value) -> bytes:
        """Takes an integer, or text or bytes that spell an unsigned one (blanks around it do not count)."""
        if isinstance(value, int) and value < 0:
            if value < -(1 << 63):
                raise VindexUnmappable("hash has no keyspace id for a number beyond 64 bits", vindex=self.name)
            value += UINT64_END
        return self._encipher(unsigned(value, self.name).to_bytes(8, "big"))

    def reverse_map(self, keyspace_id: bytes) -> int:
        """The integer, unsigned."""
        return int.from_bytes(self._cipher.decryptor().update(whole(keyspace_id, self.name)), "big")
