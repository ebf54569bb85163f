import time
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from raydock.core.errors import ConfigurationError
from raydock.lock.request import LockRequest, create_request
from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.model.matrixfile import Point
from raydock.model.packages import Packages
from raydock.model.variant import Axis, Variant
from raydock.plan.rules.verdict import RuleInputs

VLLM = Variant(ray="2.49.1", python="3.13", cuda="12.8", torch="2.8.0", vllm="0.10.2")


def request(matrix: Matrix, variant: Variant) -> LockRequest:
    """The request without any facts."""
    return create_request(RuleInputs(matrix, Facts({})), variant)


def test_the_request_for_a_variant(matrix: Matrix) -> None:
    lock_request = request(matrix, VLLM)
    assert lock_request.requirements == ("ray[default]==2.49.1", "torch==2.8.0", "vllm==0.10.2", "virtualenv")
    assert {"transformers<5", "protobuf<7", "cuda-python==12.*"} <= set(lock_request.constraints)
    assert (lock_request.python, lock_request.glibc, lock_request.arch) == ("3.13", "2.40", "amd64")
    assert lock_request.before == datetime(2026, 11, 16, tzinfo=UTC)


def test_a_cpu_variant_requires_only_ray(matrix: Matrix) -> None:
    bare = replace(matrix, packages=Packages(ray_extras=(), always=()))
    lock_request = request(bare, Variant(ray="2.60.0", python="3.11"))
    assert lock_request.requirements == ("ray==2.60.0",)
    assert lock_request.constraints == ()
    assert lock_request.glibc == "2.36"


@pytest.mark.parametrize(("cuda", "expected"), [("cpu", ("http://c/",)), ("12.8", ("http://a/",)), ("13.0", ())])
def test_the_indexes_of_a_cuda(matrix: Matrix, cuda: str, expected: tuple[str, ...]) -> None:
    wide = replace(matrix, indexes={"cu128": "http://a/", "cu118": "http://b/", "cpu": "http://c/"})
    assert request(wide, Variant(ray="2.60.0", python="3.11", cuda=cuda)).indexes == expected


def test_the_digest_covers_all_that_decides_a_lock(matrix: Matrix) -> None:
    variants = [VLLM, replace(VLLM, ray="2.60.0"), replace(VLLM, python="3.11"), replace(VLLM, cuda="13.0")]
    matrices = [
        replace(matrix, cutoff=date(2026, 11, 14)),
        replace(matrix, packages=replace(matrix.packages, always=("pip",))),
        replace(matrix, packages=replace(matrix.packages, ray_extras=("serve",))),
        replace(matrix, indexes={"cu128": "http://a/"}),
        replace(matrix, bases=tuple(replace(base, glibc="2.35") for base in matrix.bases)),
    ]
    digests = [request(matrix, item).digest for item in variants] + [request(item, VLLM).digest for item in matrices]
    digests.append(replace(request(matrix, VLLM), sources=("quantile-python",)).digest)
    assert len(set(digests)) == len(digests)
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest in digests)
    assert request(replace(matrix, registry="elsewhere/x"), VLLM).digest == digests[0]


def test_a_points_own_cutoff_decides_its_lock_alone(matrix: Matrix) -> None:
    old = replace(VLLM, vllm="0.9.0")
    own = replace(matrix, points=(Point(**old.axes, groups=("legacy",), cutoff=date(2025, 9, 15)),))
    lock_request = request(own, old)
    assert lock_request.before == datetime(2025, 9, 16, tzinfo=UTC)
    assert "transformers<5" not in lock_request.constraints  # transformers 5 had not appeared
    assert lock_request.digest != request(matrix, old).digest
    assert request(own, VLLM) == request(matrix, VLLM)


def test_a_base_without_the_python_or_with_an_old_glibc_is_refused(matrix: Matrix) -> None:
    with pytest.raises(ConfigurationError, match=r"has Python 3\.10"):
        request(matrix, replace(VLLM, python="3.10"))
    old = replace(matrix, bases=tuple(replace(base, glibc="2.12") for base in matrix.bases))
    with pytest.raises(ConfigurationError, match=r"glibc 2\.12, which is older"):
        request(old, VLLM)


def test_a_thousand_requests_are_fast(matrix: Matrix) -> None:
    rays = [f"2.{minor}.{micro}" for minor in range(100) for micro in range(10)]
    wide = replace(matrix, axes={**matrix.axes, Axis.RAY: tuple(rays)})
    start = time.process_time()
    digests = {request(wide, replace(VLLM, ray=ray)).digest for ray in rays}
    assert time.process_time() - start < 1
    assert len(digests) == 1000
