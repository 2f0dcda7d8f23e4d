"""The registry's records as a state: ids, subjects, deletions, other writers."""

import json

import pytest

from connector.kafka.schema_log import SchemaLog, canonical
from connector.model.errors import RegistryFailed

A, B = '{"type":"record","name":"A","fields":[]}', '"string"'


def record(
    subject: str, version: int, schema_id: int, schema: str, deleted: bool = False, **more: object
) -> tuple[bytes, bytes]:
    key = {"keytype": "SCHEMA", "subject": subject, "version": version, "magic": 1}
    value = {"subject": subject, "version": version, "id": schema_id, "schema": schema, "deleted": deleted, **more}
    return json.dumps(key).encode(), json.dumps(value).encode()


def register(log: SchemaLog, subject: str, schema: str) -> int:
    schema_id, key, value = log.next_record(subject, schema)
    log.apply(key, value)
    return schema_id


def test_equal_schemas_share_an_id_across_subjects() -> None:
    log = SchemaLog()
    assert [register(log, "s", A), register(log, "t", A), register(log, "t", B)] == [1, 1, 2]
    assert log.id_of("s", A) == 1
    assert log.id_of("s", B) is None, "known, but not under this subject"
    assert log.text(2) == B
    assert log.text(3) is None


def test_ids_and_versions_go_on_after_what_another_registry_wrote() -> None:
    log = SchemaLog()
    log.apply(*record("s", 4, 41, A, guid="x", offset=3, ts=1))
    log.apply(b'{"keytype":"CONFIG","subject":null,"magic":0}', b'{"compatibilityLevel":"BACKWARD"}')
    log.apply(b'{"keytype":"SOMETHING_NEW","magic":0}', b"{}")
    schema_id, key, _ = log.next_record("s", B)
    assert (schema_id, json.loads(key)["version"]) == (42, 5)


def test_a_replayed_log_gives_the_same_state() -> None:
    log = SchemaLog()
    for _ in range(2):
        log.apply(*record("s", 1, 1, A))
        log.apply(*record("s", 2, 2, B))
    assert (log.id_of("s", A), log.id_of("s", B)) == (1, 2)
    assert log.next_record("s", '"int"')[0] == 3


def test_deleted_schemas_stay_readable_by_id() -> None:
    log = SchemaLog()
    register(log, "s", A)
    register(log, "s", B)
    log.apply(b'{"keytype":"DELETE_SUBJECT","subject":"s","magic":0}', b'{"subject":"s","version":1}')
    assert (log.id_of("s", A), log.id_of("s", B)) == (None, 2)
    log.apply(*record("s", 2, 2, B, deleted=True))
    assert log.id_of("s", B) is None
    log.apply(b'{"keytype":"SCHEMA","subject":"s","version":1,"magic":1}', None)
    log.apply(b'{"keytype":"CLEAR_SUBJECT","subject":"s","magic":0}', b'{"subject":"s"}')
    assert (log.text(1), log.text(2)) == (A, B)
    assert register(log, "s", A) == 1, "an old schema gets its old id back"


def test_schemas_of_other_types_are_never_taken_for_avro() -> None:
    log = SchemaLog()
    log.apply(*record("s", 1, 1, A, schemaType="JSON"))
    log.apply(*record("s", 2, 2, B, references=[{"name": "x", "subject": "y", "version": 1}]))
    assert log.id_of("s", A) is None
    assert [register(log, "s", A), register(log, "s", B)] == [3, 4]


def test_one_id_for_two_schemas_is_never_answered() -> None:
    log = SchemaLog()
    log.apply(*record("s", 1, 1, A))
    log.apply(*record("t", 1, 1, B))
    with pytest.raises(RegistryFailed, match="the same id"):
        log.text(1)


def test_where_another_registry_writes_we_do_not() -> None:
    log = SchemaLog()
    log.apply(b'{"keytype":"NOOP","magic":0}', None)
    with pytest.raises(RegistryFailed, match="another schema registry"):
        log.next_record("s", A)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, b"{}"),
        (b"shop", b"{}"),
        (b"{}", b"{}"),
        (b'{"keytype":"SCHEMA","subject":"s","version":1}', b"[]"),
        (b'{"keytype":"SCHEMA","subject":"s","version":1}', b'{"schema":"x"}'),
        (b'{"keytype":"SCHEMA","subject":"s","version":"x"}', b"{}"),
    ],
)
def test_a_record_that_is_not_the_registrys(key: bytes | None, value: bytes | None) -> None:
    with pytest.raises(RegistryFailed, match="not in the registry's format"):
        SchemaLog().apply(key, value)


def test_canonical_text_keeps_order_and_letters() -> None:
    assert canonical('{ "b" : 1,\n "a" : "é" }') == '{"b":1,"a":"é"}'
    with pytest.raises(RegistryFailed):
        canonical("{")
