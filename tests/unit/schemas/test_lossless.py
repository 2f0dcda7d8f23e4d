"""The lossless profile covers every MySQL type."""

from connector.model.table import BYTES, SqlType
from schemas.lossless import LOSSLESS, wraps


def test_every_type_has_an_avro_type() -> None:
    assert set(LOSSLESS) == {str(kind) for kind in SqlType}
    assert {kind for kind, avro in LOSSLESS.items() if avro == "bytes"} == {str(kind) for kind in BYTES}


def test_only_bigint_unsigned_wraps() -> None:
    assert [kind for kind in LOSSLESS if wraps(kind, unsigned=True)] == ["bigint"]
    assert not any(wraps(kind, unsigned=False) for kind in LOSSLESS)
