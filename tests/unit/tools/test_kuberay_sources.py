"""KubeRay's sources compared with raydock/contract/data/kuberay.yaml, with lines of v1.3.0."""

from pathlib import Path

import pytest

from raydock.contract import kuberay
from raydock.core.errors import ConfigurationError
from tools import refresh_kuberay

CONSTANTS = """\
	DefaultDashboardAgentListenPort = 52365
	DefaultLivenessProbeTimeoutSeconds      = 2
	// Probe timeout for Head pod needs to be longer as it queries two endpoints
	DefaultHeadLivenessProbeTimeoutSeconds = 5
	RayAgentRayletHealthPath  = "api/local_raylet_healthz"
	BaseWgetHealthCommand     = "wget -T %d -q -O- http://localhost:%d/%s | grep success"
	KUBERAY_VERSION = "v1.3.0"
"""
LIMITS = """\
				Limits: corev1.ResourceList{
					corev1.ResourceCPU:    resource.MustParse("CPU"),
					corev1.ResourceMemory: resource.MustParse("MEMORY"),
				},
				Requests: corev1.ResourceList{
"""
CHECK = """\
						if (( SECONDS <= 120 )); then
							if ray health-check --address %s:%s > /dev/null 2>&1; then
								echo "GCS is ready."
"""
ULIMIT = '	ulimitCmd := "ulimit -n 65536"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "utils/constant.go": CONSTANTS,
        "common/pod.go": CHECK + _limits("200m", "256Mi") + ULIMIT + _limits("500m", "512Mi"),
        "common/job.go": _limits("1", "1Gi"),
        "raycluster_controller.go": _limits("200m", "256Mi"),
    }
    for name, text in files.items():
        path = tmp_path / "controllers" / "ray" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def _limits(cpu: str, memory: str) -> str:
    return LIMITS.replace('"CPU"', f'"{cpu}"').replace('"MEMORY"', f'"{memory}"')


def edit(folder: Path, file: str, before: str, after: str) -> tuple[str, ...]:
    """Return what the refresher reports after a change of a source file."""
    path = folder / "controllers" / "ray" / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    return refresh_kuberay.propose(folder).open


def test_the_entry_of_a_version_agrees(folder: Path) -> None:
    proposal = refresh_kuberay.propose(folder)
    assert (proposal.text, proposal.open) == (refresh_kuberay.TABLE.read(), ())


@pytest.mark.parametrize(
    ("file", "before", "after", "message"),
    [
        ("utils/constant.go", "wget -T", "wget --tries 1 -T", "the worker's probe is `wget --tries 1 -T 2 -q"),
        (
            "utils/constant.go",
            "HeadLivenessProbeTimeoutSeconds = 5",
            "HeadLivenessProbeTimeoutSeconds = 9",
            "9 seconds",
        ),
        ("common/pod.go", "-n 65536", "-n 1", "the head's command begins with `ulimit -n 1`"),
        ("common/pod.go", "ray health-check", "ray check", "has no line like"),
        ("common/pod.go", "--address", "--gcs", "the init container runs `ray health-check --gcs @HEAD@:6379"),
        ("common/job.go", "1Gi", "200Mi", "the limits of submitter are"),
        ("raycluster_controller.go", "Limits", "Nothing", "the limits of cleanup are None"),
    ],
)
def test_differences_in_the_sources_are_reported(
    folder: Path, file: str, before: str, after: str, message: str
) -> None:
    try:
        lines = edit(folder, file, before, after)
    except ConfigurationError as error:
        lines = (str(error),)
    assert message in lines[0]


def test_a_version_without_an_entry_is_compared_with_the_newest(folder: Path) -> None:
    first, *_ = edit(folder, "utils/constant.go", "v1.3.0", "v9.0.0")
    newest = kuberay.load().releases[-1].version
    assert first == f"v9.0.0 has no entry: it is compared with {newest}."
