"""Refresh raydock/contract/data/kuberay.yaml: what KubeRay runs in an image.

KubeRay builds its commands in Go, so the entries are written by hand. This program compares literals in the sources
with the entry of that version: the commands and timeouts of probes, the limit on open files, the health check of the
init container, and the resources of containers. FOLDER is `ray-operator` of a checkout or of the Go module, whose
folder this command prints if the module proxy has the version:

    go mod download -json github.com/ray-project/kuberay/ray-operator@v1.5.0

Tested on 2026-11-30 with the modules of v1.3.0, which agrees with its entry, and v1.5.0, and in tests/unit/tools/ with
lines of v1.3.0. The proxy did not have v1.7.0.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from raydock.contract import kuberay
from raydock.contract.kuberay import KubeRayContract, KubeRayRelease, Share
from raydock.core.errors import ConfigurationError
from tools.refresh import Proposal, Table, document, refresher

TABLE = Table(path="raydock/contract/data/kuberay.yaml")

_VERSION = re.compile(r'KUBERAY_VERSION = "(v[\d.]+)"')
_LIMITS = re.compile(r'Limits:\s+\w+\.ResourceList\{\s+\S+\s+\S+\("(\w+)"\),\s+\S+\s+\S+\("(\w+)"\)')
_UNITS = {"m": 0.001, "Mi": 1, "Gi": 1024}


@refresher(TABLE)
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
def main(folder: str) -> Proposal:
    """Compare kuberay.yaml with the sources of KubeRay in FOLDER, its `ray-operator`.

    \b
    Example: .venv/bin/python -m tools.refresh_kuberay kuberay/ray-operator
    """
    return propose(Path(folder))


def propose(folder: Path) -> Proposal:
    """Return the unchanged table with the differences in the sources.

    Raises ConfigurationError if the folder does not have KubeRay's sources.
    """
    contract, version = kuberay.load(TABLE.file), _only(_VERSION, folder, "utils/constant.go")
    entry = next((release for release in contract.releases if release.version == version), None)
    newest = contract.releases[-1]
    missing = () if entry else (f"{version} has no entry: it is compared with {newest.version}.",)
    differences = (*_commands(folder, entry or newest), *_numbers(folder, contract))
    return Proposal(text=TABLE.read(), open=(*missing, *(f"KubeRay {version}: {line}" for line in differences)))


def _commands(folder: Path, entry: KubeRayRelease) -> Iterator[str]:
    """Yield the commands in the sources that differ from the entry."""
    wget = _only(re.compile(r'BaseWgetHealthCommand\s*= "(.*)"'), folder, "utils/constant.go")
    path = _only(re.compile(r'RayAgentRayletHealthPath\s*= "(.*)"'), folder, "utils/constant.go")
    port = _only(re.compile(r"DefaultDashboardAgentListenPort\s*= (\d+)"), folder, "utils/constant.go")
    probe = re.sub("%[ds]", "{}", wget).format("2", port, path)
    if entry.worker_probe != probe:
        yield f"the worker's probe is `{probe}`."
    files = _only(re.compile(r'"(ulimit -n [^"]+)"'), folder, "common/pod.go")
    for role, command in (("head", entry.head), ("worker", entry.worker)):
        if not command.startswith(f"{files};"):
            yield f"the {role}'s command begins with `{files}`."
    check = _only(re.compile(r"if (ray health-check [^;]+); then"), folder, "common/pod.go").replace(
        "%s:%s", "@HEAD@:6379"
    )
    if check not in entry.init:
        yield f"the init container runs `{check}`."


def _numbers(folder: Path, contract: KubeRayContract) -> Iterator[str]:
    """Yield the timeouts of probes and the resources of containers that differ."""
    probes = contract.probe_seconds
    for role, known, name in (("head", probes.head, "Head"), ("worker", probes.worker, "")):
        pattern = re.compile(rf"Default{name}LivenessProbeTimeoutSeconds\s*= (\d+)")
        if (seconds := float(_only(pattern, folder, "utils/constant.go"))) != known:
            yield f"the timeout of the {role}'s probe is {seconds:g} seconds, and the table has {known:g}."
    shares = (
        ("init", contract.limits.init, "common/pod.go", 0),
        ("autoscaler", contract.limits.autoscaler, "common/pod.go", 1),
        ("submitter", contract.limits.submitter, "common/job.go", 0),
        ("cleanup", contract.limits.cleanup, "raycluster_controller.go", 0),
    )
    for name, share, file, number in shares:
        matches = _LIMITS.findall(_source(folder, file))
        limits = None
        if len(matches) > number:
            cpus, mebibytes = map(_quantity, matches[number])
            limits = Share(cpus=cpus, mebibytes=int(mebibytes))
        if limits != share:
            yield f"the limits of {name} are {limits}, and the table has {share}."


def _only(pattern: re.Pattern[str], folder: Path, file: str) -> str:
    match = pattern.search(_source(folder, file))
    if match is None:
        raise ConfigurationError(
            f"{file} has no line like `{pattern.pattern}`.", todo="compare the file by hand and fix this program."
        )
    return match[1]


def _source(folder: Path, file: str) -> str:
    return document(str(folder / "controllers" / "ray" / file))


def _quantity(text: str) -> float:
    """Convert a Kubernetes quantity (200m, 256Mi) to a number of CPUs or of MiB."""
    match = re.fullmatch(r"(\d+)(\w*)", text)
    assert match
    return int(match[1]) * _UNITS.get(match[2], 1)


if __name__ == "__main__":
    main()
