"""The table of target errors and the versions of the sidecar table."""

import pytest

from connector.model.errors import (
    Disposition,
    RowcastError,
    TargetAccessDenied,
    TargetColumnMissing,
    TargetConflict,
    TargetFailed,
    TargetReadOnly,
    TargetSettingUnsupported,
    TargetTableMissing,
    TargetUnreachable,
    TransactionTooLarge,
)
from sinks.mysql.streams import VERSION, _message, _resumed, upgrade_statements
from sinks.mysql.target import TARGET_ERRORS, target_error
from sinks.protocol import State


@pytest.mark.parametrize(
    ("errno", "kind"),
    [
        (1213, TargetConflict),
        (1205, TargetConflict),
        (1290, TargetReadOnly),
        (1836, TargetReadOnly),
        (3100, TargetReadOnly),
        (1045, TargetAccessDenied),
        (1142, TargetAccessDenied),
        (1049, TargetTableMissing),
        (1146, TargetTableMissing),
        (1054, TargetColumnMissing),
        (1153, TransactionTooLarge),
        (2020, TransactionTooLarge),
        (2026, TargetSettingUnsupported),
        (0, TargetUnreachable),
        (1053, TargetUnreachable),
        (2003, TargetUnreachable),
        (2006, TargetUnreachable),
        (2013, TargetUnreachable),
        (1062, TargetFailed),
        (1452, TargetFailed),
        (1265, TargetFailed),
        (99999, TargetFailed),
    ],
)
def test_numbers(errno: int, kind: type[RowcastError]) -> None:
    error = target_error(errno, "text of the server", host="h:1")
    assert type(error) is kind
    assert error.what == "text of the server"
    assert error.context["host"] == "h:1"


def test_only_what_passes_is_retried() -> None:
    retried = {kind for kind in TARGET_ERRORS.values() if kind.disposition is Disposition.RETRY}
    assert retried == {TargetConflict, TargetReadOnly, TargetUnreachable}
    assert target_error(99999, "").disposition is Disposition.OPERATOR


def test_versions_of_the_sidecar_table() -> None:
    database, table = upgrade_statements("_vt", None)
    assert database.startswith("CREATE DATABASE IF NOT EXISTS `_vt`")
    assert f"COMMENT = 'rowcast {VERSION}'" in table
    (upgrade,) = upgrade_statements("_vt", 0)
    assert upgrade.startswith("ALTER TABLE `_vt`.`vreplication` ADD COLUMN kafka_topic")
    assert upgrade_statements("_vt", VERSION) == ()
    with pytest.raises(TargetSettingUnsupported, match="version 2"):
        upgrade_statements("_vt", VERSION + 1)


@pytest.mark.parametrize(
    ("stored", "state"),
    [
        ("Init", State.INIT),
        ("Copying", State.COPYING),
        ("Running", State.RUNNING),
        ("Stopped", State.RUNNING),
        ("Error", State.RUNNING),
        ("Lagging", State.INIT),
    ],
)
def test_a_start_undoes_a_stop(stored: str, state: State) -> None:
    assert _resumed(stored) is state


def test_messages_fit_their_column() -> None:
    assert _message("ä" * 600) == "'" + "ä" * 500 + "'"
    assert _message("x" + "ä" * 600) == "'x" + "ä" * 499 + "'"
