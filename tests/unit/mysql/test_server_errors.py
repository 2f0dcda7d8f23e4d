"""The errno table of sources: every row, the texts of error 1236 as servers print them, and what is not listed."""

import pytest

from connector.model import errors
from connector.model.errors import Disposition
from connector.model.server_errors import SOURCE_ERRORS, source_error

LISTED = {
    errors.SourceAccessDenied: (1045, 1698),
    errors.SourcePrivilegeMissing: (1227, 1142, 1044, 1370),
    errors.DatabaseMissing: (1049,),
    errors.SourceUnreachable: (2003, 2002, 2005, 1040, 1203),
    errors.SourceConnectionLost: (2006, 2013, 1053, 1927, 3024, 4031, 1158, 1159, 1160, 1161),
}


@pytest.mark.parametrize(("kind", "errno"), [(kind, errno) for kind, numbers in LISTED.items() for errno in numbers])
def test_number_becomes_class(kind: type[errors.RowcastError], errno: int) -> None:
    error = source_error(errno, "text of the server", host="h")
    assert type(error) is kind
    assert str(error) == f"text of the server (errno={errno}, host=h)"


@pytest.mark.parametrize("errno", sorted(SOURCE_ERRORS))
def test_every_row_of_the_table(errno: int) -> None:
    error = source_error(errno, "m")
    assert type(error) is SOURCE_ERRORS[errno]
    assert error.remedy


def test_only_connections_are_retried() -> None:
    retried = {kind for kind in SOURCE_ERRORS.values() if kind.disposition is Disposition.RETRY}
    assert retried == {errors.SourceUnreachable, errors.SourceConnectionLost}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (
            "Cannot replicate because the source purged required binary logs. Replicate the missing transactions",
            errors.PositionPurged,
        ),
        (
            "The slave is connecting using AUTO_POSITION = 1, but the master has purged binary logs containing GTIDs",
            errors.PositionPurged,
        ),
        ("Could not find first log file name in binary log index file", errors.PositionPurged),
        (
            "A replica with the same server_uuid/server_id as this replica has connected to the source;",
            errors.DuplicateServerId,
        ),
        (
            "A slave with the same server_uuid/server_id as this slave has connected to the master",
            errors.DuplicateServerId,
        ),
        (
            "Replica has more GTIDs than the source has, using the source's SERVER_UUID.",
            errors.PositionAhead,
        ),
        (
            "Slave has more GTIDs than the master has, using the master's SERVER_UUID.",
            errors.PositionAhead,
        ),
        ("Client requested source to start replication from position > file size", errors.PositionAhead),
        ("Binary log is not open", errors.SourceSettingUnsupported),
        (
            "The replication sender thread cannot start: this server has GTID_MODE = OFF instead of ON.",
            errors.SourceSettingUnsupported,
        ),
        (
            "log event entry exceeded max_allowed_packet",
            errors.SourceQueryFailed,
        ),
        ("", errors.SourceQueryFailed),
    ],
)
def test_1236_by_its_text(message: str, kind: type[errors.RowcastError]) -> None:
    assert type(source_error(1236, message)) is kind


def test_unlisted_stops_the_stream() -> None:
    error = source_error(65000, "")
    assert type(error) is errors.SourceQueryFailed
    assert error.disposition is Disposition.OPERATOR
    assert str(error) == "the server gave no reason (errno=65000)"
