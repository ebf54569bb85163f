"""`bases` of matrix.yaml: the images that variants are built on."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec.structs import force_setattr

from raydock.core.errors import nearest
from raydock.core.models import Entry, InvalidEntryError, written
from raydock.core.yamlfile import YamlFile

# glibc of the Debian releases from which a base can be made (packages.debian.org: libc6; read 2026-11-30).
SUITES = {"bullseye": "2.31", "bookworm": "2.36", "trixie": "2.41"}
ORIGINS = ("system", "managed")
NO_SECURITY = "none"

_MIRROR = "the http or https address of a Debian mirror, like https://mirror.example/debian"
_ADDRESS = r"https?://[^\s'\"\\\[\]#]+"
_Address = Annotated[str, written(_MIRROR, form=_ADDRESS)]
_Python = Annotated[str, written('it like "3.11"', "a Python version", form=r"\d+\.\d+")]
_Image = Annotated[
    str,
    written(
        "an image by digest: name@sha256:... (64 hexadecimal digits)",
        form=r"[A-Za-z0-9][A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}",
    ),
]
_Glibc = Annotated[str, written('its glibc, like "2.39" (`ldd --version` in the image)', form=r"2\.\d+")]


class Mirror(Entry, frozen=True, kw_only=True):
    """Addresses of a Debian archive.

    Attributes:
        archive: the address of its suites.
        security: the address of its security updates; `none` in matrix.yaml, and empty here, to build without them.
    """

    archive: _Address
    security: Annotated[str, written(_MIRROR, form=f"{NO_SECURITY}|{_ADDRESS}")]


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base image for one Python.

    Attributes:
        name: its key in matrix.yaml.
        source: `bootstrap` or `pull`.
        python: the Python version, such as 3.11.
        glibc: its version of glibc, such as 2.36.
        suite: the Debian release from which it is made; empty if it is pulled.
        mirror: the Debian mirror of matrix.yaml; None for the default.
        image: the image that is pulled, by digest; empty if it is made.
        managed: whether uv installs the Python of a pulled base.
        place: the file and line in matrix.yaml.
    """

    name: str
    source: str
    python: str
    glibc: str
    suite: str = ""
    mirror: Mirror | None = None
    image: str = ""
    managed: bool = False
    place: str = field(default="matrix.yaml", compare=False)


class BaseEntry(Entry, frozen=True, kw_only=True):
    """A base of matrix.yaml.

    Attributes:
        source: `bootstrap` makes it from Debian packages, `pull` pulls an image.
        python: by Python version, the Debian release of a base that is made. For a pulled image, `system` if the image
            has the Python, or `managed` if uv installs it.
        image: the image that is pulled, by digest.
        glibc: the glibc of that image.
        mirror: the Debian mirror from which a base is made: an address, or the addresses of the archive and of its
            security updates.
    """

    source: Literal["bootstrap", "pull"]
    python: dict[_Python, str]
    image: _Image | None = None
    glibc: _Glibc | None = None
    mirror: _Address | Mirror | None = None

    def __post_init__(self) -> None:
        if self.source == "pull":
            self._check_pulled()
        else:
            self._check_bootstrapped()

    def _check_pulled(self) -> None:
        self._check_pythons(ORIGINS, "an origin of a Python")
        for key in ("image", "glibc"):
            if getattr(self, key) is None:
                raise InvalidEntryError(f"{{label}} lacks the key {key!r}.", f"add `{key}:`.")
        if self.mirror is not None:
            what = "a pulled base has no `mirror`: apt in it uses the image's own sources."
            raise InvalidEntryError(what, "remove it.", "mirror")

    def _check_bootstrapped(self) -> None:
        self._check_pythons(SUITES, "a Debian release that raydock knows")
        for key in ("image", "glibc"):
            if getattr(self, key) is not None:
                raise InvalidEntryError(f"a base that is made has no `{key}`.", "remove it.", key)
        if isinstance(self.mirror, str):
            force_setattr(self, "mirror", _mirror_at(self.mirror))
        elif self.mirror is not None:
            force_setattr(self, "mirror", _normalized(self.mirror))

    def _check_pythons(self, origins: Collection[str], what: str) -> None:
        for python, origin in self.python.items():
            if origin not in origins:
                raise InvalidEntryError(f"{origin!r} is not {what}.", nearest(origin, origins), "python", python)

    def bases(self, name: str, file: YamlFile) -> Iterator[Base]:
        """The base for each Python.

        name: its key in matrix.yaml.
        file: the matrix.yaml.
        """
        for python, origin in self.python.items():
            yield Base(
                name=name,
                source=self.source,
                python=python,
                glibc=self.glibc or SUITES[origin],
                suite="" if self.source == "pull" else origin,
                mirror=self.mirror if isinstance(self.mirror, Mirror) else None,
                image=self.image or "",
                managed=origin == "managed",
                place=file.place("bases", name, "python", python),
            )


def _mirror_at(address: str) -> Mirror:
    """The mirror at an address; the path of the security updates follows from it."""
    _refuse_credentials(address, "mirror")
    archive = address.rstrip("/")
    parts = archive.split("/")
    if "debian" not in parts[3:]:
        raise InvalidEntryError(
            f"the mirror {archive} has no path component `debian`, so the address of its security updates is unknown.",
            f"write {{archive: {archive}, security: ADDRESS}}, or `security: {NO_SECURITY}` to build without them.",
            "mirror",
        )
    last = len(parts) - 1 - parts[::-1].index("debian")
    return Mirror(archive=archive, security="/".join((*parts[:last], "debian-security", *parts[last + 1 :])))


def _normalized(mirror: Mirror) -> Mirror:
    """A mirror of matrix.yaml in its normal form."""
    for key in ("archive", "security"):
        _refuse_credentials(getattr(mirror, key), "mirror", key)
    security = "" if mirror.security == NO_SECURITY else mirror.security.rstrip("/")
    return Mirror(archive=mirror.archive.rstrip("/"), security=security)


def _refuse_credentials(address: str, *steps: str) -> None:
    if urlsplit(address).username is not None:
        raise InvalidEntryError(
            f"the mirror of {urlsplit(address).hostname} is written with credentials, which do not belong in it.",
            "remove them here, and add them to /etc/apt/auth.conf.d on the hosts that build.",
            *steps,
        )
