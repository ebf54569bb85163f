"""scripts/engine on different systems: the packages that it installs, and its error if it cannot install them.

apt and Docker are fake programs on PATH, because the tests use no mirror of these systems. The apt commands are real.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.toy import ROOT

TOOLS = (
    "bash",
    "sh",
    "awk",
    "cat",
    "cp",
    "env",
    "grep",
    "head",
    "seq",
    "sed",
    "setsid",
    "sleep",
    "sort",
    "tail",
    "timeout",
)
APT_GET = """\
#!/bin/bash
[ "$1" != update ] || exit 0
for word in "$@"; do
    name=${word%%/*}
    case $name in -*|install) continue ;; esac
    echo "$word" >> "$STATE/installed"
    case $name in
        docker.io) cp "$STATE/stub-dockerd" "$STATE/bin/dockerd"; cp "$STATE/stub-docker" "$STATE/bin/docker" ;;
        docker-buildx) : > "$STATE/buildx" ;;
        docker-compose|docker-compose-v2) : > "$STATE/compose" ;;
        mmdebstrap) cp "$STATE/stub-dockerd" "$STATE/bin/mmdebstrap" ;;
    esac
done
"""
APT_CACHE = """\
#!/bin/bash
grep "^ *$2 |" "$STATE/madison"
"""
DOCKER = """\
#!/bin/bash
case "$*" in
    version*Components*) [ -e "$STATE/up" ] && echo "$ENGINE;" ;;
    version*) [ -e "$STATE/up" ] && echo 28.2.2 ;;
    "context show") echo "${DOCKER_CONTEXT:-default}" ;;
    "buildx version") [ -e "$STATE/buildx" ] ;;
    "compose version") [ -e "$STATE/compose" ] ;;
esac
"""
STARTED = '#!/bin/bash\n: > "$STATE/up"\nexec sleep 2\n'
NEW = {"docker.io": "28.2.2-0ubuntu1~24.04.1", "docker-buildx": "0.20.1-0ubuntu2", "docker-cli": "28.2.2"}
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n'
UBUNTU = 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n'
MINT = 'PRETTY_NAME="Linux Mint 22"\nID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\n'
KALI = 'PRETTY_NAME="Kali GNU/Linux Rolling"\nID=kali\nID_LIKE=debian\nVERSION_CODENAME=kali-rolling\n'
FEDORA = 'PRETTY_NAME="Fedora Linux 43"\nID=fedora\n'


@dataclass(kw_only=True)
class System:
    """A system with an os-release and packages that its apt offers; its programs are fakes.

    Attributes:
        folder: the folder with the fake programs.
        environment: variables for the script.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, os_release: str, offered: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
        (self.folder / "os-release").write_text(os_release)
        lines = [f" {name} | {version} | http://mirror.example suite/main" for name, version in offered.items()]
        (self.folder / "madison").write_text("\n".join(lines) + "\n")
        return subprocess.run(
            ["bash", ROOT / "scripts" / "engine", *arguments],
            env={"PATH": str(self.folder / "bin"), "STATE": str(self.folder), **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def installed(self) -> list[str]:
        log = self.folder / "installed"
        return sorted(log.read_text().split()) if log.exists() else []


@pytest.fixture
def system(tmp_path: Path) -> System:
    place = tmp_path / "bin"
    place.mkdir()
    for name in TOOLS:
        (place / name).symlink_to(str(shutil.which(name)))
    own = {"apt-get": APT_GET, "apt-cache": APT_CACHE, "systemctl": STARTED.replace("exec sleep 2", "")}
    own |= {"id": "#!/bin/bash\necho 0\n", "rm": "#!/bin/bash\n"}
    for name, text in own.items():
        (place / name).write_text(text)
    (tmp_path / "stub-docker").write_text(DOCKER)
    (tmp_path / "stub-dockerd").write_text(STARTED)
    for path in (*(place / name for name in own), tmp_path / "stub-docker", tmp_path / "stub-dockerd"):
        path.chmod(0o755)
    for name in ("sources.list.d", "preferences.d"):
        (tmp_path / "apt" / name).mkdir(parents=True)
    source = "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"
    (tmp_path / "apt" / "sources.list.d" / "debian.sources").write_text(source)
    environment = {
        "RAYDOCK_OS_RELEASE": str(tmp_path / "os-release"),
        "RAYDOCK_APT": str(tmp_path / "apt"),
        "RAYDOCK_ENGINE_LOG": str(tmp_path / "log"),
        "ENGINE": "Engine",
    }
    return System(folder=tmp_path, environment=environment)


@pytest.mark.parametrize(("os_release", "compose"), [(UBUNTU, "docker-compose-v2"), (MINT, "docker-compose-v2")])
def test_ubuntu_gets_its_own_packages(system: System, os_release: str, compose: str) -> None:
    done = system.run(os_release, NEW, "compose")
    assert done.returncode == 0, done.stderr
    engine = ["docker-buildx", "docker-cli", "docker.io"]
    assert system.installed == sorted(
        [*engine, "ca-certificates", "debian-archive-keyring", "iptables", "mmdebstrap", compose]
    )
    assert not list((system.folder / "apt" / "preferences.d").iterdir())


def test_debian_installs_a_newer_engine_from_the_next_release(system: System) -> None:
    done = system.run(DEBIAN, {"docker.io": "20.10.24+dfsg1-1+b3"}, "compose")
    assert done.returncode == 0, done.stderr
    assert "docker.io here is older than 26; taking it from trixie" in done.stderr
    assert {"docker.io/trixie", "docker-buildx/trixie", "docker-compose/trixie"} <= set(system.installed)
    assert "debian-archive-keyring" not in system.installed
    added = (system.folder / "apt" / "sources.list.d" / "raydock-trixie.sources").read_text()
    assert "Suites: trixie" in added
    assert "bookworm" not in added
    assert "Pin-Priority: 100" in (system.folder / "apt" / "preferences.d" / "raydock-trixie").read_text()


def test_a_derivative_gets_an_engine_that_is_new_enough_or_a_clear_error(system: System) -> None:
    done = system.run(KALI, {"docker.io": "20.10.25+dfsg1-2"})
    assert done.returncode == 4
    assert "Kali GNU/Linux Rolling offers docker.io 20.10.25+dfsg1-2 and docker-buildx none" in done.stderr
    assert "Next: install Docker 26 or newer with the buildx plugin" in done.stderr
    assert system.installed == []
    done = system.run(KALI, NEW)
    assert done.returncode == 0, done.stderr
    assert {"docker.io", "docker-buildx", "mmdebstrap", "debian-archive-keyring"} <= set(system.installed)


def test_ubuntu_without_universe_gets_the_command_that_adds_it(system: System) -> None:
    done = system.run(UBUNTU, {})
    assert done.returncode == 4
    assert "Ubuntu 24.04.3 LTS offers docker.io none and docker-buildx none" in done.stderr
    assert "Next: 'add-apt-repository universe' and run this again, or install Docker" in done.stderr


def test_dockers_own_packages_are_not_replaced(system: System) -> None:
    for stub, name in (("stub-docker", "docker"), ("stub-dockerd", "dockerd")):
        shutil.copy(system.folder / stub, system.folder / "bin" / name)
    (system.folder / "buildx").touch()
    done = system.run(UBUNTU, NEW)
    assert done.returncode == 0, done.stderr
    assert system.installed == ["ca-certificates", "debian-archive-keyring", "iptables", "mmdebstrap"]


def test_a_system_without_debian_packages_gets_a_list_of_what_to_install(system: System) -> None:
    done = system.run(FEDORA, NEW)
    assert done.returncode == 4
    assert "by root on Debian, Ubuntu or a system based on them" in done.stderr
    assert "Next: install Docker 26 or newer" in done.stderr


def test_a_configured_engine_that_does_not_answer_is_not_replaced(system: System) -> None:
    shutil.copy(system.folder / "stub-docker", system.folder / "bin" / "docker")
    for name, value, message in [
        ("DOCKER_CONTEXT", "lab", "the docker context 'lab' is in use but no engine answers there"),
        ("DOCKER_HOST", "tcp://gpu1:2375", "DOCKER_HOST=tcp://gpu1:2375 is set but no engine answers there"),
    ]:
        system.environment |= {name: value}
        done = system.run(UBUNTU, NEW)
        assert done.returncode == 4
        assert message in done.stderr
    assert system.installed == []


def test_podman_is_refused_by_name(system: System) -> None:
    shutil.copy(system.folder / "stub-docker", system.folder / "bin" / "docker")
    (system.folder / "up").touch()
    system.environment |= {"ENGINE": "Podman Engine"}
    done = system.run(UBUNTU, NEW)
    assert done.returncode == 4
    assert "Podman answers in Docker's place" in done.stderr
    assert os.linesep + "engine: Next: install Docker 26 or newer" in done.stderr
