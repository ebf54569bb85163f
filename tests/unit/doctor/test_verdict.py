"""The line on the variants that a host can run, and the document."""

from raydock.core.errors import OutOfReachError
from raydock.doctor.examine import HostReport
from raydock.doctor.finding import failed, passed
from raydock.doctor.output import document
from raydock.doctor.verdict import judge
from raydock.engine.host import Host
from raydock.model.variant import CPU, parse_name
from raydock.pick.candidate import candidates
from raydock.plan.planner import Plan
from raydock.plan.select import select
from tests.unit.doctor.conftest import Recorded, without_gpu


def test_the_sentence_has_the_drivers_cuda_and_the_variants_that_run(recorded: Recorded, plan: Plan) -> None:
    ours = candidates(select(plan), {}, "localhost:5000/raydock")
    all_run = judge(recorded(), ours)
    assert all_run.sentence.startswith("driver 580.159.04 runs CUDA up to 13.0, and newer 13.x except PTX code; ")
    assert len(all_run.runs) == len(ours)
    older = judge(recorded(("580.159.04", "535.104.05"), ("<cuda_version>13.0", "<cuda_version>12.2")), ours)
    assert older.sentence.startswith("driver 535.104.05 runs CUDA up to 12.2, and newer 12.x except PTX code; ")
    assert 0 < len(older.runs) < len(ours)
    assert not [name for name in older.runs if name.endswith("cu130")]
    assert any(name.endswith("cu128") for name in older.runs)


def test_a_gpu_without_code_in_any_torch(recorded: Recorded, plan: Plan) -> None:
    ours = candidates(select(plan), {}, "localhost:5000/raydock")
    kepler = judge(recorded((", 9.0, NVIDIA H100 80GB HBM3", ", 3.5, Tesla K40c")), ours)
    assert {parse_name(name).cuda for name in kepler.runs} == {CPU}


def test_without_a_gpu_or_a_driver_only_cpu_variants_count(recorded: Recorded, plan: Plan) -> None:
    ours = candidates(select(plan), {}, "localhost:5000/raydock")
    without_cuda = {image.name for image in ours if image.variant.cuda == CPU}
    for facts, reason in (
        (without_gpu(recorded()), "it has no NVIDIA GPU"),
        (recorded(gpus="broken"), "its driver is not known"),
    ):
        verdict = judge(facts, ours)
        assert verdict.sentence.startswith(f"{reason}; {len(without_cuda)} of our {len(ours)} variants run here: ")
        assert set(verdict.runs) == without_cuda


def test_the_document_has_every_host_and_no_serial_number(recorded: Recorded, plan: Plan) -> None:
    host = Host(name="gpu1", address="ssh://gpu1")
    verdict = judge(recorded(), candidates(select(plan), {}, "localhost:5000/raydock"))
    findings = {"engine": passed("Docker"), "gpus": failed("bad", "fix it.")}
    good = HostReport(host=host, findings=findings, verdict=verdict)
    lost = HostReport(host=host, error=OutOfReachError("gpu1 is out of reach."))
    first, second = document([good, lost])["hosts"]
    assert first["gpus"] == [{"name": "NVIDIA H100 80GB HBM3", "sm": 90}]
    assert first["checks"][1] == {"id": "gpus", "status": "failed", "detail": "bad", "todo": "fix it."}
    assert second == {"host": "gpu1", "checks": [], "error": "gpu1 is out of reach."}
    assert not good.passed
