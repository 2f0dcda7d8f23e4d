"""A schema registry that speaks Confluent's REST API (Confluent, Karapace, Apicurio's ccompat, Redpanda).

Opened by `connector.kafka.registry` for http:// and https://. Basic auth comes from the url and never appears in an
error.
"""

import base64
import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from connector.kafka.schema_log import canonical
from connector.model.errors import RegistryFailed

T = TypeVar("T")

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
TIMEOUT_SECONDS = 10.0
PAUSES_SECONDS = (0.2, 1.0, 3.0)
"""Before each repetition of a request that got no answer or a 5xx; both kinds of request may be repeated."""


class HttpRegistry:
    """Implements `SchemaRegistry`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self._base = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        self._ids: dict[tuple[str, str], int] = {}
        self._schemas: dict[int, str] = {}

    def register(self, subject: str, schema: str) -> int:
        """See `SchemaRegistry.register`. An incompatible schema is refused by the registry (409)."""
        text = canonical(schema)
        known = self._ids.get((subject, text))
        if known is not None:
            return known
        answer = self._ask(
            "POST", f"/subjects/{quote(subject, safe='')}/versions", {"schema": text}, f"id of a schema of {subject}"
        )
        schema_id = _field(answer, "id", int)
        self._ids[subject, text] = schema_id
        return schema_id

    def schema(self, schema_id: int) -> str:
        """See `SchemaRegistry.schema`."""
        known = self._schemas.get(schema_id)
        if known is None:
            answer = self._ask("GET", f"/schemas/ids/{schema_id}", None, f"schema {schema_id}")
            known = self._schemas[schema_id] = _field(answer, "schema", str)
        return known

    def close(self) -> None:
        """Nothing is kept open."""

    def _ask(self, method: str, path: str, body: dict[str, str] | None, asked: str) -> Any:
        request = urllib.request.Request(
            self._base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers=self._headers,
            method=method,
        )
        for pause in (*PAUSES_SECONDS, None):
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                    return json.loads(response.read())
            except urllib.error.HTTPError as error:
                with error:
                    failed = self._refused(error, asked)
                if error.code < 500:
                    raise failed from None
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "reason", error)
                failed = RegistryFailed(
                    f"the schema registry {self._base} does not answer: {reason}",
                    hint="Check schema.registry.url and that the registry runs.",
                    asked=asked,
                )
            except ValueError:
                raise RegistryFailed(f"the schema registry {self._base} answered no JSON", asked=asked) from None
            if pause is not None:
                time.sleep(pause)
        raise failed

    def _refused(self, error: urllib.error.HTTPError, asked: str) -> RegistryFailed:
        hint = {
            401: "Give user and password in schema.registry.url.",
            403: "Give user and password in schema.registry.url that may read and register schemas.",
            409: "The table changed in a way that the subject's compatibility level forbids: lower the level there.",
        }.get(error.code)
        try:
            said = json.loads(error.read()).get("message", error.reason)
        except (ValueError, AttributeError, OSError):
            said = error.reason
        return RegistryFailed(f"the schema registry {self._base} answered {error.code}: {said}", hint=hint, asked=asked)


def _field(answer: Any, name: str, kind: type[T]) -> T:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise RegistryFailed(f"the schema registry's answer has no {name}")
    return value
