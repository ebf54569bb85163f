"""KubeRay's releases and their differences."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.version import InvalidVersion, Version

_DATA = Path(__file__).parent / "data" / "releases.yaml"


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release of KubeRay.

    Attributes:
        version: its version, such as v1.3.0.
        shell: bash's option for the Ray container.
        open_files: the argument of `ulimit -n`.
        wget: the command of probes.
        mig: whether MIG devices count as GPUs.
        follows_parameters: whether rayStartParams change the ports of probes and /dev/shm.
        oldest_http_probes: the first rayVersion that is probed by HTTP, or None.
        cluster_name: the pattern of the name of a RayJob's or RayService's RayCluster.
        namespace_variable: whether it sets RAY_CLUSTER_NAMESPACE.
        autoscaler_variable: whether it sets KUBERAY_GEN_AUTOSCALER_START_CMD.
        submitter: the shell of a RayJob's submitter.
        submitter_waits: whether the submitter waits for the GCS, and submits without waiting for the job.
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
        """Return whether KubeRay probes a cluster with this `rayVersion` by HTTP. The image's Ray does not matter."""
        try:
            return self.oldest_http_probes is not None and Version(ray_version) >= Version(self.oldest_http_probes)
        except InvalidVersion:
            return False


def _load() -> dict[str, Release]:
    releases = yaml.safe_load(_DATA.read_text())["releases"]
    return {
        version: Release(version=version, **{**fields, "submitter": tuple(fields["submitter"])})
        for version, fields in releases.items()
    }


RELEASES = _load()
