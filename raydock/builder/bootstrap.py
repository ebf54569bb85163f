"""Bootstraps a Debian root file system with mmdebstrap from local packages.

The same packages give the same bytes.
"""

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

# usrmerge would install all of Perl, 11 MB compressed on bookworm. It is not needed if /usr is merged from the start.
NO_USRMERGE = "Package: usrmerge\nPin: release *\nPin-Priority: -1\n"
HOOKS = (
    f'--setup-hook=printf {NO_USRMERGE!r} > "$1/etc/apt/preferences.d/raydock"',
    '--customize-hook=rm "$1/etc/apt/preferences.d/raydock"',
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
)
# What dpkg unpacks, also in upgrades; the last line that matches a path counts. Documentation is left out, and the
# character sets of gconv-modules-extra.conf, which only iconv loads: Debian 14 has them in a package of their own,
# libc-gconv-modules-extra (its libc6 2.43 compared file by file on 2026-11-30).
UNPACKED = (
    *(f"path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "locale", "man")),
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/lib/*/gconv/*",
    "path-include=/usr/lib/*/gconv/gconv-modules",
    *(
        f"path-include=/usr/lib/*/gconv/{name}.so"
        for name in ("ANSI_X3.110", "CP1252", "ISO8859-1", "ISO8859-15", "UNICODE", "UTF-16", "UTF-32", "UTF-7")
    ),
)
# The tree is packed into a tar and removed, so its files need not be synchronized to the disk.
_QUICK = (
    "--dpkgopt=force-unsafe-io",
    '--customize-hook=sed -i /force-unsafe-io/d "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"',
)

_SOURCES = "deb [trusted=yes] copy:{} ./"
# A line of sources.list with an address and a suite.
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
    """Writes the root file system of a base to the tar `target`.

    It contains no information about this host.

    debs: a folder with only the files of `lock`, which are all installed.
    packages: the requested packages, which apt marks as manually installed.
    epoch: SOURCE_DATE_EPOCH in seconds.
    log: the file for mmdebstrap's output.
    Raises OutOfReachError if mmdebstrap is missing or fails, VariantError if the installed packages differ from `lock`.
    """
    program = _program(base.suite)
    localarchive.index(debs, base.suite)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, _scratch() as scratch:
        raw = Path(folder, "rootfs.tar")
        command = [program, *_options(packages, debs), base.suite, str(raw), _SOURCES.format("")]
        settings = {"TMPDIR": scratch, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"}
        done = processes.run(command, folder=target.parent, environment={**os.environ, **settings})
        write_whole(log, done.stderr)
        if done.returncode:
            raise OutOfReachError(
                f"mmdebstrap could not make Debian {base.suite} from the packages of {lock.name}.debs:"
                f" {reason(done.stderr)}.",
                meaning=f"Log: {log}",
                # apt in mmdebstrap reads only local packages, unless a setting or hook of this host adds an archive.
                todo=next_step(base, done.stderr)
                if failed_fetches(done.stderr)
                else "read the log, fix the cause, then run this again.",
            )
        _require_exact(lock, read_text(raw, STATUS))
        mirror = base.mirror or archive_of(base.suite, processes)
        normalize(raw, target, epoch, {HOSTNAME: "localhost\n", SOURCES: listing(base.suite, mirror)})


def archive_of(suite: str, processes: Processes) -> Mirror:
    """Debian's own archive, from mmdebstrap's defaults.

    Raises OutOfReachError if mmdebstrap is missing or fails.
    """
    # The hook runs before anything is downloaded, and ends mmdebstrap.
    hook = '--setup-hook=cat "$1/etc/apt/sources.list" >&2; exit 1'
    done = processes.run([_program(suite), "--quiet", "--variant=minbase", hook, suite, os.devnull], folder=Path.cwd())
    addresses = {suite: address for address, suite in _SOURCE.findall(done.stderr)}
    if suite not in addresses:
        raise OutOfReachError(
            f"mmdebstrap does not print the address of Debian's archive for {suite}: {reason(done.stderr)}.",
            todo=f"run `mmdebstrap --simulate {suite} /dev/null` to see why, or write `mirror:` into matrix.yaml.",
        )
    return Mirror(archive=addresses[suite], security=addresses.get(f"{suite}-security", ""))


def _program(suite: str) -> str:
    program = shutil.which("mmdebstrap")
    if not program:
        raise OutOfReachError(
            f"mmdebstrap is not on this machine, but it is needed to make a base with Debian {suite}.",
            todo="`apt-get install mmdebstrap`, or give matrix.yaml a base with `source: pull`.",
        )
    return program


def _options(packages: Sequence[str], debs: Path) -> list[str]:
    # apt has the priority `required` in the archive's index, but not in the package file itself.
    options = ["--variant=minbase", f"--include={','.join(('apt', *packages))}", *_QUICK]
    # Without root, apt runs as a user of a namespace who cannot read this folder, so a hook copies it.
    options += [f"--setup-hook=copy-in {shlex.quote(str(debs))} /"]
    options += [f"--setup-hook=echo {_SOURCES.format('$1/' + debs.name)!r} > $1/etc/apt/sources.list".replace("'", '"')]
    options += [f'--customize-hook=rm -r "$1/{debs.name}"', *HOOKS]
    return [*options, *(f"--dpkgopt={option}" for option in UNPACKED)]


@contextmanager
def _scratch() -> Iterator[str]:
    """A folder for temporary files of mmdebstrap and its programs.

    They do not remove their files if interrupted.
    """
    with tempfile.TemporaryDirectory(prefix="raydock-base-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o1777)  # apt's user, and users of a namespace, write into it
        yield folder


def _require_exact(lock: DebLock, status: str) -> None:
    """Raises VariantError if the packages in dpkg's status differ from the lock."""
    fields = re.findall(r"^(Package|Version): (.+)$", status, re.MULTILINE)
    names = [value for field, value in fields if field == "Package"]
    installed = set(zip(names, [value for field, value in fields if field == "Version"], strict=True))
    locked = {(deb.name, deb.version) for deb in lock.debs}
    if installed == locked:
        return
    differing = ", ".join(" ".join(package) for package in sorted(installed ^ locked)[:5])
    raise VariantError(
        f"the packages that mmdebstrap installed differ from {lock.name}.debs: {differing}.",
        meaning="The base would not match its lock.",
        todo="lock again with this host's apt: remove that file, then `./build.py lock`.",
    )
