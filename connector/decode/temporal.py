"""MySQL's temporal encodings to the text MySQL prints: zero and partial dates, signs and declared fractions kept.

`fraction` is the declared number of fractional digits (0-6). TIMESTAMP is printed in UTC. Packed numbers are what
MySQL calls DATETIME2, TIME2 and TIMESTAMP2 in the binlog and the longlong forms inside binary JSON.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

FRACTION_BYTES = (0, 1, 1, 2, 2, 3, 3)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(4096)
def date_text(packed: int) -> str:
    """DATE: 15 bits year, 4 month, 5 day."""
    return f"{packed >> 9:04d}-{packed >> 5 & 15:02d}-{packed & 31:02d}"


def datetime_text(packed: int, microseconds: int, fraction: int) -> str:
    """17 bits year * 13 + month, 5 day, 5 hour, 6 minute, 6 second."""
    year, month = divmod(packed >> 22, 13)
    text = (
        f"{year:04d}-{month:02d}-{packed >> 17 & 31:02d} "
        f"{packed >> 12 & 31:02d}:{packed >> 6 & 63:02d}:{packed & 63:02d}"
    )
    return f"{text}.{microseconds:06d}"[: 20 + fraction] if fraction else text


def time_text(packed: int, microseconds: int, fraction: int, *, negative: bool) -> str:
    """The absolute value as 10 bits hour, 6 minute, 6 second."""
    text = f"{'-' if negative else ''}{packed >> 12 & 1023:02d}:{packed >> 6 & 63:02d}:{packed & 63:02d}"
    return f"{text}.{f'{microseconds:06d}'[:fraction]}" if fraction else text


@lru_cache(4096)
def _second_text(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def timestamp_text(seconds: int, microseconds: int, fraction: int) -> str:
    """Seconds since the epoch in UTC; 0 with no fraction is MySQL's zero timestamp, not 1970."""
    text = _second_text(seconds) if seconds or microseconds else "0000-00-00 00:00:00"
    return f"{text}.{microseconds:06d}"[: 20 + fraction] if fraction else text


def json_datetime_text(packed: int) -> str:
    """DATETIME and TIMESTAMP inside JSON: always six digits. ValueError for a negative number, which MySQL never
    writes.
    """
    if packed < 0:
        raise ValueError("negative DATETIME in JSON")
    return datetime_text(packed >> 24, packed & 0xFFFFFF, 6)


def json_date_text(packed: int) -> str:
    """DATE inside JSON: a DATETIME whose time is not shown."""
    return json_datetime_text(packed)[:10]


def json_time_text(packed: int) -> str:
    """TIME inside JSON: the sign belongs to the whole number; always six digits."""
    absolute = abs(packed)
    return time_text(absolute >> 24, absolute & 0xFFFFFF, 6, negative=packed < 0)


def old_datetime_text(number: int) -> str:
    """DATETIME of a column made before MySQL 5.6: the decimal digits YYYYMMDDhhmmss."""
    digits = f"{number:014d}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]} {digits[8:10]}:{digits[10:12]}:{digits[12:]}"


def old_time_text(number: int) -> str:
    """TIME of a column made before MySQL 5.6: the decimal digits [h]hhmmss with a sign."""
    digits = f"{abs(number):06d}"
    return f"{'-' if number < 0 else ''}{digits[:-4]}:{digits[-4:-2]}:{digits[-2:]}"
