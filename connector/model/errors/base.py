"""The one error tree: every error that can reach a user has a code, a disposition and a hint.

Raised everywhere, caught by `connector.stream` (by disposition) and by `connector.cli` (printed as two lines).
`docs/errors.md` is generated from the tree.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar


class Disposition(StrEnum):
    """What the owner of a stream does about an error. Unlisted foreign errors count as OPERATOR, never as RETRY."""

    RETRY = "retry"  # known to be transient: back off and try the same again
    RESYNC = "resync"  # our view is stale (aborted): drop what is in memory, start from the stored position
    OPERATOR = "operator"  # a person has to change something
    BUG = "bug"  # rowcast or the server broke an invariant: stop and report


_REGISTRY: dict[str, type["RowcastError"]] = {}


class RowcastError(Exception):
    """Base of the tree. Message = what happened, without secrets; context = where (table, position, setting, ...)."""

    code: ClassVar[str]
    disposition: ClassVar[Disposition]
    hint: ClassVar[str]
    exit_status: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            raise TypeError(f"{cls.__name__} declares no code")
        known = _REGISTRY.get(cls.code)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"duplicate error code {cls.code}: {known.__name__}, {cls.__name__}")
        _REGISTRY[cls.code] = cls

    def __init__(self, what: str, *, hint: str | None = None, **context: object) -> None:
        super().__init__(what)
        self.what = what
        self.context = {name: value for name, value in context.items() if value is not None}
        self.specific_hint = hint

    @property
    def remedy(self) -> str:
        """What the reader should do now: the hint given where the error was raised, else the class's."""
        return self.specific_hint or self.hint

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value}" for name, value in self.context.items())
        return f"{self.what} ({where})" if where else self.what

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.specific_hint, self.context))


def _rebuild(cls: type[RowcastError], what: str, hint: str | None, context: dict[str, object]) -> RowcastError:
    return cls(what, hint=hint, **context)


def all_errors() -> Iterator[type[RowcastError]]:
    """Every error class, by code. Called by the generator of docs/errors.md and by tests."""
    return iter(_REGISTRY[code] for code in sorted(_REGISTRY))
