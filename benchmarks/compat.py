"""Comparison of plan with uv on random triples of vllm, ray and Python; writes docs/reference/compat.md."""

import os
import random
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from benchmarks.bench import ROOT
from benchmarks.report import row
from raydock.compat.wheels import cuda_pin, requirement_of
from raydock.core.checkout import Checkout
from raydock.core.errors import VariantError
from raydock.core.files import write_whole
from raydock.core.parallel import in_parallel
from raydock.index.client import from_environment
from raydock.index.pages import Pages
from raydock.lock.request import LockRequest
from raydock.lock.resolver import Uv
from raydock.model.bases import Base
from raydock.model.variant import CPU, Variant
from raydock.pipeline.project import Project
from raydock.plan.rules.evaluator import Evaluator
from raydock.plan.rules.verdict import RuleInputs, RuleVerdict

DOCUMENT = ROOT / "docs" / "reference" / "compat.md"
SEED, COUNT, JOBS = 20261126, 40, 2
PYTHONS, GLIBC = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"), "2.36"

# The rules that uv does not have: the upper bound of Requires-Python, and facts that no package's metadata states.
BEYOND_UV = frozenset(
    {"requires-python", "cuda-major", "ray-llm-extra", "numpy-abi", "transformers-era", "ray-era", "nixl-cuda"}
)

Triple = tuple[str, str, str]

_HEAD = """\
# plan against uv

{count} triples of vllm, ray and Python, drawn by `random.Random({seed})` from all {all} combinations of the facts'
releases with Python {first} to {last}: can they be installed together? `plan` answers by its rules and the facts, in
milliseconds and without a network, for a base with glibc {glibc} and the torch and CUDA that vllm pins. {uv} answers by
`uv pip compile --only-binary :all: --exclude-newer {cutoff}` of `vllm==V` and `{ray}==R` for that Python and glibc.

Written by `.venv/bin/python -m benchmarks compat`, which exits with 1 if a difference is not explained by a rule that
uv does not have. One difference is known and stays: vllm 0.3.0 to 0.3.2 need quantile-python, which is only offered as
source. With `--only-binary :all:` uv refuses it; raydock locks and builds it (raydock/compat/data/sdists.yaml).

**{same} agree, {explained} differ by a rule that uv does not have, {open} differ without one.**

| vllm | ray | Python | plan | uv | agree |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Comparison:
    """The answers of plan and uv about a triple.

    Attributes:
        triple: the versions of vllm, ray and Python.
        objection: plan's first negative verdict, or None.
        reason: why uv finds no solution, or empty.
    """

    triple: Triple
    objection: RuleVerdict | None
    reason: str

    @property
    def same(self) -> bool:
        return (self.objection is None) == (not self.reason)

    @property
    def explained(self) -> bool:
        """Whether uv accepts the triple and plan refuses it by a rule that uv does not have."""
        return not self.same and self.objection is not None and self.objection.rule in BEYOND_UV

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of its row in the table."""
        mine = f"no, {self.objection.rule}: {self.objection.reason}" if self.objection else "yes"
        agree = "yes" if self.same else f"uv lacks {self.objection.rule}" if self.objection and self.explained else "NO"
        return *self.triple, mine, f"no: {self.reason}" if self.reason else "yes", agree


def write() -> tuple[Path, bool]:
    """Compare both on every triple and write the document.

    Returns its path, and whether all differences are explained. Raises OutOfReachError if the index fails.
    """
    project = Project(Checkout(ROOT))
    pythons = tuple(Base(name="compat", source="pull", python=python, glibc=GLIBC) for python in PYTHONS)
    rule_inputs = RuleInputs(replace(project.matrix, bases=pythons), project.facts)
    versions = project.facts.versions
    population = list(product(versions["vllm"], versions["ray"], PYTHONS))
    triples = random.Random(SEED).sample(population, COUNT)
    evaluator, uv = Evaluator(rule_inputs), Uv(pages=Pages(from_environment(os.environ)))
    reasons = in_parallel(lambda triple: _uv_reason(uv, triple, rule_inputs), triples, JOBS, uv.stop)
    comparisons = [
        Comparison(triple, evaluator.objection(_variant(triple, rule_inputs)), reason)
        for triple, reason in zip(triples, reasons, strict=True)
    ]
    write_whole(DOCUMENT, _text(comparisons, rule_inputs, uv.label, len(population)))
    return DOCUMENT, all(comparison.same or comparison.explained for comparison in comparisons)


def _variant(triple: Triple, rule_inputs: RuleInputs) -> Variant:
    """Return the variant of a triple, with the torch that its vllm pins and the CUDA that this torch pins."""
    vllm, ray, python = triple
    variant = Variant(vllm=vllm, ray=ray, python=python)
    required = requirement_of(rule_inputs.facts.releases["vllm", vllm], "torch", variant)
    versions = rule_inputs.facts.versions["torch"]
    torch = next((version for version in versions if required and version in required.specifier), "none")
    pin = cuda_pin(rule_inputs.facts.releases["torch", torch], variant) if torch != "none" else None
    return replace(variant, torch=torch, cuda=pin[0] if pin else CPU)


def _uv_reason(uv: Uv, triple: Triple, rule_inputs: RuleInputs) -> str:
    """Return why uv finds no solution; empty if it finds one."""
    vllm, ray, python = triple
    request = LockRequest(
        requirements=(f"vllm=={vllm}", f"{rule_inputs.matrix.packages.ray}=={ray}"),
        constraints=(),
        cutoff=rule_inputs.matrix.cutoff,
        python=python,
        cuda=CPU,
        arch="amd64",
        glibc=GLIBC,
        indexes=(),
    )
    try:
        uv.resolve(request, {})
    except VariantError as error:
        return error.what.removeprefix(f"{uv.label}: ")
    return ""


def _text(comparisons: list[Comparison], rule_inputs: RuleInputs, uv: str, population: int) -> str:
    same = sum(comparison.same for comparison in comparisons)
    explained = sum(comparison.explained for comparison in comparisons)
    head = _HEAD.format(
        count=len(comparisons),
        seed=SEED,
        all=f"{population:,}",
        first=PYTHONS[0],
        last=PYTHONS[-1],
        glibc=GLIBC,
        uv=uv,
        ray=rule_inputs.matrix.packages.ray,
        cutoff=rule_inputs.matrix.cutoff,
        same=same,
        explained=explained,
        open=len(comparisons) - same - explained,
    )
    return head + "".join(f"{row(*comparison.cells)}\n" for comparison in comparisons)
