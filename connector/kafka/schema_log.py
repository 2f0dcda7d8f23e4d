"""The schema registry's records as a state: Confluent's `_schemas` topic format, without I/O.

Used by `registry_kafka` (records of the topic) and `registry_file` (the same records as lines). A registry of
Confluent's can later be pointed at the topic and goes on with the same ids.
"""

import json
from collections.abc import Mapping
from typing import Any

from connector.model.errors import RegistryFailed

AVRO = "AVRO"


class SchemaLog:
    """What the records applied so far say. Feed them in order with `apply`."""

    def __init__(self) -> None:
        self._schemas: dict[int, tuple[str, str]] = {}  # id -> (type, text)
        self._ids: dict[tuple[str, str], int] = {}  # (type, text) -> id
        self._subjects: dict[str, dict[int, tuple[int, bool]]] = {}  # subject -> version -> (id, deleted)
        self._highest_id = 0
        self._conflicts: set[int] = set()
        self.foreign_writer = False
        """Another registry program has written to this log: it leaves NOOP records, rowcast never does."""

    def apply(self, key: bytes | None, value: bytes | None) -> None:
        """One record, in log order. Kinds that say nothing about schemas (CONFIG, MODE, unknown ones) change
        nothing."""
        try:
            kind = json.loads(key or b"null")
            body = json.loads(value) if value is not None else None
            self._apply(kind, body)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RegistryFailed(
                "the schema registry holds a record that is not in the registry's format",
                key=(key or b"").decode(errors="replace")[:200],
            ) from error

    def id_of(self, subject: str, schema: str) -> int | None:
        """The id of this schema under this subject, None when it is not registered there."""
        schema_id = self._ids.get((AVRO, schema))
        versions = self._subjects.get(subject, {}).values()
        return schema_id if schema_id is not None and (schema_id, False) in versions else None

    def text(self, schema_id: int) -> str | None:
        """The schema with this id, None when it is not known (yet)."""
        if schema_id in self._conflicts:
            raise RegistryFailed(
                "two writers gave the same id to different schemas: only one kind of registry may write to the log",
                schema_id=schema_id,
            )
        found = self._schemas.get(schema_id)
        return found[1] if found else None

    def next_record(self, subject: str, schema: str) -> tuple[int, bytes, bytes]:
        """Id, key and value of the record that registers the schema: an equal text keeps its id, a new one gets max +
        1."""
        if self.foreign_writer:
            raise RegistryFailed(
                "another schema registry writes to this log",
                hint="Set schema.registry.url to that registry's http address, so that it alone gives out ids.",
            )
        known = self._ids.get((AVRO, schema))
        schema_id = known if known is not None else self._highest_id + 1
        version = max(self._subjects.get(subject, {}), default=0) + 1
        key = {"keytype": "SCHEMA", "subject": subject, "version": version, "magic": 1}
        value = {"subject": subject, "version": version, "id": schema_id, "schema": schema, "deleted": False}
        return schema_id, _compact(key), _compact(value)

    def _apply(self, kind: Mapping[str, Any], body: Mapping[str, Any] | None) -> None:
        match kind["keytype"]:
            case "SCHEMA":
                self._apply_schema(kind["subject"], int(kind["version"]), body)
            case "DELETE_SUBJECT" if body is not None:
                versions = self._subjects.get(body["subject"], {})
                for version in [v for v in versions if v <= int(body["version"])]:
                    versions[version] = (versions[version][0], True)
            case "CLEAR_SUBJECT" if body is not None:
                self._subjects.pop(body["subject"], None)
            case "NOOP":
                self.foreign_writer = True

    def _apply_schema(self, subject: str, version: int, body: Mapping[str, Any] | None) -> None:
        versions = self._subjects.setdefault(subject, {})
        if body is None:
            # Deleted for good under this subject; rows that were written with the id can still be read.
            versions.pop(version, None)
            return
        schema_id = int(body["id"])
        schema = (str(body.get("schemaType") or AVRO), str(body["schema"]))
        known = self._schemas.setdefault(schema_id, schema)
        if known != schema:
            self._conflicts.add(schema_id)
        if not body.get("references"):
            self._ids.setdefault(schema, schema_id)
        versions[version] = (schema_id, bool(body.get("deleted")))
        self._highest_id = max(self._highest_id, schema_id)


def canonical(schema: str) -> str:
    """The text that is compared and stored: the same JSON without insignificant blanks, its order kept."""
    try:
        return json.dumps(json.loads(schema), separators=(",", ":"), ensure_ascii=False)
    except ValueError as error:
        raise RegistryFailed("a schema is not JSON text") from error


def _compact(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
