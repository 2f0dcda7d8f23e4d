"""What preflight found: made by the checks of mysql/, kafka/ and sinks/, printed by `rowcast check`."""

from dataclasses import dataclass
from typing import Literal

from connector.model.errors import RowcastError


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. An "error" would stop a stream, a "warning" would not."""

    code: str
    severity: Literal["error", "warning"]
    what: str
    hint: str
    where: str  # connector name, or "kafka"

    @classmethod
    def of(cls, error: RowcastError, where: str) -> "Finding":
        """The finding that reports an error as the stream would raise it."""
        return cls(error.code, "error", str(error), error.remedy, where)
