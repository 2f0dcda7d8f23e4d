"""The schema registry in a file: the records of `schema_log`, one JSON line each. For one machine and for tests.

Opened by `connector.kafka.registry` for file:///path. Several processes may use the file: an exclusive lock orders the
writers.
"""

import fcntl
import json
import os
from pathlib import Path

from connector.kafka.schema_log import SchemaLog, canonical
from connector.model.errors import RegistryFailed


class FileRegistry:
    """Implements `SchemaRegistry`. The file and its folder are made when first written."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._log = SchemaLog()
        self._read_bytes = 0

    def register(self, subject: str, schema: str) -> int:
        """See `SchemaRegistry.register`; durable (fsync) when it returns."""
        text = canonical(schema)
        known = self._log.id_of(subject, text)
        if known is not None:
            return known
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                return self._register_locked(descriptor, subject, text)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._failed("written", error) from error

    def schema(self, schema_id: int) -> str:
        """See `SchemaRegistry.schema`."""
        found = self._log.text(schema_id)
        if found is None:
            try:
                with self._path.open("rb") as file:
                    self._catch_up(file.fileno())
            except OSError as error:
                raise self._failed("read", error) from error
            found = self._log.text(schema_id)
        if found is None:
            raise RegistryFailed(f"the registry {self._path} has no schema with this id", schema_id=schema_id)
        return found

    def close(self) -> None:
        """Nothing is kept open."""

    def _register_locked(self, descriptor: int, subject: str, text: str) -> int:
        self._catch_up(descriptor)
        known = self._log.id_of(subject, text)
        if known is not None:
            return known
        schema_id, key, value = self._log.next_record(subject, text)
        line = b'{"key":' + key + b',"value":' + value + b"}\n"
        # A torn last line is the rest of a writer that died before it answered: nobody has used its id.
        os.ftruncate(descriptor, self._read_bytes)
        os.pwrite(descriptor, line, self._read_bytes)
        os.fsync(descriptor)
        self._log.apply(key, value)
        self._read_bytes += len(line)
        return schema_id

    def _catch_up(self, descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        if size < self._read_bytes:
            raise RegistryFailed(f"the registry {self._path} has become shorter: schemas were lost")
        data = os.pread(descriptor, size - self._read_bytes, self._read_bytes)
        whole = data[: data.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                record = json.loads(line)
                key, value = record["key"], record["value"]
            except (ValueError, KeyError, TypeError) as error:
                raise RegistryFailed(f"the registry {self._path} holds a line that is not a record") from error
            self._log.apply(json.dumps(key).encode(), None if value is None else json.dumps(value).encode())
        self._read_bytes += len(whole)

    def _failed(self, verb: str, error: OSError) -> RegistryFailed:
        return RegistryFailed(
            f"the registry {self._path} cannot be {verb}: {error.strerror}",
            hint="Check the path in schema.registry.url and its permissions.",
        )
