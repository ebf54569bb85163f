"""The shell scripts that run apt on this host or in a container.

It also parses their output.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from raydock.model.debs import Deb

OUT_OF_REACH = 4
# The environment of the scripts: apt's messages are parsed, and it must not ask questions.
SETTINGS = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
_MARK = "raydock: packages"  # solve.sh prints it
UPDATE = f"apt-get update -qq -o APT::Update::Error-Mode=any >&2 || exit {OUT_OF_REACH}"
SOLVE, FETCH = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("solve.sh", "fetch.sh"))
POLICY = 'apt-cache policy "$@"'
_FIELD = re.compile(r"^(Package|Version|Architecture|SHA256|Size|Filename): (.+)$", re.MULTILINE)


def fetch_list(debs: Sequence[Deb]) -> str:
    """The value of $DEBS for FETCH."""
    return "\n".join(f"{deb.path} {deb.sha256}" for deb in debs)


def solution(output: str) -> tuple[Deb, ...]:
    """The packages in the output of SOLVE. Raises ValueError if a record is missing."""
    head, _, body = output.partition(f"{_MARK}\n")[2].partition("\n\n")
    chosen = [line.partition("=")[::2] for line in head.splitlines() if line]
    known = {(deb.name, deb.version): deb for deb in records(body)}
    missing = [f"{name} {version}" for name, version in chosen if (name.partition(":")[0], version) not in known]
    if missing:
        raise ValueError(f"no archive has a record of {', '.join(missing)}")
    return tuple(sorted(known[name.partition(":")[0], version] for name, version in chosen))


def records(text: str) -> tuple[Deb, ...]:
    """The packages in the output of `apt-cache show`.

    Packages that only dpkg knows are omitted, because they do not have a file.
    """
    stanzas = (dict(_FIELD.findall(stanza)) for stanza in text.split("\n\n"))
    return tuple(
        Deb(
            name=fields["Package"],
            version=fields["Version"],
            architecture=fields["Architecture"],
            sha256=fields["SHA256"],
            size=int(fields["Size"]),
            path=fields["Filename"].removeprefix("./"),
        )
        for fields in stanzas
        if {"Package", "SHA256", "Filename"} <= fields.keys()
    )


def candidates(output: str) -> dict[str, tuple[str, str]]:
    """The candidate versions in the output of `apt-cache policy`.

    Each comes with the suites that have it.
    """
    versions: dict[str, tuple[str, str]] = {}
    name = listed = ""
    for line in output.splitlines():
        fields = line.removeprefix(" ***").split()
        if not line.startswith(" "):
            name, listed = line.rstrip(":"), ""
        elif fields[0] == "Candidate:":
            versions[name] = (fields[1], "")
        elif len(fields) == 2 and fields[1].lstrip("-").isdigit():  # a version and its priority
            listed = fields[0]
        elif len(fields) > 2 and listed == versions[name][0]:  # an archive with that version
            versions[name] = (listed, f"{versions[name][1]} {fields[2]}".strip())
    return versions
