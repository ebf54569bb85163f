"""Bootstraps a Debian root file system with mmdebstrap: the same packages give the same bytes on each host."""

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from raydock.build.debian import KEYRING, PackageSources, listing
from raydock.build.rootfs import HOSTNAME, SOURCES, normalize
from raydock.errors import OutOfReachError
from raydock.files import write_whole
from raydock.model.bases import Base, Mirror
from raydock.processes import Processes

# usrmerge would bring all of Perl, 11 MB compressed on bookworm; a /usr that is merged from the start needs none of it.
HOOKS = (
    r'--setup-hook=printf "Package: usrmerge\nPin: release *\nPin-Priority: -1\n" > "$1/etc/apt/preferences.d/raydock"',
    '--customize-hook=rm "$1/etc/apt/preferences.d/raydock"',
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
)
UNPACKED = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
# apt reads the lower-case names alone.
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")

# A line of sources.list: the suite by its address.
_SOURCE = re.compile(r"^deb (?:\[[^\]]*\] )?(?P<address>\S+) (?P<suite>\S+) ", re.MULTILINE)
_CREDENTIALS = re.compile(r"//[^/@\s]+@")


def bootstrap(
    base: Base,
    sources: PackageSources,
    packages: Sequence[str],
    *,
    epoch: int,
    target: Path,
    log: Path,
    processes: Processes,
) -> None:
    """Writes the root file system of a base with these packages to the tar `target`, which tells nothing of this host.

    What mmdebstrap prints goes to `log`. Raises OutOfReachError if mmdebstrap is missing or fails.
    """
    program = _program(base.suite)
    # Readable by its owner alone: addresses and settings may hold credentials.
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        raw = Path(folder, "rootfs.tar")
        command = [program, *_options(packages, sources, Path(folder)), base.suite, str(raw)]
        command += [f"{folder}/raydock.sources"] if sources.stanzas else []
        done = processes.run(command, folder=target.parent, environment=_environment(epoch))
        printed = _CREDENTIALS.sub("//", done.stderr)
        write_whole(log, printed)
        if done.returncode:
            raise _error(base, sources, printed, log)
        own = base.mirror or _default_mirror(base.suite, processes)
        normalize(raw, target, epoch, {HOSTNAME: "localhost\n", SOURCES: listing(base.suite, own)})


def _default_mirror(suite: str, processes: Processes) -> Mirror:
    """Debian's own archive, as mmdebstrap knows it. Raises OutOfReachError if mmdebstrap is missing or fails."""
    # The hook runs before anything is downloaded, and ends mmdebstrap.
    hook = '--setup-hook=cat "$1/etc/apt/sources.list" >&2; exit 1'
    done = processes.run([_program(suite), "--quiet", "--variant=minbase", hook, suite, os.devnull], folder=Path.cwd())
    addresses = {suite: address for address, suite in _SOURCE.findall(done.stderr)}
    if suite not in addresses:
        raise OutOfReachError(
            f"mmdebstrap does not name Debian's archive for {suite}: {_reason(done.stderr)}.",
            todo=f"run `mmdebstrap --simulate {suite} /dev/null` to see why, or write `mirror:` into matrix.yaml.",
        )
    return Mirror(archive=addresses[suite], security=addresses.get(f"{suite}-security", ""))


def _program(suite: str) -> str:
    program = shutil.which("mmdebstrap")
    if not program:
        raise OutOfReachError(
            f"mmdebstrap is not on this machine, and a base with Debian {suite} is made with it.",
            todo="`apt-get install mmdebstrap`, or give matrix.yaml a base with `source: pull`.",
        )
    return program


def _options(packages: Sequence[str], sources: PackageSources, folder: Path) -> list[str]:
    """The options of mmdebstrap; what it reads from files is put into `folder`."""
    (folder / "raydock.sources").write_text(sources.stanzas, encoding="utf-8")
    options = ["--variant=minbase", f"--include={','.join(packages)}", *HOOKS]
    options += [f"--aptopt={setting}" for setting in _settings(sources, folder)]
    options += [f"--keyring={KEYRING}"] if KEYRING.exists() else []
    options += [f"--dpkgopt=path-exclude={pattern}" for pattern in UNPACKED]
    return [*options, "--dpkgopt=path-include=/usr/share/doc/*/copyright"]


def _settings(sources: PackageSources, folder: Path) -> list[str]:
    """apt's settings as mmdebstrap takes them: a file, or each by itself for a user who is not root.

    Then mmdebstrap reads the file in a user namespace, in which it may not; what such a user knows is no secret here.
    """
    if os.geteuid():
        return sources.settings.splitlines()
    (folder / "apt.conf").write_text(sources.settings, encoding="utf-8")
    return [f"{folder}/apt.conf"] if sources.settings else []


def _environment(epoch: int) -> dict[str, str]:
    upper = {name: os.environ[name.upper()] for name in _PROXIES if os.environ.get(name.upper())}
    return {**upper, **os.environ, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"}


def _error(base: Base, sources: PackageSources, printed: str, log: Path) -> OutOfReachError:
    not_fetched = [line for line in printed.splitlines() if line.startswith("Err:")]
    todo = (
        f"see that a Debian mirror with {base.suite} answers here; name one by `mirror:` of the base {base.name} in"
        f" matrix.yaml, or list {base.suite} in this host's apt sources and run `apt-get update`."
    )
    if "NO_PUBKEY" in printed:
        todo = (
            "`apt-get install debian-archive-keyring`; the key of a mirror that signs by itself belongs in"
            " /etc/apt/trusted.gpg.d of this host."
        )
    elif base.mirror and not_fetched and all(f"{base.suite}-security" in line for line in not_fetched):
        todo = f"write `mirror: {{archive: {base.mirror.archive}, security: ADDRESS}}`, or `security: none`."
    return OutOfReachError(
        f"mmdebstrap could not make Debian {base.suite} from {sources.origin}: {_reason(printed)}.",
        meaning=f"Log: {log}",
        todo=todo,
    )


def _reason(printed: str) -> str:
    """What went wrong first: a full disk, an address that could not be read, or else mmdebstrap's own errors."""
    lines = list(dict.fromkeys(line.strip() for line in printed.splitlines()))
    signs = ("No space left on device", "E: Failed to fetch", "W: Failed to fetch", "NO_PUBKEY", "E: ", "Err:")
    telling = next((found for sign in signs if (found := [line for line in lines if sign in line])), lines)
    return "; ".join((telling or ["it printed nothing"])[:3])[:600].rstrip(".")
