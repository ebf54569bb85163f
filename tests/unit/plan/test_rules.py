"""The rules on the committed facts, and on former releases that the committed facts do not contain."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from raydock.model.bases import Base
from raydock.model.facts import Facts, ProjectRelease, Wheel
from raydock.model.matrix import Matrix
from raydock.model.packages import Packages
from raydock.model.variant import Variant
from raydock.plan.rules import requirements, wheels
from raydock.plan.rules.evaluator import Evaluator, rules
from raydock.plan.rules.verdict import RuleInputs, RuleVerdict

CPU = Variant(ray="2.60.0", python="3.11")
TRAIN = Variant(ray="2.60.0", python="3.11", torch="2.13.0", cuda="13.0")
SERVE = Variant(ray="2.60.0", python="3.11", torch="2.13.0", vllm="0.32.0", cuda="13.0")
OLD = Variant(ray="2.49.1", python="3.13", torch="2.8.0", vllm="0.10.2", cuda="12.8")


def changed(rule_inputs: RuleInputs, release: ProjectRelease) -> RuleInputs:
    """The rule inputs with one release added or replaced."""
    return replace(
        rule_inputs, facts=Facts({**rule_inputs.facts.releases, (release.project, release.version): release})
    )


def release(rule_inputs: RuleInputs, project: str, version: str) -> ProjectRelease:
    known = rule_inputs.facts.get(project, version)
    assert known is not None
    return known


def based(matrix: Matrix, rule_inputs: RuleInputs, glibc: str) -> RuleInputs:
    base = Base(name="old", source="bootstrap", python="3.11", glibc=glibc, suite="old")
    return replace(rule_inputs, matrix=replace(matrix, bases=(base,)))


def objection(rule_inputs: RuleInputs, point: Variant) -> RuleVerdict | None:
    return Evaluator(rule_inputs).objection(point)


def verdict_of(
    check: Callable[[ProjectRelease, Variant, RuleInputs], RuleVerdict],
    project: str,
    point: Variant,
    rule_inputs: RuleInputs,
) -> RuleVerdict:
    """The verdict of a rule on a variant's release of a project."""
    known = rule_inputs.release(project, point)
    assert known is not None
    return check(known, point, rule_inputs)


def vllm_ray(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    return verdict_of(partial(requirements.requires, "ray"), "vllm", point, rule_inputs)


@pytest.mark.parametrize("point", [CPU, TRAIN, SERVE, OLD], ids=str)
def test_an_existing_variant_passes_every_rule(rule_inputs: RuleInputs, point: Variant) -> None:
    verdicts = list(Evaluator(rule_inputs).verdicts(point))
    assert [verdict.rule for verdict in verdicts] == [rule.name for rule in rules()]
    assert all(verdict.ok and verdict.reason for verdict in verdicts)


@pytest.mark.parametrize(
    ("point", "rule", "reason", "evidence"),
    [
        (replace(CPU, python="3.12"), "base", "no base has Python 3.12", "3.11, 3.13"),
        (
            replace(CPU, ray="2.61.0"),
            "known",
            "the facts do not contain ray 2.61.0",
            "which has 2.60.0: run `./build.py facts`",
        ),
        (replace(TRAIN, torch="2.99.0"), "known", "the facts do not contain torch 2.99.0", "./build.py facts"),
        (replace(SERVE, torch="2.8.0"), "vllm-torch", "vllm 0.32.0 needs torch ==2.13.0", "torch==2.13.0"),
        (replace(SERVE, torch="none"), "vllm-torch", "vllm 0.32.0 needs torch ==2.13.0", "torch==2.13.0"),
        (replace(OLD, torch="2.13.0"), "vllm-torch", "vllm 0.10.2 needs torch ==2.8.0", "torch==2.8.0"),
        (replace(TRAIN, cuda="12.8"), "torch-cuda", "torch 2.13.0 is built for CUDA 13.0", "cuda-toolkit==13.0.3"),
        (replace(TRAIN, cuda="cpu"), "torch-cuda", "torch 2.13.0 is built for CUDA 13.0", "cuda-toolkit==13.0.3"),
        (replace(OLD, cuda="13.0"), "torch-cuda", "torch 2.8.0 is built for CUDA 12.8", "cuda-runtime-cu12==12.8.90"),
        (replace(CPU, cuda="13.0"), "cuda-used", "nothing would use CUDA 13.0 without torch", "ray"),
    ],
    ids=str,
)
def test_first_objection(rule_inputs: RuleInputs, point: Variant, rule: str, reason: str, evidence: str) -> None:
    verdict = objection(rule_inputs, point)
    assert verdict is not None
    assert (verdict.rule, verdict.reason) == (rule, reason)
    assert evidence in verdict.evidence


def test_evidence_names_source_and_day(rule_inputs: RuleInputs) -> None:
    verdict = objection(rule_inputs, replace(TRAIN, cuda="12.8"))
    assert verdict is not None
    torch = release(rule_inputs, "torch", "2.13.0")
    assert verdict.evidence.endswith(f"({torch.source}, read {torch.read})")


@pytest.mark.parametrize(
    ("requires_python", "python", "ok"),
    [
        ("<3.13,>=3.9", "3.13", False),
        ("<3.13,>=3.9", "3.11", True),
        (">=3.12", "3.11", False),
        (">=3.11.4", "3.11", True),
        ("!=3.9.7,>=3.8", "3.11", True),
        ("", "3.11", True),
    ],
)
def test_requires_python_has_two_bounds(rule_inputs: RuleInputs, requires_python: str, python: str, ok: bool) -> None:
    vllm = replace(release(rule_inputs, "vllm", "0.32.0"), requires_python=requires_python)
    verdict = verdict_of(wheels.requires_python, "vllm", replace(SERVE, python=python), changed(rule_inputs, vllm))
    assert verdict.ok is ok
    assert ("accepts" in verdict.reason) is ok
    assert requires_python in verdict.evidence


@pytest.mark.parametrize(
    ("requirement", "ray", "ok"),
    [
        ("ray[adag]==2.40.0", "2.49.1", False),  # vllm 0.7.3
        ("ray[cgraph]!=2.44.*,>=2.43.0", "2.44.1", False),  # vllm 0.8.5
        ("ray[cgraph]!=2.44.*,>=2.43.0", "2.49.1", True),
        ("ray[cgraph]>=2.48.0", "2.60.0", True),  # vllm 0.10.2
        ("ray[cgraph]>=2.48.0", "2.61.0rc1", True),
        ("ray[cgraph]>=2.48.0; platform_machine == 'aarch64'", "2.40.0", True),
        ("numpy", "2.40.0", True),  # vllm 0.18 and younger ask for no ray
    ],
)
def test_vllm_ray(rule_inputs: RuleInputs, requirement: str, ray: str, ok: bool) -> None:
    vllm = replace(release(rule_inputs, "vllm", "0.32.0"), requires_dist=(requirement,))
    assert vllm_ray(replace(SERVE, ray=ray), changed(rule_inputs, vllm)).ok is ok


@pytest.mark.parametrize(
    ("vllm", "ray", "ok"),
    [
        ("0.7.3", "2.40.0", True),
        ("0.7.3", "2.41.0", False),
        ("0.8.5", "2.43.0", True),
        ("0.8.5", "2.44.1", False),
        ("0.10.0", "2.44.0", False),
        ("0.10.1", "2.47.1", False),
        ("0.10.1", "2.48.0", True),
        ("0.17.1", "2.47.1", False),
        ("0.18.0", "2.9.0", True),
    ],
)
def test_vllm_ray_through_history(rule_inputs: RuleInputs, vllm: str, ray: str, ok: bool) -> None:
    assert vllm_ray(replace(OLD, vllm=vllm, ray=ray), rule_inputs).ok is ok


@pytest.mark.parametrize(
    ("vllm", "python", "ok"),
    [("0.8.3", "3.13", True), ("0.8.4", "3.13", False), ("0.10.1", "3.13", False), ("0.10.2", "3.13", True)],
)
def test_requires_python_through_history(rule_inputs: RuleInputs, vllm: str, python: str, ok: bool) -> None:
    point = replace(OLD, vllm=vllm, python=python)
    assert verdict_of(wheels.requires_python, "vllm", point, rule_inputs).ok is ok
    assert verdict_of(wheels.python_wheel, "vllm", point, rule_inputs).ok  # abi3: the bound alone tells


def test_vllm_ray_on_the_real_facts(rule_inputs: RuleInputs) -> None:
    assert vllm_ray(OLD, rule_inputs).reason == "vllm 0.10.2 needs ray >=2.48.0"
    verdict = vllm_ray(replace(OLD, ray="2.47.1"), rule_inputs)
    assert not verdict.ok
    assert "ray[cgraph]>=2.48.0" in verdict.evidence


def test_python_wheel(rule_inputs: RuleInputs) -> None:
    assert verdict_of(wheels.python_wheel, "torch", TRAIN, rule_inputs).ok
    assert verdict_of(wheels.python_wheel, "vllm", replace(SERVE, python="3.14"), rule_inputs).ok  # abi3
    verdict = verdict_of(wheels.python_wheel, "ray", replace(CPU, python="3.15"), rule_inputs)
    assert verdict[:2] == (False, "ray 2.60.0 has no wheel for Python 3.15 on Linux amd64")
    assert "cp310, cp311, cp312, cp313, cp314" in verdict.evidence


def test_a_release_without_wheels(rule_inputs: RuleInputs) -> None:
    ray = replace(release(rule_inputs, "ray", "2.60.0"), wheels=())
    verdict = objection(changed(rule_inputs, ray), CPU)
    assert verdict is not None
    assert verdict.rule == "ray-python"
    assert "no wheel at all" in verdict.evidence


def test_a_release_that_is_only_offered_as_source(rule_inputs: RuleInputs) -> None:
    vllm = release(rule_inputs, "vllm", "0.32.0")
    assert verdict_of(wheels.sdist_only, "vllm", SERVE, rule_inputs).ok
    verdict = objection(changed(rule_inputs, replace(vllm, wheels=())), SERVE)
    assert verdict is not None
    assert verdict[::3] == (False, "sdist-only")
    assert "vllm-0.32.0.tar.gz" in verdict.evidence


@pytest.mark.parametrize(
    ("ray", "extras", "refused"),
    [
        ("2.9.0", ("default", "serve"), True),
        ("2.9.3", ("default",), True),
        ("2.9.3", (), False),
        ("2.10.0", ("default", "serve"), False),
        ("2.60.0", ("default", "serve"), False),
    ],
)
def test_an_extra_can_require_a_package_that_is_only_offered_as_source(
    rule_inputs: RuleInputs, ray: str, extras: tuple[str, ...], refused: bool
) -> None:
    chosen = replace(rule_inputs.matrix, packages=Packages(ray_extras=extras))
    verdict = objection(replace(rule_inputs, matrix=chosen), replace(CPU, ray=ray))
    assert bool(verdict) is refused
    if verdict:
        assert (verdict.rule, verdict.reason) == (
            "sdist-only",
            f"ray {ray} requires gpustat, which is only offered as source",
        )
        assert "package index, read" in verdict.evidence


def test_a_yanked_release(rule_inputs: RuleInputs) -> None:
    ray = release(rule_inputs, "ray", "2.60.0")
    some = replace(ray, wheels=tuple(replace(wheel, yanked="cp311" in wheel.filename) for wheel in ray.wheels))
    verdict = objection(changed(rule_inputs, some), CPU)
    assert verdict is not None
    assert verdict[:2] == (False, "ray 2.60.0 was yanked by its author")
    assert verdict_of(wheels.yanked, "ray", replace(CPU, python="3.13"), changed(rule_inputs, some)).ok


def with_extras(rule_inputs: RuleInputs, *extras: str) -> RuleInputs:
    """The rule inputs with different extras of Ray for every variant."""
    return replace(rule_inputs, matrix=replace(rule_inputs.matrix, packages=Packages(ray_extras=extras)))


@pytest.mark.parametrize(
    ("point", "extras", "message"),
    [
        (TRAIN, ("cgraph",), "ray 2.60.0 requires cupy-cuda12x, which is for CUDA 12"),
        (CPU, ("all",), "ray 2.60.0 requires cupy-cuda12x, which is for CUDA 12"),
        (TRAIN, ("default",), ""),
        (replace(TRAIN, torch="2.8.0", cuda="12.8"), ("cgraph",), ""),
        (OLD, ("default",), ""),
    ],
    ids=str,
)
def test_cuda_major_of_rays_extras(
    rule_inputs: RuleInputs, point: Variant, extras: tuple[str, ...], message: str
) -> None:
    inputs = with_extras(rule_inputs, *extras)
    verdict = verdict_of(requirements.cuda_major, "ray", point, inputs)
    assert verdict.ok is not bool(message)
    assert message in verdict.reason


def test_cuda_major_of_the_ray_extra_that_vllm_requires(rule_inputs: RuleInputs) -> None:
    """vllm 0.10.2 requires ray[cgraph], which requires cupy-cuda12x, which is wrong with CUDA 13."""
    assert verdict_of(requirements.cuda_major, "ray", OLD, rule_inputs).ok
    verdict = verdict_of(requirements.cuda_major, "ray", replace(OLD, cuda="13.0"), rule_inputs)
    assert verdict[:2] == (False, "ray 2.49.1 requires cupy-cuda12x, which is for CUDA 12")


def test_cuda_major_of_torch_and_vllm(rule_inputs: RuleInputs) -> None:
    assert "cu13" in verdict_of(requirements.cuda_major, "torch", replace(TRAIN, cuda="12.8"), rule_inputs).reason
    assert "cu12" in verdict_of(requirements.cuda_major, "torch", replace(OLD, cuda="13.0"), rule_inputs).reason
    old = Variant(ray="2.9.0", python="3.11", torch="2.1.2", vllm="0.3.1", cuda="12.1")
    assert verdict_of(requirements.cuda_major, "vllm", old, rule_inputs).ok
    assert "cupy-cuda12x" in verdict_of(requirements.cuda_major, "vllm", replace(old, cuda="13.0"), rule_inputs).reason


@pytest.mark.parametrize(("ray", "requirement"), [("2.60.0", "vllm[audio]==0.29.0"), ("2.49.1", "vllm>=0.10.0")])
def test_ray_llm_extra(rule_inputs: RuleInputs, ray: str, requirement: str) -> None:
    inputs = with_extras(rule_inputs, "serve", "llm")
    verdict = objection(inputs, replace(OLD, ray=ray))
    assert verdict is not None
    assert verdict[::3] == (False, "ray-llm-extra")
    assert requirement in verdict.evidence
    assert verdict_of(requirements.ray_llm_extra, "ray", replace(TRAIN, ray=ray), inputs).ok
    assert verdict_of(requirements.ray_llm_extra, "ray", replace(OLD, ray=ray), rule_inputs).ok


@pytest.mark.parametrize(
    ("point", "rule", "message"),
    [
        (
            Variant(ray="2.9.0", python="3.11", torch="2.2.2", cuda="12.1"),
            "numpy-abi",
            "its lock is constrained to numpy<2",
        ),
        (OLD, "transformers-era", "its lock is constrained to transformers<5"),
        (OLD, "cuda-major", "its lock is constrained to cuda-python==12.*"),
        (CPU, "numpy-abi", "nothing to check"),
        (
            replace(OLD, vllm="0.8.1", torch="2.6.0", cuda="12.4", ray="2.43.0"),
            "vllm-ray",
            "constrained to ray!=2.44.*",
        ),
    ],
    ids=str,
)
def test_known_breakages_that_a_lock_avoids(rule_inputs: RuleInputs, point: Variant, rule: str, message: str) -> None:
    verdicts = [verdict for verdict in Evaluator(rule_inputs).verdicts(point) if verdict.rule == rule]
    assert any(message in verdict.reason for verdict in verdicts)


def test_a_known_breakage_between_parts(rule_inputs: RuleInputs) -> None:
    point = Variant(ray="2.44.1", python="3.11", torch="2.6.0", vllm="0.8.1", cuda="12.4")
    assert vllm_ray(point, rule_inputs).ok
    verdict = objection(rule_inputs, point)
    assert verdict is not None
    assert verdict.rule == "vllm-ray"
    assert verdict.reason.startswith("ray 2.44.1 is not within ray!=2.44.*")
    against = [item.rule for item in Evaluator(rule_inputs).verdicts(replace(point, ray="2.45.0")) if not item.ok]
    assert against == ["pin-gone"]


@pytest.mark.parametrize(
    ("point", "rule"),
    [
        (Variant(ray="2.20.0", python="3.11", torch="2.3.0", vllm="0.4.2", cuda="12.1"), "sdist-only"),
        (Variant(ray="2.35.0", python="3.11", torch="2.4.0", vllm="0.6.3.post1", cuda="12.1"), "sdist-only"),
        (Variant(ray="2.50.0", python="3.13", torch="2.5.1", vllm="0.7.0", cuda="12.4"), "python-wheel"),
        (Variant(ray="2.50.0", python="3.11", torch="2.5.1", vllm="0.7.0", cuda="12.4"), ""),
        (Variant(ray="2.50.0", python="3.13", torch="2.6.0", vllm="0.8.3", cuda="12.4"), "python-wheel"),
        (Variant(ray="2.50.0", python="3.11", torch="2.6.0", vllm="0.8.3", cuda="12.4"), ""),
    ],
    ids=str,
)
def test_a_breakage_without_a_constraint_excludes_the_point(rule_inputs: RuleInputs, point: Variant, rule: str) -> None:
    verdict = objection(rule_inputs, point)
    assert (verdict.rule if verdict else "") == rule


def test_a_torch_that_pins_no_cuda(rule_inputs: RuleInputs) -> None:
    torch = replace(release(rule_inputs, "torch", "2.13.0"), requires_dist=("filelock",))
    verdict = verdict_of(requirements.torch_cuda, "torch", TRAIN, changed(rule_inputs, torch))
    assert verdict[:2] == (False, "torch 2.13.0 does not say which CUDA it needs")


@pytest.mark.parametrize(("has", "ok"), [("2.17", False), ("2.27", False), ("2.28", True), ("2.36", True)])
def test_glibc_against_the_base(matrix: Matrix, rule_inputs: RuleInputs, has: str, ok: bool) -> None:
    verdict = verdict_of(wheels.glibc, "torch", TRAIN, based(matrix, rule_inputs, has))
    assert verdict[:2] == (ok, "torch 2.13.0 for Python 3.11 needs glibc 2.28")
    assert f"base old has glibc {has}" in verdict.evidence


def test_glibc_numbers_are_compared_as_numbers(matrix: Matrix, rule_inputs: RuleInputs) -> None:
    wheel = Wheel(filename="ray-2.60.0-cp311-cp311-manylinux_2_9_x86_64.whl", size=1, sha256="")
    ray = replace(release(rule_inputs, "ray", "2.60.0"), wheels=(wheel,))
    assert verdict_of(wheels.glibc, "ray", CPU, changed(based(matrix, rule_inputs, "2.10"), ray)).ok


def test_a_verdict_depends_only_on_the_axes_that_its_rule_names(rule_inputs: RuleInputs) -> None:
    """Evaluator caches verdicts by these axes, so they must be the same for every point that agrees on them."""
    remembering = Evaluator(rule_inputs)
    values = {
        "python": ("3.11", "3.13", "3.15"),
        "cuda": ("cpu", "12.8", "13.0"),
        "torch": ("none", "2.8.0", "2.13.0"),
        "vllm": ("none", "0.10.2", "0.32.0"),
        "ray": ("2.40.0", "2.49.1", "2.60.0"),
    }
    points = [CPU]
    for axis, among in values.items():
        points = [replace(point, **{axis: value}) for point in points for value in among]
    for point in points:
        assert list(remembering.verdicts(point)) == [
            rule.check(point, rule_inputs)._replace(rule=rule.name) for rule in rules()
        ]


@pytest.mark.parametrize(("cuda", "label"), [("12.6", "cu126"), ("cpu", "cpu")])
def test_an_index_for_one_cuda_has_torch_for_it_and_no_vllm(rule_inputs: RuleInputs, cuda: str, label: str) -> None:
    build = replace(release(rule_inputs, "torch", "2.13.0"), version=f"2.13.0+{label}", requires_dist=())
    known = changed(rule_inputs, build)
    there = replace(known, matrix=replace(rule_inputs.matrix, indexes={label: "http://localhost/"}))
    point = replace(TRAIN, cuda=cuda)
    assert objection(there, point) is None
    assert objection(there, TRAIN) is None
    vllm = objection(there, replace(SERVE, cuda=cuda))
    assert vllm is not None
    assert (vllm.rule, vllm.reason) == (
        "vllm-cuda",
        "vllm 0.32.0 is built for CUDA 13.0, as the torch 2.13.0 of its index",
    )
    without = objection(known, point)
    assert without is not None
    assert without.rule == "torch-cuda"
