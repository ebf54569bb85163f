"""This host's apt sources: what apt.conf, sources.list and sources.list.d say, one-line and deb822 alike.

Source: sources.list(5), apt_auth.conf(5) and apt-get(8) of apt 2.6 and 3.1, read 2026-11-29.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAIN = "main"
DEBIAN = "Debian"
# Settings of apt.conf that decide how a mirror is reached and when its signature is out of date. Those that would
# accept an unsigned archive are not among them: `Trusted: yes` of a source says that.
_CONNECTION = re.compile(
    r"Acquire::(https?|Retries|ForceIPv[46]|Check-Valid-Until|Check-Date|(Min|Max)-ValidTime)\b[^ ]* .*;", re.IGNORECASE
)
_KEYS = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]*)")


@dataclass(frozen=True, kw_only=True)
class AptSource:
    """One suite of a package archive.

    `place` is the file that states it (with its line), `options` are the other fields of its deb822 form.
    """

    place: str
    uri: str
    suite: str
    components: tuple[str, ...]
    options: Mapping[str, str]

    def deb822(self, suite: str) -> str:
        """A deb822 stanza for another suite of the same archive, of the component main."""
        fields = {"Types": "deb", "URIs": self.uri, "Suites": suite, "Components": MAIN, **self.options}
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


@dataclass(frozen=True, kw_only=True)
class AptRelease:
    """What apt knows of a suite that it has downloaded: its code name and its origin."""

    codename: str
    origin: str


def sources() -> tuple[AptSource, ...]:
    """The sources of binary packages that apt uses on this host, disabled ones left out; none if apt is missing."""
    files = _configured("Dir::Etc::sourcelist/f", "Dir::Etc::sourceparts/d")
    return tuple(source for path in files for source in _read(path))


def releases() -> dict[tuple[str, str], AptRelease]:
    """What apt's downloaded lists say of each archive and suite, by address and suite."""
    form = "--format=$(REPO_URI)\t$(RELEASE)\t$(CODENAME)\t$(ORIGIN)"
    lines = [line.split("\t") for line in _output("apt-get", "indextargets", form, "Created-By: Packages").splitlines()]
    return {
        (uri.rstrip("/"), suite): AptRelease(codename=codename, origin=origin)
        for uri, suite, codename, origin in (line for line in lines if len(line) == 4)
    }


def connection() -> str:
    """The host's settings for reaching a mirror, as apt.conf: proxies, certificates, credentials, limits of dates."""
    lines = [line for line in _config("dump", "Acquire").splitlines() if _CONNECTION.fullmatch(line)]
    paths = _config("shell", "netrc", "Dir::Etc::netrc/f", "netrcparts", "Dir::Etc::netrcparts/d")
    for part in shlex.split(paths):
        name, _, path = part.partition("=")
        lines.append(f'Dir::Etc::{name} "{path}";')
    return "".join(f"{line}\n" for line in lines)


TRUSTED = "etc/apt/trusted.gpg.d"


def trusted() -> tuple[Path, ...]:
    """The files of keys that apt on this host trusts for every archive."""
    files = _configured("Dir::Etc::trusted/f", "Dir::Etc::trustedparts/d")
    return tuple(path for path in files if path.suffix in {".gpg", ".asc"})


def _configured(file: str, folder: str) -> tuple[Path, ...]:
    """The existing files of a setting that names one file, and of one that names a folder.

    apt prints nothing for a setting that it does not have: apt 3 has no single file of keys.
    """
    paths = shlex.split(_config("shell", "FILE", file, "FOLDER", folder))
    places = {name: Path(path) for name, _, path in (part.partition("=") for part in paths)}
    files = [places["FILE"]] if "FILE" in places else []
    files += sorted(places["FOLDER"].glob("*")) if "FOLDER" in places else []
    return tuple(path for path in files if path.is_file())


def _config(*arguments: str) -> str:
    return _output("apt-config", *arguments)


def _output(*command: str) -> str:
    """What a program of apt's prints; nothing if it is missing or fails, as on a host without apt."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _read(path: Path) -> Iterator[AptSource]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # apt warns of a file that it cannot read, and goes on
        return
    if path.suffix == ".sources":
        yield from _stanzas(path, text)
    elif path.suffix == ".list":
        yield from _lines(path, text)


def _lines(path: Path, text: str) -> Iterator[AptSource]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := _ONE_LINE.match(line.strip()):
            options = dict(option.partition("=")[::2] for option in shlex.split(found["options"] or ""))
            yield AptSource(
                place=f"{path}:{number}",
                uri=found["uri"].rstrip("/"),
                suite=found["suite"],
                components=tuple(found["components"].split()),
                options={_KEYS.get(key, key): value.replace(",", " ") for key, value in options.items()},
            )


def _stanzas(path: Path, text: str) -> Iterator[AptSource]:
    number = 1
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields = _fields(stanza)
        if "deb" in fields.pop("types", "").split() and fields.pop("enabled", "yes").lower() not in _OFF:
            uris, suites = fields.pop("uris", "").split(), fields.pop("suites", "").split()
            components = tuple(fields.pop("components", "").split())
            for uri in uris:
                for suite in suites:
                    yield AptSource(
                        place=f"{path}:{number}",
                        uri=uri.rstrip("/"),
                        suite=suite,
                        components=components,
                        options=fields,
                    )
        number += stanza.count("\n") + 2


_OFF = ("no", "false", "without", "off", "disable", "0")  # apt-pkg's StringToBool


def _fields(stanza: str) -> dict[str, str]:
    """The fields of a deb822 stanza by their names in lower case; a folded value keeps its lines."""
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
