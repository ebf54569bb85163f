"""This host's apt with a separate root for one base.

The root has the sources and the packages of the base. It does not read or write the package state of the host.
mmdebstrap uses the same apt to make a base.
"""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from subprocess import CompletedProcess

from raydock.builder.apterrors import next_step, reason
from raydock.builder.aptsources import TRUSTED, trusted
from raydock.builder.bootstrap import NO_USRMERGE, archive_of
from raydock.builder.debian import KEYRING, mirror_stanzas, package_sources
from raydock.builder.debs import script
from raydock.builder.secrets import proxies
from raydock.core.errors import OutOfReachError
from raydock.core.files import digest_of
from raydock.core.processes import Processes
from raydock.model.bases import Base
from raydock.model.debs import Deb

_CREDENTIALS = re.compile(r"//[^/@\s]+@")
_FOLDERS = (
    *("etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/trusted.gpg.d", "etc/apt/sources.list.d"),
    *("var/lib/apt/lists/partial", "var/cache/apt/archives/partial"),
)
_SETTINGS = """\
Dir "{root}";
Dir::State::status "{root}/status";
Dir::Cache::pkgcache "";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "root";
APT::Get::List-Cleanup "true";
Acquire::Languages "none";
"""
# The packages of a minimal root file system, as in mmdebstrap's variant minbase with its hook merged-usr.
_MINIMAL = (
    "?and(?architecture(amd64),?essential)",
    "?and(?architecture(amd64),?priority(required))",
    "apt",
    "usr-is-merged",
)


@dataclass
class HostApt:
    """The apt of this host for a bootstrapped base.

    Attributes:
        base: the base.
        bundle: a file of PEM certificates for https, if any.
        work: the work folder, which stores apt's package lists.
        processes: runs the programs.
        options: further settings for apt.conf.
    """

    base: Base
    bundle: Path | None
    work: Path
    processes: Processes = field(default_factory=Processes)
    options: str = ""
    _is_updated: bool = False

    @property
    def origin(self) -> str:
        """The archives that it reads, and the file that names them, for messages."""
        return package_sources(self.base, self.bundle).origin

    def solve(self, packages: Sequence[str], status: str = "") -> CompletedProcess[str]:
        """Solves the installation of these packages; see script.SOLVE.

        status: dpkg's status of the root file system; empty for a new one.
        """
        self._update()
        (self._root / "status").write_text(status, encoding="utf-8")
        return self._run(script.SOLVE, *(() if status else _MINIMAL), *packages)

    def fetch(self, files: str, folder: Path) -> CompletedProcess[str]:
        """Downloads the listed files (script.fetch_list) to a folder; see script.FETCH."""
        return self._run(script.FETCH, folder=folder, environment={"DEBS": files})

    def candidates(self, names: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The current version and its suites in the archive, by package name."""
        self._update()
        (self._root / "status").write_text("", encoding="utf-8")
        return script.candidates(self._run(script.POLICY, *names).stdout)

    def records(self, versions: Mapping[str, str]) -> tuple[Deb, ...]:
        """The packages in the archive with these names and versions."""
        self._update()
        names = [f"{name}={version}" for name, version in versions.items()]
        return script.records(self._run('apt-cache show "$@"', *names).stdout)

    def _update(self) -> None:
        """Updates the package lists, once.

        Raises OutOfReachError if an archive does not answer.
        """
        if self._is_updated:
            return
        result = self._run(script.UPDATE)
        if result.returncode:
            raise OutOfReachError(
                f"apt could not read Debian {self.base.suite} from {self.origin}: {reason(result.stderr)}.",
                todo=next_step(self.base, result.stderr),
            )
        self._is_updated = True

    @cached_property
    def _root(self) -> Path:
        """A root with sources, keys and settings.

        Only its owner can read it, as addresses can have credentials.
        """
        if not shutil.which("apt-get"):
            raise OutOfReachError(
                f"apt is not on this machine, but it is needed to lock packages of Debian {self.base.suite}.",
                todo="`apt-get install mmdebstrap`, which installs apt, or use a base with `source: pull`.",
            )
        sources = package_sources(self.base, self.bundle)
        suite = self.base.suite
        stanzas = sources.stanzas or mirror_stanzas(archive_of(suite, self.processes), suite)
        key = digest_of((stanzas + sources.settings).encode()).removeprefix("sha256:")[:12]
        root = self.work / "apt" / f"{suite}-{key}"
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
        for folder in _FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "status").touch()
        (root / "etc/apt/preferences.d/raydock").write_text(NO_USRMERGE, encoding="utf-8")
        (root / "etc/apt/sources.list.d/raydock.sources").write_text(stanzas, encoding="utf-8")
        for key_file in (*trusted(), *([KEYRING] if KEYRING.exists() else [])):
            (root / TRUSTED / key_file.name).unlink(missing_ok=True)
            (root / TRUSTED / key_file.name).symlink_to(key_file)
        settings = _SETTINGS.format(root=root.resolve()) + sources.settings + self.options
        (root / "apt.conf").write_text(settings, encoding="utf-8")
        return root

    def _run(
        self,
        text: str,
        *arguments: str,
        folder: Path | None = None,
        environment: Mapping[str, str] = {},
    ) -> CompletedProcess[str]:
        settings = {**script.SETTINGS, "APT_CONFIG": f"{self._root.resolve()}/apt.conf"}
        done = self.processes.run(
            ["sh", "-c", text, "apt", *arguments],
            folder=folder,
            environment={**proxies(), **os.environ, **settings, **environment},
        )
        done.stderr = _CREDENTIALS.sub("//", done.stderr)
        return done
