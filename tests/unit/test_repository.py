"""Promises of the repository: locked dependencies, the wheel, the verbs, the rooms under the import contracts."""

import configparser
import re
import stat
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.stack.workspace import CHECKOUT

PACKAGES = {"connector", "sinks", "schemas"}
MAX_MODULE_LINES = 500
VERBS = {"setup", "demo", "test", "check", "bench", "clean", "stack-up", "stack-down"}


def locked(name: str) -> dict[str, str]:
    """Distribution -> version."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (CHECKOUT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(distribution): version for distribution, version in pins}


def project() -> dict[str, list[str]]:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    return {
        "requirements.lock": settings["project"]["dependencies"],
        "requirements-dev.lock": settings["dependency-groups"]["dev"],
    }


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_satisfies_the_project(name: str) -> None:
    pins = locked(name)
    for line in project()[name]:
        requirement = Requirement(line)
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier, line


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_has_hashes_and_no_address(name: str) -> None:
    text = (CHECKOUT / name).read_text()
    assert "://" not in text
    assert "--index" not in text
    entries = re.split(r"^(?=[A-Za-z])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked(name))
    assert all("--hash=sha256:" in entry for entry in entries)


def test_development_lock_extends_the_runtime_lock() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    subprocess.run(build, check=True, capture_output=True)
    [built] = folder.glob("rowcast-*.whl")
    return built


def test_wheel_holds_the_three_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert top == PACKAGES
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_installed_wheel_owns_its_packages_alone(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-q",
        "--no-index",
        "--no-deps",
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    script = "from importlib.metadata import packages_distributions as p; print(sorted(p().items()))"
    done = subprocess.run([python, "-I", "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == str([(package, ["rowcast"]) for package in sorted(PACKAGES)])
    assert (home / "bin" / "rowcast").stat().st_mode & stat.S_IXUSR


def test_no_dependency_claims_our_package_names() -> None:
    owners = packages_distributions()
    assert all(set(owners.get(package, [])) <= {"rowcast"} for package in PACKAGES)


def test_make_has_the_verbs_with_help() -> None:
    done = subprocess.run(["make", "help"], cwd=CHECKOUT, check=True, capture_output=True, text=True)
    assert set(re.findall(r"make ([a-z-]+) ", done.stdout)) >= VERBS


def test_ci_runs_make_test() -> None:
    script = CHECKOUT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert script.read_text().rstrip().endswith("exec make test")


def test_setup_is_done_again_only_when_something_changed() -> None:
    done = subprocess.run([CHECKOUT / "tools" / "setup.sh"], check=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_every_room_is_under_the_layer_contract() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(CHECKOUT / ".importlinter")
    layers = set(re.findall(r"[\w.]+", contracts["importlinter:contract:flow"]["layers"]))
    rooms = {f"connector.{path.parent.name}" for path in CHECKOUT.glob("connector/*/__init__.py")}
    assert rooms <= layers


def modules() -> list[str]:
    return sorted(
        str(path.relative_to(CHECKOUT))
        for package in (*PACKAGES, "tools")
        for path in (CHECKOUT / package).rglob("*.py")
    )


@pytest.mark.parametrize("module", modules())
def test_module_has_a_docstring_and_a_readable_size(module: str) -> None:
    text = (CHECKOUT / module).read_text()
    if Path(module).name != "__init__.py":
        assert text.lstrip().startswith(('"""', 'r"""', "#!")), "what is it for, who calls it?"
    generated = "generated by tools" in text[:1000].lower()
    assert generated or text.count("\n") <= MAX_MODULE_LINES
