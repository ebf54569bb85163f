"""Pods made from manifests, compared with the commands of KubeRay's releases and with golden files."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.kuberay.manifest import Manifest, NotEmulated, cluster_of, parse, with_image
from tests.support.kuberay.objects import Pod
from tests.support.kuberay.pods import pods
from tests.support.kuberay.quantity import quantity, whole
from tests.support.kuberay.release import RELEASES
from tests.support.kuberay.submitter import submitter

HERE = Path(__file__).parent
MANIFESTS = Path(__file__).parents[3] / "integration" / "kuberay" / "manifests"
FILES = {path.stem: path for path in (HERE / "autoscaled.yaml", *sorted(MANIFESTS.glob("*.yaml")))}
SAMPLES = HERE.parents[4] / "shared" / "kuberay"
OPEN_FILES = {"v1.3.0": "65536", "v1.7.0": "${RAY_START_ULIMIT_OPEN_FILES:-65536}"}
SHELL = {"v1.3.0": "-lc", "v1.7.0": "-c"}


def _names() -> Callable[[], str]:
    names: Iterator[str] = (f"{number:05d}" for number in range(100))
    return lambda: next(names)


def _read(name: str) -> Manifest:
    parsed = parse(FILES[name].read_text())
    config_maps = {"market-code": {"fruit.py": "pass\n"}, **parsed.config_maps}
    return Manifest(resource=parsed.resource, config_maps=config_maps)


def _pods(manifest: Manifest, release: str) -> tuple[Pod, ...]:
    cluster = cluster_of(manifest, RELEASES[release], "abcde")
    made = pods(cluster, RELEASES[release], manifest.config_maps, _names())
    if manifest.kind == "RayJob":
        made += (submitter(manifest, cluster, RELEASES[release], "count-id", "fghij"),)
    return made


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(value: Any) -> Any:
    """Return a pod as plain values, without empty ones."""
    if isinstance(value, dict):
        return {
            key: plain for key, member in value.items() if (plain := _plain(member)) not in (None, "", [], {}, False)
        }
    return [_plain(element) for element in value] if isinstance(value, tuple | list) else value


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", FILES)
def test_pods_are_those_of_the_golden_file(name: str, release: str, tmp_path: Path) -> None:
    golden, made = HERE / "golden" / f"{name}-{release}.yaml", tmp_path / "made.yaml"
    plain = [_plain(asdict(pod)) for pod in _pods(_read(name), release)]
    made.write_text(yaml.safe_dump(plain, sort_keys=False, width=1000))
    assert made.read_text() == golden.read_text(), f"if {made} is right, copy it to {golden}"


@pytest.mark.parametrize("release", RELEASES)
def test_the_commands_are_kuberays(release: str) -> None:
    head, worker, _ = _pods(_read("cluster"), release)
    ray, working = head.containers[0], worker.containers[0]
    assert ray.command == working.command == ("/bin/bash", SHELL[release], "--")
    ulimit = f"ulimit -n {OPEN_FILES[release]}; ray start"
    common = "--block --dashboard-agent-listen-port=52365"
    assert _one_line(ray.args[0]) == (
        f"{ulimit} --head {common} --dashboard-host=0.0.0.0 --memory=2147483648 --metrics-export-port=8080 --num-cpus=0"
    )
    assert _one_line(working.args[0]) == (
        f"{ulimit} --address=trio-head-svc.default.svc.cluster.local:6379 {common} "
        "--memory=2147483648 --metrics-export-port=8080 --num-cpus=1"
    )
    assert working.environment["RAY_ADDRESS"] == "trio-head-svc.default.svc.cluster.local:6379"
    assert f"ulimit -n {OPEN_FILES[release]}; {working.environment['KUBERAY_GEN_RAY_START_CMD']}" == working.args[0]
    [init] = worker.init
    assert (init.cpu_limit, init.memory_limit, init.command) == (0.2, 256 * 2**20, working.command)
    assert "ray health-check --address trio-head-svc.default.svc.cluster.local:6379" in init.args[0]


def test_probes_use_wget_in_old_releases_and_for_old_versions_of_ray() -> None:
    raylet = "wget -T 2 -q -O- http://localhost:52365/api/local_raylet_healthz | grep success"
    gcs = "wget -T 10 -q -O- http://localhost:8265/api/gcs_healthz | grep success"
    head, worker, _ = _pods(_read("cluster"), "v1.3.0")
    for pod, seconds, question in ((head, 5, f"{raylet} && {gcs}"), (worker, 2, raylet)):
        readiness, liveness = pod.containers[0].readiness, pod.containers[0].liveness
        assert readiness
        assert liveness
        assert readiness.command == liveness.command == ("bash", "-c", question)
        assert readiness.timeout == liveness.timeout == seconds
        assert (readiness.initial_delay, readiness.period, readiness.failure_threshold) == (10, 5, 10)
        assert (liveness.initial_delay, liveness.period, liveness.failure_threshold) == (30, 5, 120)
    old = _pods(_read("autoscaled"), "v1.7.0")[0].containers[0].readiness
    assert old
    assert old.command[-1].startswith("wget --tries 1 -T 2 -q -O- http://localhost:52366/api/local_raylet_healthz")


def test_probes_use_http_for_new_versions_of_ray_unless_they_include_serve() -> None:
    for pod in _pods(_read("cluster"), "v1.7.0"):
        readiness = pod.containers[0].readiness
        assert readiness
        assert (readiness.command, readiness.path, readiness.port) == ((), "api/healthz", 52365)
    _, worker = _pods(_read("service"), "v1.7.0")
    serving = worker.containers[0].readiness
    assert serving
    assert serving.command[-1].endswith("&& wget --tries 1 -T 10 -q -O- http://localhost:8000/-/healthz | grep success")
    assert serving.failure_threshold == 1


def test_the_submitter_of_v1_3_0_waits_for_its_own_submission() -> None:
    container = _pods(_read("job"), "v1.3.0")[-1].containers[0]
    assert (container.cpu_limit, container.memory_limit) == (1, 2**30)
    *shell, script = (*container.command, *container.args)
    assert shell == ["/bin/bash", "-c"]
    at = "--address http://count-raycluster-abcde-head-svc.default.svc.cluster.local:8265"
    environment = r'"{\"env_vars\":{\"COUNT_TO\":\"5\",\"QUOTED\":\"it' + "'" + r's \\\"so\\\"\"}}"'
    assert script == (
        f"if ray job status {at} count-id >/dev/null 2>&1 ; then ray job logs {at} --follow count-id ; "
        f"else ray job submit {at} --runtime-env-json {environment} --submission-id count-id "
        "-- python /home/ray/samples/count.py ; fi"
    )


def test_the_submitter_of_v1_7_0_waits_for_the_dashboard_and_follows_the_logs() -> None:
    container = _pods(_read("job"), "v1.7.0")[-1].containers[0]
    *shell, script = (*container.command, *container.args)
    assert shell == ["/bin/bash", "-ce", "--"]
    url = "http://count-abcde-head-svc.default.svc.cluster.local:8265"
    assert script.startswith(
        f"until python -c \"import urllib.request; r=urllib.request.urlopen('{url}/api/gcs_healthz'"
    )
    assert (
        f"if ! ray job status --address {url} count-id >/dev/null 2>&1 ; then ray job submit --address {url} --no-wait"
        in script
    )
    assert script.endswith(f" ; fi ; ray job logs --address {url} --follow count-id")


def test_only_images_change() -> None:
    manifest = _read("autoscaled")
    changed = with_image(manifest, "other:tag")
    assert yaml.safe_dump(changed.resource) == yaml.safe_dump(manifest.resource).replace("IMAGE", "other:tag")


def test_unsupported_fields_are_refused() -> None:
    text = FILES["cluster"].read_text()
    for old, new, word in (
        ('rayVersion: "2.60.0"', "gcsFaultToleranceOptions: {redisAddress: redis:6379}", "gcsFaultToleranceOptions"),
        ("containers:\n", "volumes: [{name: data, hostPath: {path: /data}}]\n        containers:\n", "hostPath"),
        ("image: IMAGE", "image: IMAGE\n            envFrom: [{secretRef: {name: keys}}]", "envFrom"),
        ("image: IMAGE", "image: IMAGE\n            command: [ray start --head]", "starts Ray"),
    ):
        assert old in text
        with pytest.raises(NotEmulated, match=word):
            _pods(parse(text.replace(old, new)), "v1.7.0")


def test_quantities() -> None:
    assert [whole(words) for words in ("1", "200m", "1500m", "2G", "2Gi", "512Mi")] == [
        1,
        1,
        2,
        2 * 10**9,
        2**31,
        2**29,
    ]
    with pytest.raises(ValueError, match="1 GB"):
        quantity("1 GB")


@pytest.mark.parametrize("release", RELEASES)
def test_every_sample_of_kuberay_can_be_read(release: str) -> None:
    folder = SAMPLES / release / "samples"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: KubeRay's samples are next to this checkout only on some machines")
    for path in folder.glob("*.yaml"):
        head, *_ = _pods(parse(path.read_text()), release)
        assert "ray start --head" in head.containers[0].args[0]
