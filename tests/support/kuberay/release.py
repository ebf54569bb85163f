"""KubeRay's releases: what each one runs otherwise than the others."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.version import InvalidVersion, Version

_DATA = Path(__file__).parent / "data" / "releases.yaml"


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release of KubeRay.

    `shell` is bash's option for the Ray container, `open_files` what `ulimit -n` gets, `wget` the probes' program,
    `follows_parameters` whether rayStartParams move the probes' ports and /dev/shm, `oldest_http_probes` the first
    rayVersion that is probed by HTTP, `cluster_name` the pattern of the RayCluster that a RayJob or a RayService owns,
    `submitter` the shell of a RayJob's submitter and `submitter_waits` whether that waits for the GCS and submits
    without waiting for the job.
    """

    version: str
    shell: str
    open_files: str
    wget: str
    mig: bool
    follows_parameters: bool
    oldest_http_probes: str | None
    cluster_name: str
    namespace_variable: bool
    autoscaler_variable: bool
    submitter: tuple[str, ...]
    submitter_waits: bool

    def probes_by_http(self, ray_version: str) -> bool:
        """Whether a cluster of that `rayVersion` (words of the manifest, never compared with the image) is."""
        try:
            return self.oldest_http_probes is not None and Version(ray_version) >= Version(self.oldest_http_probes)
        except InvalidVersion:
            return False


def _load() -> dict[str, Release]:
    found = yaml.safe_load(_DATA.read_text())["releases"]
    return {
        version: Release(version=version, **{**fields, "submitter": tuple(fields["submitter"])})
        for version, fields in found.items()
    }


RELEASES = _load()
