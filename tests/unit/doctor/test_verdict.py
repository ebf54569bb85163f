"""The one line on what a host runs, and the document."""

from raydock.core.errors import OutOfReachError
from raydock.doctor.examine import Examined
from raydock.doctor.finding import failed, passed
from raydock.doctor.output import document
from raydock.doctor.verdict import judge
from raydock.engine.host import Host
from raydock.model.variant import CPU, parse_name
from raydock.pick.candidate import candidates
from raydock.plan.planner import Plan
from raydock.plan.select import select
from tests.unit.doctor.conftest import See, without_gpu


def test_a_driver_names_its_cuda_and_the_variants_that_run(see: See, plan: Plan) -> None:
    ours = candidates(select(plan), {}, "localhost:5000/raydock")
    all_run = judge(see(), ours)
    assert all_run.sentence.startswith("driver 580.159.04 runs CUDA up to 13.0, and newer 13.x but for PTX; ")
    assert len(all_run.runs) == len(ours)
    older = judge(see(("580.159.04", "535.104.05"), ("<cuda_version>13.0", "<cuda_version>12.2")), ours)
    assert older.sentence.startswith("driver 535.104.05 runs CUDA up to 12.2, and newer 12.x but for PTX; ")
    assert 0 < len(older.runs) < len(ours)
    assert not [name for name in older.runs if name.endswith("cu130")]
    assert any(name.endswith("cu128") for name in older.runs)


def test_a_gpu_for_which_no_torch_has_code(see: See, plan: Plan) -> None:
    ours = candidates(select(plan), {}, "localhost:5000/raydock")
    kepler = judge(see((", 9.0, NVIDIA H100 80GB HBM3", ", 3.5, Tesla K40c")), ours)
    assert {parse_name(name).cuda for name in kepler.runs} == {CPU}


def test_without_a_gpu_or_a_driver_only_cpu_variants_are_sure(see: See, plan: Plan) -> None:
    ours = candidates(select(plan), {}, "localhost:5000/raydock")
    without_cuda = {item.name for item in ours if item.variant.cuda == CPU}
    for seen, words in ((without_gpu(see()), "it has no NVIDIA GPU"), (see(gpus="broken"), "its driver is not known")):
        verdict = judge(seen, ours)
        assert verdict.sentence.startswith(f"{words}; {len(without_cuda)} of our {len(ours)} variants run here: ")
        assert set(verdict.runs) == without_cuda


def test_the_document_has_every_host_and_no_serial_number(see: See, plan: Plan) -> None:
    host = Host(name="gpu1", address="ssh://gpu1")
    verdict = judge(see(), candidates(select(plan), {}, "localhost:5000/raydock"))
    findings = (passed("engine", "Docker"), failed("gpus", "bad", "fix it."))
    good = Examined(host=host, findings=findings, verdict=verdict)
    lost = Examined(host=host, error=OutOfReachError("gpu1 is out of reach."))
    first, second = document([good, lost])["hosts"]
    assert first["gpus"] == [{"name": "NVIDIA H100 80GB HBM3", "sm": 90}]
    assert first["checks"][1] == {"id": "gpus", "status": "failed", "detail": "bad", "todo": "fix it."}
    assert second == {"host": "gpu1", "checks": [], "error": "gpu1 is out of reach."}
    assert not good.passed
