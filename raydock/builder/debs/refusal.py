"""The error for packages that apt cannot install.

It has the line of matrix.yaml, the package and the next step.
"""

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from subprocess import CompletedProcess

from raydock.builder.debs.request import DebRequest
from raydock.builder.debs.script import OUT_OF_REACH
from raydock.core.errors import ConfigurationError, OutOfReachError, RaydockError

_UNKNOWN = re.compile(
    r"^E: (?:Unable to locate package (\S+)|Package '([^']+)' has no installation candidate)", re.MULTILINE
)
_REMOVED = re.compile(r"^The following packages will be REMOVED:\n((?:  .+\n?)+)", re.MULTILINE)
_UNMET = re.compile(r"^ (\S+) : (.+(?:\n {3,}.+)*)", re.MULTILINE)
_ERROR = re.compile(r"^E: (.+)", re.MULTILINE)


def refusal(
    request: DebRequest, result: CompletedProcess[str], suites_with: Callable[[str], Sequence[str]]
) -> RaydockError:
    """The error for a request that apt refuses.

    suites_with: a function that returns the other suites that have a package.
    """
    if result.returncode == OUT_OF_REACH:
        return OutOfReachError(
            f"apt in {request.base.image} could not read its archives: {_reason(result.stderr)}.",
            todo="check the image's apt sources and HTTP_PROXY, HTTPS_PROXY and NO_PROXY, then run this again.",
        )
    unknown = ["".join(groups) for groups in _UNKNOWN.findall(result.stderr)]
    if unknown:
        return _missing(request, unknown[0], result, suites_with)
    return _conflict(request, result)


def _missing(
    request: DebRequest, package: str, result: CompletedProcess[str], suites_with: Callable[[str], Sequence[str]]
) -> RaydockError:
    archive = request.base.suite or "the archive of the image"
    what = f"{request.place(package)}: {archive} has no package {package!r} for the base {request.base.name}."
    if not request.places:
        todo = "name a base whose archive has it"
        python = package.startswith("python")
        return ConfigurationError(
            what,
            meaning="raydock itself needs it in each base.",
            todo=f"write `managed` for that Python, or {todo}." if python else f"{todo}.",
        )
    if suites := suites_with(package):
        return ConfigurationError(
            what,
            meaning=f"It exists in {', '.join(suites)}, whose packages cannot be installed in that base.",
            todo=f"remove it, or select the Pythons whose base is {suites[0]} in that group.",
        )
    close = get_close_matches(package, result.stdout.split(), n=1, cutoff=0.7)
    return ConfigurationError(
        what, todo=f"did you mean {close[0]!r}?" if close else "correct the name: apt searches only main."
    )


def _conflict(request: DebRequest, result: CompletedProcess[str]) -> RaydockError:
    details = [f"{name}: {' '.join(reason.split())}" for name, reason in _UNMET.findall(result.stderr)]
    removed = " ".join(" ".join(names.split()) for names in _REMOVED.findall(result.stderr))
    if removed:
        details = [f"apt would remove {removed}, which the image needs"]
    details = details or [_reason(result.stderr)]
    text = " ".join(details)
    named = [package for package in request.packages if re.search(rf"(?<!\S){re.escape(package)}(?![\w.+-])", text)]
    return ConfigurationError(
        f"{request.place(*named)}: {', '.join(named or request.packages)} cannot be installed in the base"
        f" {request.base.name}: {'; '.join(details)[:600].rstrip('.')}.",
        todo="remove one of the packages that conflict.",
    )


def _reason(errors: str) -> str:
    lines = _ERROR.findall(errors) or [line for line in errors.splitlines() if line.strip()][-1:]
    return "; ".join(dict.fromkeys(lines[:3]))[:400].rstrip(".") or "it gave no reason"
