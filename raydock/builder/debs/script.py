"""The shell scripts that ask apt, the same on this host and in a container of a pulled base."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from raydock.model.debs import Deb

OUT_OF_REACH, REFUSED = 4, 5
_MARK = "raydock: packages"
UPDATE = f"apt-get update -qq -o APT::Update::Error-Mode=any >&2 || exit {OUT_OF_REACH}"
# What apt would install for the packages that are the arguments, and the archive's record of each; if it refuses, all
# names that it knows.
SOLVE = f"""
command -v apt-get > /dev/null || {{ echo 'there is no apt-get' >&2; exit {REFUSED}; }}
solved=$(apt-get install -s -y -q --no-install-recommends --no-remove "$@") ||
    {{ printf '%s\\n' "$solved" >&2; apt-cache pkgnames; exit {REFUSED}; }}
printf '%s\\n' "$solved" | sed -n 's/^Inst \\([^ ]*\\) .*(\\([^ ]*\\) .*/\\1=\\2/p' > /tmp/raydock-$$
echo '{_MARK}'
cat /tmp/raydock-$$
echo
[ ! -s /tmp/raydock-$$ ] || xargs apt-cache show < /tmp/raydock-$$
rm /tmp/raydock-$$
"""
# Downloads files from the first archive that has them, into the working folder: $DEBS has a path and a sha256 a line.
FETCH = """
for archive in $(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' | sort -u); do
    set --
    while read -r path sha256; do
        [ -e "${path##*/}" ] || set -- "$@" "$archive$path" "${path##*/}" "SHA256:$sha256"
    done <<LIST
$DEBS
LIST
    [ $# = 0 ] || /usr/lib/apt/apt-helper download-file "$@" >&2 || true
done
"""
POLICY = 'apt-cache policy "$@"'
_FIELD = re.compile(r"^(Package|Version|Architecture|SHA256|Size|Filename): (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class ScriptResult:
    """What a script printed, and its exit code."""

    code: int
    output: str
    errors: str


def wanted(debs: Sequence[Deb]) -> str:
    """The value of $DEBS for FETCH."""
    return "\n".join(f"{deb.path} {deb.sha256}" for deb in debs)


def solution(output: str) -> tuple[Deb, ...]:
    """The packages that SOLVE printed. Raises ValueError if the archive's record of one is missing."""
    head, _, body = output.partition(f"{_MARK}\n")[2].partition("\n\n")
    chosen = [line.partition("=")[::2] for line in head.splitlines() if line]
    known = {(deb.name, deb.version): deb for deb in records(body)}
    lost = [f"{name} {version}" for name, version in chosen if (name.partition(":")[0], version) not in known]
    if lost:
        raise ValueError(f"no archive has a record of {', '.join(lost)}")
    return tuple(sorted(known[name.partition(":")[0], version] for name, version in chosen))


def records(text: str) -> tuple[Deb, ...]:
    """The packages of stanzas as `apt-cache show` prints them; those that only dpkg knows have no file."""
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
    """The candidate of each package that `apt-cache policy` describes, and the suites of the archives that have it."""
    found: dict[str, tuple[str, str]] = {}
    name = listed = ""
    for line in output.splitlines():
        words = line.removeprefix(" ***").split()
        if not line.startswith(" "):
            name, listed = line.rstrip(":"), ""
        elif words[0] == "Candidate:":
            found[name] = (words[1], "")
        elif len(words) == 2 and words[1].lstrip("-").isdigit():  # a version and its priority
            listed = words[0]
        elif len(words) > 2 and listed == found[name][0]:  # an archive that has it
            found[name] = (listed, f"{found[name][1]} {words[2]}".strip())
    return found
