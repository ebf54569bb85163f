"""Bootstraps a Debian root file system with mmdebstrap from local packages: the same ones give the same bytes."""

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from raydock.builder import localarchive
from raydock.builder.apterrors import failed_fetches, next_step, reason
from raydock.builder.debian import listing
from raydock.builder.rootfs import HOSTNAME, SOURCES, STATUS, normalize, read_text
from raydock.core.errors import OutOfReachError, VariantError
from raydock.core.files import write_whole
from raydock.core.processes import Processes
from raydock.model.bases import Base, Mirror
from raydock.model.debs import DebLock

# usrmerge would bring all of Perl, 11 MB compressed on bookworm; a /usr that is merged from the start needs none of it.
NO_USRMERGE = "Package: usrmerge\nPin: release *\nPin-Priority: -1\n"
HOOKS = (
    f'--setup-hook=printf {NO_USRMERGE!r} > "$1/etc/apt/preferences.d/raydock"',
    '--customize-hook=rm "$1/etc/apt/preferences.d/raydock"',
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
)
UNPACKED = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
# A tree that is packed into a tar and removed needs no file synchronized to the disk.
_QUICK = (
    "--dpkgopt=force-unsafe-io",
    '--customize-hook=sed -i /force-unsafe-io/d "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"',
)

_SOURCES = "deb [trusted=yes] copy:{} ./"
# A line of sources.list: the suite by its address.
_SOURCE = re.compile(r"^deb (?:\[[^\]]*\] )?(?P<address>\S+) (?P<suite>\S+) ", re.MULTILINE)


def bootstrap(
    base: Base,
    debs: Path,
    lock: DebLock,
    packages: Sequence[str],
    *,
    epoch: int,
    target: Path,
    log: Path,
    processes: Processes,
) -> None:
    """Writes the root file system of a base to the tar `target`, which tells nothing of this host.

    `debs` is a folder with the files of `lock` and nothing else; they are installed, `packages` as those asked for.
    What mmdebstrap prints goes to `log`. Raises OutOfReachError if mmdebstrap is missing or fails, VariantError if it
    did not install exactly what is locked.
    """
    program = _program(base.suite)
    localarchive.index(debs, base.suite)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, _scratch() as scratch:
        raw = Path(folder, "rootfs.tar")
        command = [program, *_options(packages, debs), base.suite, str(raw), _SOURCES.format("")]
        done = processes.run(command, folder=target.parent, environment=_environment(epoch, scratch))
        write_whole(log, done.stderr)
        if done.returncode:
            raise OutOfReachError(
                f"mmdebstrap could not make Debian {base.suite} from the packages of {lock.name}.debs:"
                f" {reason(done.stderr)}.",
                meaning=f"Log: {log}",
                # apt in mmdebstrap reads local packages alone, unless a setting or hook of this host adds an archive.
                todo=next_step(base, done.stderr)
                if failed_fetches(done.stderr)
                else "read the log, fix the cause, then run this again.",
            )
        _require_exact(lock, read_text(raw, STATUS))
        own = base.mirror or archive_of(base.suite, processes)
        normalize(raw, target, epoch, {HOSTNAME: "localhost\n", SOURCES: listing(base.suite, own)})


def archive_of(suite: str, processes: Processes) -> Mirror:
    """Debian's own archive, as mmdebstrap knows it. Raises OutOfReachError if mmdebstrap is missing or fails."""
    # The hook runs before anything is downloaded, and ends mmdebstrap.
    hook = '--setup-hook=cat "$1/etc/apt/sources.list" >&2; exit 1'
    done = processes.run([_program(suite), "--quiet", "--variant=minbase", hook, suite, os.devnull], folder=Path.cwd())
    addresses = {suite: address for address, suite in _SOURCE.findall(done.stderr)}
    if suite not in addresses:
        raise OutOfReachError(
            f"mmdebstrap does not name Debian's archive for {suite}: {reason(done.stderr)}.",
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


def _options(packages: Sequence[str], debs: Path) -> list[str]:
    # The archive rates apt as required, the file itself does not.
    options = ["--variant=minbase", f"--include={','.join(('apt', *packages))}", *_QUICK]
    # A user who is not root runs apt as a user of a namespace, who may not read this folder: the hook reads it.
    options += [f"--setup-hook=copy-in {shlex.quote(str(debs))} /"]
    options += [f"--setup-hook=echo {_SOURCES.format('$1/' + debs.name)!r} > $1/etc/apt/sources.list".replace("'", '"')]
    options += [f'--customize-hook=rm -r "$1/{debs.name}"', *HOOKS]
    options += [f"--dpkgopt=path-exclude={pattern}" for pattern in UNPACKED]
    return [*options, "--dpkgopt=path-include=/usr/share/doc/*/copyright"]


@contextmanager
def _scratch() -> Iterator[str]:
    """A folder for the temporary files of mmdebstrap and of the programs it runs, which leave theirs if interrupted."""
    with tempfile.TemporaryDirectory(prefix="raydock-base-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o1777)  # apt's user, and users of a namespace, write into it
        yield folder


def _environment(epoch: int, scratch: str) -> dict[str, str]:
    return {**os.environ, "TMPDIR": scratch, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"}


def _require_exact(lock: DebLock, status: str) -> None:
    """Raises VariantError if dpkg's status has other packages or versions than the lock."""
    fields = re.findall(r"^(Package|Version): (.+)$", status, re.MULTILINE)
    names = [value for field, value in fields if field == "Package"]
    installed = set(zip(names, [value for field, value in fields if field == "Version"], strict=True))
    locked = {(deb.name, deb.version) for deb in lock.debs}
    if installed == locked:
        return
    differing = ", ".join(" ".join(package) for package in sorted(installed ^ locked)[:5])
    raise VariantError(
        f"mmdebstrap installed other packages than {lock.name}.debs has: {differing}.",
        meaning="The base would not be what is locked.",
        todo="lock again with this host's apt: remove that file, then `./build.py lock`.",
    )
