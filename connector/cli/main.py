"""`rowcast COMMAND …`: finds the command's module, runs it, prints errors. Entry point of the distribution.

A command is a module with `add_arguments(parser)` and `execute(args) -> exit status`; it is imported only when it is
called, so that `rowcast --help` answers at once. Exit status: 0 done, 1 findings or a failed stream, 2 wrong usage or
configuration, 130 interrupted.
"""

import argparse
import difflib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn, Protocol, cast

from connector.cli import failures
from connector.model.errors import UsageError

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Command:
    """One command: where it lives and the line that --help shows."""

    module: str
    summary: str


COMMANDS = {
    "run": Command("connector.cli.run", "run everything that a file describes, until Ctrl-C"),
    "worker": Command("connector.cli.unbuilt", "be a member of a cluster (not built yet)"),
    "check": Command("connector.cli.check", "look for everything that would stop a stream, with remedies"),
    "plan": Command("connector.cli.plan", "show how the rules are understood: tables, columns, topics, subjects"),
    "tail": Command("connector.cli.tail", "print the decoded messages of a topic"),
    "status": Command("connector.cli.status", "show streams with state, position and lag"),
    "vreplication-exec": Command("connector.cli.unbuilt", "run VReplicationExec on a shard (not built yet)"),
    "position": Command("connector.cli.position", "show or set the positions of streams"),
    "demo": Command("connector.cli.demo", "show it all on servers of its own"),
}


class CommandModule(Protocol):
    """What a command's module has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def execute(self, args: argparse.Namespace) -> int:
        """Run the command; returns the exit status. Errors are RowcastError."""


class Parser(argparse.ArgumentParser):
    """Wrong usage becomes an error of our tree, printed as every other one."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"`{self.prog} --help` lists the arguments.")


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status of one call."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    try:
        status = dispatch(arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _close_stdout()
        return 0  # who reads has read enough
    except SystemExit as ended:  # --help and --version
        return ended.code if isinstance(ended.code, int) else 0
    except Exception as error:  # noqa: BLE001  the one place where every error ends up and is printed
        return _report(error, debug=debug)


def dispatch(arguments: Sequence[str]) -> int:
    """Parse and run; errors are raised."""
    parser = _top_parser()
    args = parser.parse_args(arguments)
    if args.version:
        print(f"rowcast {_version()}")
        return 0
    if args.command is None:
        parser.print_help()
        return 0
    command = COMMANDS.get(args.command)
    if command is None:
        near = difflib.get_close_matches(args.command, COMMANDS, n=1)
        hint = f"Did you mean `rowcast {near[0]}`?" if near else "`rowcast --help` lists the commands."
        raise UsageError(f"there is no command {args.command!r}", hint=hint)
    module = cast(CommandModule, import_module(command.module))
    own = Parser(prog=f"rowcast {args.command}", description=_sentence(command.summary), allow_abbrev=False)
    own.add_argument("--debug", action="store_true", default=args.debug, help="show tracebacks")
    own.set_defaults(command=args.command)
    module.add_arguments(own)
    # Until a command sets up a log of its own, libraries' warnings are not for the reader of its output.
    logging.getLogger().addHandler(logging.NullHandler())
    return module.execute(own.parse_args(args.rest))


def _top_parser() -> Parser:
    lines = "\n".join(f"  {name:<19}{command.summary}" for name, command in COMMANDS.items())
    parser = Parser(
        prog="rowcast",
        usage="rowcast [--debug] COMMAND …",
        description="Row changes from MySQL's binlog through Kafka into MySQL shards, exactly once.",
        epilog=f"commands:\n{lines}\n\n`rowcast COMMAND --help` describes each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("--version", action="store_true", help="print the version and end")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _version() -> str:
    from importlib.metadata import version  # slow to import, and needed for this alone

    return version("rowcast")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _report(error: Exception, *, debug: bool) -> int:
    """Printing an error must not end in another one when standard error is closed."""
    try:
        return failures.report(error, debug=debug)
    except BrokenPipeError:
        return 1


def _close_stdout() -> None:
    """Nobody reads any more: keep the interpreter from complaining when it flushes at exit."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main())
