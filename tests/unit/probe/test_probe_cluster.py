import json

import pytest

from raydock.probe import cluster
from raydock.probe.answer import FAILED
from raydock.probe.image import Image
from raydock.probe.ports import free_ports
from raydock.probe.runner import Task, run_checks

IMAGE = Image("ray2.60.0-py311-cpu", {"ray": "2.60.0"}, {})
UNANSWERED = "echo refused | grep success; (echo connection refused; exit 1)"


@pytest.mark.parametrize(
    ("script", "probe", "detail"),
    [
        ("echo the last line; exit 3", "false", "`ray start` ended with exit status 3: the last line"),
        (
            "exec sleep 20",
            UNANSWERED,
            f"no Ray head answers `{UNANSWERED}` within 0.5 s; last answer: connection refused",
        ),
        ("exec sleep 20", "true", "no live node at http://127.0.0.1:"),
    ],
)
def test_a_given_head_that_does_not_answer_fails(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    script: str,
    probe: str,
    detail: str,
) -> None:
    monkeypatch.setenv(cluster.HEAD, json.dumps(["bash", "-c", script]))
    monkeypatch.setenv(cluster.HEAD_PROBE, probe)
    monkeypatch.setattr(cluster, "_START_SECONDS", 0.5)
    monkeypatch.setattr(cluster, "_DEFAULT_PORTS", dict(zip(cluster._DEFAULT_PORTS, free_ports(2), strict=True)))
    [answer] = run_checks([Task("ray", lambda: cluster.ray(IMAGE), 20)])
    assert answer.status == FAILED
    assert answer.detail.startswith(detail)
    assert (cluster.ANSWERS in capfd.readouterr().err) == (probe == "true")
