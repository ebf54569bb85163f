"""The rules that decide which points of the matrix can exist.

A verdict has a reason and the fact behind it.
"""

from raydock.plan.rules.broken import known_breakage
from raydock.plan.rules.cuda import cuda_major, cuda_used, torch_cuda, vllm_cuda
from raydock.plan.rules.evaluator import Evaluator, Rule, rules
from raydock.plan.rules.owner import base, exclude
from raydock.plan.rules.requirements import ray_llm_extra, vllm_ray, vllm_torch
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict
from raydock.plan.rules.wheels import (
    glibc,
    known,
    python_wheel,
    ray_python,
    requires_python,
    sdist_only,
    sdist_required,
    yanked,
)

__all__ = [
    "ABSENT",
    "Evaluator",
    "Rule",
    "RuleInputs",
    "RuleVerdict",
    "base",
    "cuda_major",
    "cuda_used",
    "exclude",
    "glibc",
    "known",
    "known_breakage",
    "python_wheel",
    "ray_llm_extra",
    "ray_python",
    "requires_python",
    "rules",
    "sdist_only",
    "sdist_required",
    "torch_cuda",
    "vllm_cuda",
    "vllm_ray",
    "vllm_torch",
    "yanked",
]
