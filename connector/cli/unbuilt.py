"""Commands of the interface that this version does not have yet: they say so instead of guessing."""

import argparse

from connector.model.errors import UsageError

_INSTEAD = {
    "worker": "Use `rowcast run FILE`: the same connectors in one process group.",
    "vreplication-exec": "Read `_vt.vreplication` on the target, and change streams through the file of `rowcast run`.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whatever follows: no arguments are defined yet."""
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def execute(args: argparse.Namespace) -> int:
    """Refuses with UsageError."""
    raise UsageError(f"`rowcast {args.command}` is not built yet", hint=_INSTEAD[args.command])
