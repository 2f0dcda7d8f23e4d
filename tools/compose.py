"""Parses docker-compose.yml with Compose's own parser, without a container engine.

`make check` runs it as `python -m tools.compose`; tests/unit/test_compose.py compares the parsed model with
docs/servers.md.
"""

import json
import shutil
import sys
from pathlib import Path
from subprocess import DEVNULL, run
from typing import Any

from tools.stack import StackError, debian
from tools.stack.workspace import CHECKOUT, DEFAULT_ROOT, call

FILE = CHECKOUT / "docker-compose.yml"


def command(root: Path = DEFAULT_ROOT) -> list[str]:
    """Compose 2 or newer: docker's plugin, a `docker-compose` on PATH, otherwise the distribution's, fetched once."""
    for installed in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(installed[0]) and _is_current(installed):
            return installed
    tree = debian.fetch(["docker-compose"], root / "compose", root, closure=False)
    found = next((path for path in sorted(tree.glob("usr/**/docker-compose")) if path.is_file()), None)
    if found is None:
        raise StackError(f"the package docker-compose in {tree} has no program of that name")
    return [str(found)]


def model(root: Path = DEFAULT_ROOT) -> dict[str, Any]:
    """The file as Compose reads it: merged, interpolated, all profiles; StackError with its words if it is invalid."""
    parse = ["-f", str(FILE), "--profile", "*", "config", "--no-path-resolution", "--format", "json"]
    parsed: dict[str, Any] = json.loads(call([*command(root), *parse], "parsing docker-compose.yml"))
    return parsed


def _is_current(argv: list[str]) -> bool:
    done = run([*argv, "version", "--short"], capture_output=True, stdin=DEVNULL, check=False)
    return done.returncode == 0 and not done.stdout.startswith((b"0.", b"1."))


def main() -> int:
    """Exit status 0 when the file is valid, 1 with Compose's message when it is not."""
    try:
        services = model()["services"]
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"docker-compose.yml is valid: {', '.join(services)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
