"""A folder of Debian packages as a flat archive of one suite for apt.

The packages must be verified, because apt trusts the archive.
"""

import hashlib
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from raydock.core.errors import VariantError


def index(folder: Path, suite: str) -> None:
    """Writes Packages and Release for the .deb files of a folder.

    Raises VariantError if dpkg-deb cannot read one. Source: https://wiki.debian.org/DebianRepository/Format, read
    2026-11-29. mmdebstrap finds essential packages by the suite's name, which Release gives.
    """
    text = "".join(_stanza(path) for path in sorted(folder.glob("*.deb")))
    data = text.encode()
    (folder / "Packages").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    release = f"Suite: {suite}\nCodename: {suite}\nSHA256:\n {digest} {len(data)} Packages\n"
    (folder / "Release").write_text(release, encoding="utf-8")


def control(path: Path) -> str:
    """The control fields of a .deb file.

    Raises VariantError if dpkg-deb cannot read it.
    """
    try:
        # dpkg-deb leaves its temporary folder behind if it is interrupted.
        with TemporaryDirectory(prefix="raydock-deb-") as folder:
            done = subprocess.run(
                ["dpkg-deb", "--field", str(path)],
                env={**os.environ, "TMPDIR": folder},
                capture_output=True,
                text=True,
                check=False,
            )
    except FileNotFoundError:
        raise VariantError(
            f"dpkg-deb is not on this machine, but it is needed to read {path.name}.", todo="`apt-get install dpkg`."
        ) from None
    if done.returncode:
        raise VariantError(
            f"{path.name} is not a Debian package: {done.stderr.strip()[:300]}.",
            todo=f"remove {path}, then run this again to download it again.",
        )
    return done.stdout.rstrip("\n") + "\n"


def _stanza(path: Path) -> str:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return f"{control(path)}Filename: ./{path.name}\nSize: {len(data)}\nSHA256: {digest}\n\n"
