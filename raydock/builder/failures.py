"""Why builds fail, from the output of uv, buildx and raydock's installer (data/build-failures.yaml)."""

import re
from enum import StrEnum
from urllib.parse import urlsplit

from msgspec.structs import replace

from raydock.core.models import Dated, Entry
from raydock.core.yamlfile import shipped

_ADDRESS = re.compile(r"https?://[^\s`'\")]+")
_STATUS = re.compile(r"\((\d{3}) [A-Z]")
_INSTALLS = "make-tree"  # in the title of each step that installs packages


class FailureKind(StrEnum):
    """What fails: the engine, the download from any server or from a package index, or the build cache."""

    ENGINE = "engine"
    SERVER = "server"
    INDEX = "index"
    CACHE = "cache"


class BuildFailure(Entry, frozen=True, kw_only=True):
    """A text in the output of a failed build, and what it means.

    Attributes:
        kind: what fails.
        text: the text, in lower case.
        meaning: the cause, as a sentence.
        todo: the next step.
        address: what could not be downloaded, without credentials; empty in the table, or if it is unknown.
        status: the HTTP status of the answer; 0 in the table, or if it is unknown.
    """

    kind: FailureKind
    text: str
    meaning: str
    todo: str
    address: str = ""
    status: int = 0

    @property
    def host(self) -> str:
        """The host of the server; empty if unknown."""
        return urlsplit(self.address).netloc


class BuildFailures(Dated, frozen=True, kw_only=True):
    """The known failures.

    Attributes:
        failures: the first one that fits counts.
    """

    failures: tuple[BuildFailure, ...]


def cause(output: str, step: str) -> BuildFailure | None:
    """The cause of a build's failure in a step, by its output; None if it is not a known one."""
    text, installs = output.lower(), _INSTALLS in step
    server = "The package index" if installs else "The server"
    for known in shipped("builder/data/build-failures.yaml", BuildFailures).failures:
        if known.text in text and (installs or known.kind is not FailureKind.INDEX):
            address, status = _answer(output, known.text)
            failure = replace(known, address=address, status=status)
            return replace(failure, meaning=known.meaning.format(server=f"{server} {failure.host}".rstrip()))
    return None


def _answer(output: str, sign: str) -> tuple[str, int]:
    """The address, without credentials, and the status in the line with the sign; empty and 0 if there is none."""
    for line in output.splitlines():
        if sign in line.lower() and (address := _ADDRESS.search(line)):
            parts, status = urlsplit(address[0]), _STATUS.search(line)
            clean = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
            return clean, int(status[1]) if status else 0
    return "", 0
