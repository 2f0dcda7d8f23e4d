"""`rowcast` itself: dispatch, usage errors, the two lines of an error, and no traceback unless asked for."""

import argparse
import subprocess
import sys
import types

import pytest

from connector.cli import failures, main
from connector.config import Resolver, secrets
from connector.model.errors import ConfigError, RowcastError

MARKER = "swordfish-7391"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A command `probe` whose execute can be replaced."""
    probe = types.SimpleNamespace(execute=lambda args: 0, add_arguments=lambda parser: parser.add_argument("file"))
    module = types.ModuleType("tests_probe_command")
    module.add_arguments = lambda parser: probe.add_arguments(parser)  # type: ignore[attr-defined]
    module.execute = lambda args: probe.execute(args)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests_probe_command", module)
    monkeypatch.setitem(main.COMMANDS, "probe", main.Command("tests_probe_command", "probe"))
    return probe


def test_help_lists_every_command_without_importing_any() -> None:
    code = (
        "import sys; from connector.cli.main import main; status = main(['--help']); "
        "heavy = {'pydantic', 'confluent_kafka', 'pymysql', 'sqlglot', 'rich'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"  {name} " in done.stdout for name in main.COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("rowcast 0.")


def test_without_a_command_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([]) == 0
    assert "rowcast COMMAND --help" in capsys.readouterr().out


USAGE = [
    (["chek", "x"], "USAGE: there is no command 'chek'", "hint: Did you mean `rowcast check`?"),
    (["--loud"], "USAGE: unrecognized arguments: --loud", "hint: `rowcast --help` lists the arguments."),
    (["probe"], "USAGE: the following arguments are required: file", "hint: `rowcast probe --help` lists"),
    (["probe", "a", "b"], "USAGE: unrecognized arguments: b", "hint: `rowcast probe --help` lists"),
    (["worker", "f.toml", "--x"], "USAGE: `rowcast worker` is not built yet", "hint: Use `rowcast run FILE`"),
    (["vreplication-exec", "a/0", "select"], "USAGE: `rowcast vreplication-exec` is not built yet", "hint: Read `_vt"),
]


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(("argv", "first", "second"), USAGE, ids=[" ".join(case[0]) for case in USAGE])
def test_wrong_usage(argv: list[str], first: str, second: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(argv) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(first)
    assert lines[1].startswith(second)


def test_exit_status_is_the_command_s(command: types.SimpleNamespace) -> None:
    command.execute = lambda args: 1 if args.file == "x" else 0
    assert main.main(["probe", "x"]) == 1
    assert main.main(["probe", "y"]) == 0


@pytest.mark.parametrize("argv", [["--debug", "probe", "x"], ["probe", "--debug", "x"], ["probe", "x", "--debug"]])
def test_debug_reaches_the_command_and_shows_the_traceback(
    command: types.SimpleNamespace, argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise ConfigError("no", setting=args.debug)

    command.execute = fail
    assert main.main(argv) == 2
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert shown.splitlines()[-2] == "CONFIG_INVALID: no (setting=True)"


def test_unexpected_error_is_internal_and_has_no_traceback(
    command: types.SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise KeyError("lost")

    command.execute = fail
    assert main.main(["probe", "x"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "INTERNAL: KeyError: 'lost'",
        "hint: This is a defect of rowcast: run again with --debug and report the output.",
    ]


def test_interrupt_is_clean(command: types.SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    command.execute = fail
    assert main.main(["probe", "x"]) == 130
    assert capsys.readouterr().err == ""


def test_reader_that_goes_away_is_no_error() -> None:
    code = "import sys; from connector.cli.main import main; sys.exit(main(['--help']))"
    shell = f'"{sys.executable}" -c "{code}" | true; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("debug", [False, True])
def test_secrets_are_masked_in_errors(
    debug: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(secrets, "_known", set())
    Resolver({"P": MARKER}).secret("${env:P}")
    error = RuntimeError(f"cannot log in with {MARKER}")
    error.__cause__ = ValueError(MARKER)
    assert failures.report(error, debug=debug) == 1
    shown = capsys.readouterr().err
    assert MARKER not in shown
    assert "cannot log in with ******" in shown


def test_an_error_takes_two_lines_whatever_it_says() -> None:
    text = failures.lines(ConfigError("one\ntwo", hint="three\n\nfour", file="x\ny"))
    assert text == "CONFIG_INVALID: one two (file=x y)\nhint: three four"


def test_typed_errors_keep_their_type() -> None:
    error: RowcastError = ConfigError("x")
    assert failures.as_typed(error) is error
