"""Fetches Debian packages into a folder of the clone without installing them; used for MySQL's server and for a
compose parser.

apt runs with its own state, lists and cache, so the system's package state is neither read nor changed. The archive's
address and key come from the machine's own apt configuration, so a mirror or a proxy configured there is honoured.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.stack.workspace import StackError, call, exclusive, step

INDEX_FORMAT = "$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)"


@dataclass(frozen=True)
class Archive:
    """One line of an apt sources list."""

    uri: str
    suite: str
    keyring: str

    def line(self) -> str:
        """The entry as apt reads it."""
        options = f"[signed-by={self.keyring}] " if self.keyring else ""
        return f"deb {options}{self.uri} {self.suite} main\n"


def fetch(packages: Sequence[str], destination: Path, root: Path, *, closure: bool = True) -> Path:
    """Unpack `packages` (and with `closure` all they depend on, libc included) below `destination`, once; returns
    `destination`.
    """
    complete = destination / ".complete"
    if complete.exists():
        return destination
    with exclusive(root / "locks" / "debian", f"download of {' '.join(packages)}"):
        if complete.exists():
            return destination
        archive = configured_archive()
        apt = _private_apt(root / "apt", archive)
        step(f"reading the package index of Debian {archive.suite}")
        call(["apt-get", *apt, "update"], "apt-get update")
        debs = _download(apt, packages, root / "apt" / "archives", closure=closure)
        step(f"unpacking {len(debs)} packages")
        partial = destination.with_name(destination.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for deb in debs:
            call(["dpkg-deb", "-x", str(deb), str(partial)], f"unpacking {deb.name}")
        (partial / ".complete").write_text("".join(f"{deb.name}\n" for deb in debs))
        shutil.rmtree(destination, ignore_errors=True)
        partial.rename(destination)
        for deb in debs:
            deb.unlink()
    return destination


def configured_archive() -> Archive:
    """The archive this machine installs its own release from; on Debian with the suite `sid`, where current MySQL
    packages are.
    """
    if shutil.which("apt-get") is None:
        raise StackError(
            "this system has no apt: put mysqld 8.0 or newer on PATH, name servers in ROWCAST_TEST_MYSQL_URLS,"
            " or use docker compose"
        )
    release = _os_release()
    suite = "sid" if release.get("ID") == "debian" else release.get("VERSION_CODENAME", "")
    targets = call(["apt-get", "indextargets", "--no-release-info", "--format", INDEX_FORMAT], "reading apt's sources")
    for line in targets.splitlines():
        created_by, uri, name, component, keyring = line.split("|")
        if created_by == "Packages" and name == release.get("VERSION_CODENAME") and component == "main":
            return Archive(uri, suite, keyring if Path(keyring).is_file() else "")
    raise StackError(f"apt has no source for this system's release ({release.get('VERSION_CODENAME', 'unknown')} main)")


def _os_release() -> dict[str, str]:
    pairs = (line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {name: value.strip('"') for name, value in pairs}


def _private_apt(state: Path, archive: Archive) -> list[str]:
    """Options that move everything apt reads or writes into `state`, and switch off hooks that touch the system."""
    for folder in ("lists/partial", "archives/partial"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "status").write_text("")
    (state / "sources.list").write_text(archive.line())
    (state / "apt.conf").write_text("#clear APT::Update;\n#clear DPkg::Pre-Install-Pkgs;\n#clear DPkg::Post-Invoke;\n")
    settings = {
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": "-",
        "Dir::Etc::preferencesparts": "-",
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Dir::Cache::archives": state / "archives",
        "Dir::Log": state,
        "APT::Sandbox::User": "",
        "APT::Install-Recommends": "false",
        "APT::Get::List-Cleanup": "true",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
    }
    return ["-q", "-y", f"-c={state / 'apt.conf'}", *(f"-o{name}={value}" for name, value in settings.items())]


def _download(apt: Sequence[str], packages: Sequence[str], archives: Path, *, closure: bool) -> list[Path]:
    for stale in archives.glob("*.deb"):
        stale.unlink()
    step(f"downloading {' '.join(packages)}")
    if closure:
        call(["apt-get", *apt, "--download-only", "install", *packages], f"download of {' '.join(packages)}")
    else:
        call(["apt-get", *apt, "download", *packages], f"download of {' '.join(packages)}", cwd=archives)
    debs = sorted(archives.glob("*.deb"))
    if not debs:
        raise StackError(f"apt downloaded nothing for {' '.join(packages)}")
    return debs
