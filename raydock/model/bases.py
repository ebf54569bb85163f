"""`bases` of matrix.yaml: the images that variants are built on."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from raydock.core.errors import nearest
from raydock.core.yamlentry import YamlEntry

# glibc of the Debian releases that a base can be made from (packages.debian.org: libc6; read 2026-11-22).
SUITES = {"bullseye": "2.31", "bookworm": "2.36", "trixie": "2.41"}
NO_SECURITY = "none"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_PULLED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}")
_ADDRESS = re.compile(r"https?://[^\s'\"\\\[\]#]+")
_MIRROR = "the http or https address of a Debian mirror, like https://mirror.example/debian"


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """Addresses of a Debian archive: of its suites, and of its security updates (empty: without them)."""

    archive: str
    security: str


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base image for one Python.

    `source` is `bootstrap` (then `suite` names the Debian release, and `mirror` the archive that matrix.yaml states)
    or `pull` (then `image` names an image by digest, and `managed` means that uv installs the Python). `place` is where
    matrix.yaml states it.
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


def read(entry: YamlEntry) -> tuple[Base, ...]:
    """The bases of matrix.yaml. Raises ConfigurationError, with file and line, if one is not as documented."""
    return tuple(base for name, body in entry.items().items() for base in _base(name, body))


def _base(name: str, entry: YamlEntry) -> list[Base]:
    if not _NAME.fullmatch(name):
        entry.refuse(f"{name!r} is not allowed as a base's name.", "write it with letters, digits and . _ + -")
    source = entry.items(("source", "python", "image", "glibc", "mirror"), ("source", "python"))["source"]
    if source.text() == "bootstrap":
        return _bootstrapped(name, entry)
    if source.text() != "pull":
        source.refuse(f"{source.text()!r} is not a source of a base.", nearest(source.text(), ("bootstrap", "pull")))
    return _pulled(name, entry)


def _bootstrapped(name: str, entry: YamlEntry) -> list[Base]:
    keys = entry.items(("source", "python", "mirror"))
    mirror = _mirror(keys["mirror"]) if "mirror" in keys else None
    bases = []
    for python, item in _pythons(keys["python"]).items():
        suite = item.text()
        if suite not in SUITES:
            item.refuse(f"{suite!r} is not a Debian release that raydock knows.", nearest(suite, SUITES))
        bases.append(
            Base(
                name=name,
                source="bootstrap",
                python=python,
                glibc=SUITES[suite],
                suite=suite,
                mirror=mirror,
                place=item.place,
            )
        )
    return bases


def _pulled(name: str, entry: YamlEntry) -> list[Base]:
    keys = entry.items(("source", "python", "image", "glibc", "mirror"), ("image", "glibc"))
    if "mirror" in keys:
        keys["mirror"].refuse("a pulled base has no `mirror`: apt in it uses the image's own sources.", "remove it.")
    image = keys["image"].matching(_PULLED, "an image by digest: name@sha256:... (64 hexadecimal digits)")
    glibc = keys["glibc"].matching(re.compile(r"2\.\d+"), 'its glibc, like "2.39" (`ldd --version` in the image)')
    bases = []
    for python, item in _pythons(keys["python"]).items():
        if item.text() not in {"system", "managed"}:
            item.refuse(f"{item.text()!r} is not an origin of a Python.", nearest(item.text(), ("system", "managed")))
        managed = item.text() == "managed"
        bases.append(
            Base(
                name=name,
                source="pull",
                python=python,
                glibc=glibc,
                image=image,
                managed=managed,
                place=item.place,
            )
        )
    return bases


def _pythons(entry: YamlEntry) -> dict[str, YamlEntry]:
    items = entry.items()
    for python, item in items.items():
        if not re.fullmatch(r"\d+\.\d+", python):
            item.refuse(f"{python!r} is not a Python version.", 'write it like "3.11".')
    return items


def _mirror(entry: YamlEntry) -> Mirror:
    if entry.is_mapping:
        keys = entry.items(("archive", "security"), ("archive", "security"))
        security = keys["security"]
        return Mirror(
            archive=_address(keys["archive"]),
            security="" if security.text() == NO_SECURITY else _address(security),
        )
    archive = _address(entry)
    parts = archive.split("/")
    if "debian" not in parts[3:]:
        entry.refuse(
            f"the mirror {archive} has no path component `debian`, so the address of its security updates is unknown.",
            f"write {{archive: {archive}, security: ADDRESS}}, or `security: {NO_SECURITY}` to build without them.",
        )
    last = len(parts) - 1 - parts[::-1].index("debian")
    return Mirror(archive=archive, security="/".join((*parts[:last], "debian-security", *parts[last + 1 :])))


def _address(entry: YamlEntry) -> str:
    address = entry.matching(_ADDRESS, _MIRROR).rstrip("/")
    if urlsplit(address).username is not None:
        entry.refuse(
            f"the mirror of {urlsplit(address).hostname} is written with credentials, which matrix.yaml must not hold.",
            "remove them here, and write them to /etc/apt/auth.conf.d on the hosts that build.",
        )
    return address
