"""Fetches the jars of a Kafka broker through Maven into the clone; used by tools.stack.kafka."""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.stack.workspace import StackError, call, exclusive, step

POM = Path(__file__).with_name("kafka.pom.xml")


@dataclass(frozen=True)
class KafkaJars:
    """An unpacked Kafka: the folder of its jars and the version the pom pins."""

    folder: Path
    version: str

    @property
    def classpath(self) -> str:
        """As `java -cp` takes it."""
        return f"{self.folder}/*"


def kafka_version() -> str:
    """The version that kafka.pom.xml pins."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", POM.read_text())
    if found is None:
        raise StackError(f"{POM.name} names no kafka.version")
    return found.group(1)


def kafka_jars(root: Path) -> KafkaJars:
    """The jars for the pinned version, downloaded once per content of the pom; Maven verifies the checksums."""
    key = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    version = kafka_version()
    folder = root / "kafka" / f"libs-{version}-{key}"
    if folder.is_dir():
        return KafkaJars(folder, version)
    with exclusive(root / "locks" / "maven", "download of Kafka"):
        if not folder.is_dir():
            step(f"downloading Kafka {version}")
            partial = folder.with_name(folder.name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            repository = root / "kafka" / "m2"
            # A repository of our own: nothing outside the clone is written. It is only a way to the jars, so it goes
            # once they are there.
            goal = ["dependency:copy-dependencies", f"-DoutputDirectory={partial}", f"-Dmaven.repo.local={repository}"]
            call(["mvn", "-q", "-B", "-C", "-f", str(POM), *goal], "download of Kafka through Maven")
            partial.rename(folder)
            shutil.rmtree(repository, ignore_errors=True)
    return KafkaJars(folder, version)
