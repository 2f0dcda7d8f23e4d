"""Which transcoder a stream runs on, and why. Called by `connector.stream`, `rowcast check` and `rowcast status`.

The native core when its distribution is installed in exactly the version that belongs to this one, else the Python
path. ROWCAST_TRANSCODER=native|python forces one; a forced core that is not usable is an error, not a fallback.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Literal

from connector.model.errors import ConfigError
from connector.model.position import Checkpoint
from connector.transcode.composed import ComposedTranscoder
from connector.transcode.native import ABI, NativeTranscoder
from connector.transcode.protocol import Clock, TranscodeOptions, Transcoder

VARIABLE = "ROWCAST_TRANSCODER"


@dataclass(frozen=True, slots=True)
class Choice:
    """`core` is the module rowcast_native, None for the Python path. `why` is one sentence for people."""

    name: Literal["native", "python"]
    why: str
    core: ModuleType | None = None

    def transcoder(self, options: TranscodeOptions, start: Checkpoint, clock: Clock) -> Transcoder:
        """A transcoder of this kind."""
        if self.core is None:
            return ComposedTranscoder(options, start, clock)
        return NativeTranscoder(self.core, options, start, clock)


PYTHON = Choice("python", "nobody chose")
"""Where no choice is made."""


def choose(environment: Mapping[str, str], version: str) -> Choice:
    """The choice for this process; `version` = rowcast's own. CONFIG_INVALID for a choice that cannot be."""
    wanted = environment.get(VARIABLE, "")
    if wanted not in ("", "native", "python"):
        raise ConfigError(f"{VARIABLE} is {wanted!r}", hint=f"Set {VARIABLE} to native or python, or leave it out.")
    if wanted == "python":
        return Choice("python", f"{VARIABLE}=python")
    core, why_not = _core(version)
    if core is not None:
        return Choice("native", f"rowcast_native {version} is installed", core)
    if wanted == "native":
        raise ConfigError(
            f"{VARIABLE}=native, but {why_not}",
            hint="Build the native core with tools/native.sh, or leave the variable out to run on the Python path.",
        )
    return Choice("python", why_not)


def instead(why: object) -> Choice:
    """The Python path for a stream that the native core cannot run."""
    return Choice("python", f"the native core has no {why}")


def _core(version: str) -> tuple[ModuleType | None, str]:
    """The module, or why it is not used."""
    try:
        core = import_module("rowcast_native")
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "rowcast_native"
        return None, "rowcast_native is not installed" if missing else f"rowcast_native cannot be loaded: {error}"
    found, abi = core.version(), core.ABI
    if (found, abi) != (version, ABI):
        return None, f"rowcast_native is {found} (interface {abi}), this rowcast is {version} (interface {ABI})"
    return core, ""
