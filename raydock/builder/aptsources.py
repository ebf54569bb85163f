"""This host's apt sources, from apt.conf, sources.list and sources.list.d.

Both the one-line and the deb822 format are read.

Source: sources.list(5), apt_auth.conf(5) and apt-get(8) of apt 2.6 and 3.1, read 2026-11-29.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

MAIN = "main"
DEBIAN = "Debian"
# Settings of apt.conf that decide how a mirror is reached and when its signature is out of date. Settings that accept
# an unsigned archive are not included: `Trusted: yes` of a source is for that.
_CONNECTION = re.compile(
    r"Acquire::(https?|Retries|ForceIPv[46]|Check-Valid-Until|Check-Date|(Min|Max)-ValidTime)\b[^ ]* .*;", re.IGNORECASE
)
_KEYS = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]*)")


@dataclass(frozen=True, kw_only=True)
class AptSource:
    """One suite of a package archive.

    Attributes:
        place: the file and line that name it.
        uri: the address of the archive.
        suite: the suite.
        components: the components.
        options: the other fields, by their deb822 names.
    """

    place: str
    uri: str
    suite: str
    components: tuple[str, ...]
    options: Mapping[str, str]

    def deb822(self, suite: str) -> str:
        """A deb822 stanza for a suite of the same archive, with the component main."""
        fields = {"Types": "deb", "URIs": self.uri, "Suites": suite, "Components": MAIN, **self.options}
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


@dataclass(frozen=True, kw_only=True)
class AptRelease:
    """The metadata of a suite in apt's downloaded lists.

    Attributes:
        codename: the code name, such as bookworm.
        origin: the origin, such as Debian.
    """

    codename: str
    origin: str


def sources() -> tuple[AptSource, ...]:
    """The enabled sources of binary packages in apt on this host.

    Empty if apt is missing.
    """
    files = _configured("Dir::Etc::sourcelist/f", "Dir::Etc::sourceparts/d")
    return tuple(source for path in files for source in _read(path))


def releases() -> dict[tuple[str, str], AptRelease]:
    """The metadata in apt's downloaded lists, by address and suite."""
    fields = "--format=$(REPO_URI)\t$(RELEASE)\t$(CODENAME)\t$(ORIGIN)"
    output = _output("apt-get", "indextargets", fields, "Created-By: Packages")
    lines = [line.split("\t") for line in output.splitlines()]
    return {
        (uri.rstrip("/"), suite): AptRelease(codename=codename, origin=origin)
        for uri, suite, codename, origin in (line for line in lines if len(line) == 4)
    }


def connection() -> str:
    """The host's settings for reaching a mirror, as apt.conf.

    They are proxies, certificates, credentials and validity limits.
    """
    lines = [line for line in _output("apt-config", "dump", "Acquire").splitlines() if _CONNECTION.fullmatch(line)]
    paths = _output("apt-config", "shell", "netrc", "Dir::Etc::netrc/f", "netrcparts", "Dir::Etc::netrcparts/d")
    for part in shlex.split(paths):
        name, _, path = part.partition("=")
        lines.append(f'Dir::Etc::{name} "{path}";')
    return "".join(f"{line}\n" for line in lines)


TRUSTED = "etc/apt/trusted.gpg.d"


def trusted() -> tuple[Path, ...]:
    """The key files that apt on this host trusts for every archive."""
    files = _configured("Dir::Etc::trusted/f", "Dir::Etc::trustedparts/d")
    return tuple(path for path in files if path.suffix in {".gpg", ".asc"})


def _configured(file: str, folder: str) -> tuple[Path, ...]:
    """The existing files of a setting for one file and of a setting for a folder.

    apt prints nothing for a setting that it does not have: apt 3 does not have a single key file.
    """
    output = shlex.split(_output("apt-config", "shell", "FILE", file, "FOLDER", folder))
    paths = {name: Path(path) for name, _, path in (part.partition("=") for part in output)}
    files = [paths["FILE"]] if "FILE" in paths else []
    files += sorted(paths["FOLDER"].glob("*")) if "FOLDER" in paths else []
    return tuple(path for path in files if path.is_file())


def _output(*command: str) -> str:
    """The output of one of apt's programs.

    Empty if it is missing or fails, as on a host without apt.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _read(path: Path) -> Iterator[AptSource]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # apt warns about a file that it cannot read, and continues
        return
    if path.suffix == ".sources":
        yield from _stanzas(path, text)
    elif path.suffix == ".list":
        yield from _lines(path, text)


def _lines(path: Path, text: str) -> Iterator[AptSource]:
    for number, line in enumerate(text.splitlines(), 1):
        if match := _ONE_LINE.match(line.strip()):
            options = dict(option.partition("=")[::2] for option in shlex.split(match["options"] or ""))
            yield AptSource(
                place=f"{path}:{number}",
                uri=match["uri"].rstrip("/"),
                suite=match["suite"],
                components=tuple(match["components"].split()),
                options={_KEYS.get(key, key): value.replace(",", " ") for key, value in options.items()},
            )


def _stanzas(path: Path, text: str) -> Iterator[AptSource]:
    number = 1
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields = _fields(stanza)
        if "deb" in fields.pop("types", "").split() and fields.pop("enabled", "yes").lower() not in _OFF:
            uris, suites = fields.pop("uris", "").split(), fields.pop("suites", "").split()
            place, components = f"{path}:{number}", tuple(fields.pop("components", "").split())
            for uri, suite in product(uris, suites):
                address = uri.rstrip("/")
                yield AptSource(place=place, uri=address, suite=suite, components=components, options=fields)
        number += stanza.count("\n") + 2


_OFF = ("no", "false", "without", "off", "disable", "0")  # apt-pkg's StringToBool


def _fields(stanza: str) -> dict[str, str]:
    """The fields of a deb822 stanza by their lower-case names.

    A folded value keeps its lines.
    """
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in " \t" and name:
            fields[name] += f"\n{line}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields
