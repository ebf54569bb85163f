"""The probes that KubeRay gives a Ray container (common/pod.go, initLivenessAndReadinessProbe; utils/constant.go)."""

from collections.abc import Mapping
from dataclasses import replace

from tests.support.kuberay.manifest import Cluster, Document, NotEmulated
from tests.support.kuberay.objects import Probe
from tests.support.kuberay.raystart import AGENT_PORT
from tests.support.kuberay.release import Release

_PERIOD = 5
_RAYLET_SECONDS, _DASHBOARD_SECONDS, _SERVE_SECONDS = 2, 10, 10  # wget's -T


def probes(
    cluster: Cluster, container: Document, parameters: Mapping[str, str], release: Release, *, head: bool
) -> tuple[Probe, Probe]:
    """Return readiness and liveness probe: the manifest's, or KubeRay's; `parameters` are rayStartParams."""
    http = release.probes_by_http(cluster.spec.get("rayVersion", ""))
    commands = _commands(parameters, release, head=head)
    default = Probe(
        command=() if http else _bash(commands),
        path="api/healthz" if http else "",
        port=int(parameters["dashboard-agent-listen-port"]) if http else 0,
        initial_delay=10,
        timeout=5 if head else 2,
        period=_PERIOD,
        success_threshold=1,
        failure_threshold=10,
    )
    liveness = replace(default, initial_delay=30, failure_threshold=120)
    readiness = default
    if cluster.kind == "RayService" and not head:
        serve = _wget(release, _SERVE_SECONDS, str(_serve_port(container)), "-/healthz")
        readiness = replace(default, command=_bash([*commands, serve]), path="", port=0, failure_threshold=1)
    return own(container, "readinessProbe") or readiness, own(container, "livenessProbe") or liveness


def _commands(parameters: Mapping[str, str], release: Release, *, head: bool) -> list[str]:
    followed = parameters if release.follows_parameters else {}
    agent, dashboard = followed.get("dashboard-agent-listen-port", AGENT_PORT), followed.get("dashboard-port", "8265")
    commands = [_wget(release, _RAYLET_SECONDS, agent, "api/local_raylet_healthz")]
    if head:
        commands.append(_wget(release, _DASHBOARD_SECONDS, dashboard, "api/gcs_healthz"))
    return commands


def _wget(release: Release, seconds: int, port: str, path: str) -> str:
    return f"{release.wget} -T {seconds} -q -O- http://localhost:{port}/{path} | grep success"


def _bash(commands: list[str]) -> tuple[str, ...]:
    return ("bash", "-c", " && ".join(commands))


def _serve_port(container: Document) -> int:
    named = [port["containerPort"] for port in container.get("ports") or [] if port.get("name") == "serve"]
    return int(named[0]) if named else 8000


def own(container: Document, key: str) -> Probe | None:
    """Return the probe of a manifest, with Kubernetes' defaults; None if it has none."""
    stated = container.get(key)
    if not stated:
        return None
    if not {"exec", "httpGet"} & set(stated):
        raise NotEmulated(f"a {key} of {sorted(stated)}")
    http = stated.get("httpGet", {})
    return Probe(
        command=tuple(stated.get("exec", {}).get("command", ())),
        path=str(http.get("path", "")).lstrip("/"),
        port=int(http.get("port", 0)),
        initial_delay=stated.get("initialDelaySeconds", 0),
        timeout=stated.get("timeoutSeconds", 1),
        period=stated.get("periodSeconds", 10),
        success_threshold=stated.get("successThreshold", 1),
        failure_threshold=stated.get("failureThreshold", 3),
    )
