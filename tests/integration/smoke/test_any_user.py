"""Random users and read-only root file systems: real images that work for them, and images that do not."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import docker
import msgspec
import pytest

from raydock.contract.answer import check_clause
from raydock.contract.bench import Bench, cluster
from raydock.contract.catalogue import APART, TOGETHER
from raydock.contract.heads import OPENSHIFT_USER
from raydock.contract.kuberay import known
from raydock.contract.run import contract
from raydock.engine.container import network
from raydock.model.report import Status

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

Derive = Callable[..., str]
SITE = "/opt/venv/lib/python3.11/site-packages"
# Clauses that start Ray, pip or uv without a head of the test.
STARTING = {12, 14, 18, 19, 20}


def test_the_image_works_with_a_read_only_root(client: docker.DockerClient, image: str) -> None:
    """All containers, also those of workers and submitters, run as OpenShift's user."""
    kuberay = msgspec.structs.replace(known(), releases=known().releases[-1:])
    with network(client) as joint:
        bench = replace(
            Bench.of(client, image, "read-only", joint),
            kuberay=kuberay,
            user=OPENSHIFT_USER,
            read_only_with=("/tmp", "/home/ray"),
        )
        root = bench.run(["sh", "-c", "id -u && touch /tmp/file /home/ray/file && touch /file"])
        assert root.out == "1000710000\n"
        assert root.status, "the root file system is writable"
        assert "/file" in root.err
        assert "Read-only file system" in root.err
        clauses = [clause for clause in APART if clause.number in STARTING]
        parts = [check_clause(clause.id, partial(clause.check, bench)) for clause in clauses]
        with cluster(bench, kuberay.releases[0], "secret") as started:
            parts += [check_clause(clause.id, partial(clause.check, started)) for clause in TOGETHER]
    assert {int(part.id.partition("-")[0]) for part in parts} >= STARTING | {3, 4, 8, 9}
    assert [part for part in parts if part.status is not Status.PASSED] == []


def any_user(client: docker.DockerClient, image: str) -> str:
    """Return the message of clause 12, which must fail."""
    [check] = contract(client, image, name="foreign:1", fingerprint="", clauses=[12]).checks
    assert check.status is Status.FAILED, check
    return check.detail


def test_a_user_without_a_name_fails(client: docker.DockerClient, derive: Derive) -> None:
    detail = any_user(
        client, derive("RUN sed -i 's/ raydock//' /etc/nsswitch.conf && ! grep raydock /etc/nsswitch.conf")
    )
    assert detail.startswith(f"user {OPENSHIFT_USER} has no name or no cache (KeyError: ")
    assert "uid not found: 1000710000" in detail
    assert detail.endswith("on OpenShift torch and vLLM fail when they compile or log")


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("torch/_inductor/codecache", "def cache_dir(): return '/home/ray/.cache/torch'"),
        ("vllm/envs", "VLLM_CACHE_ROOT = '/home/ray/.cache/vllm'"),
    ],
)
def test_a_closed_cache_folder_fails(client: docker.DockerClient, derive: Derive, module: str, line: str) -> None:
    """The module has the path of its package's cache, as the real one does."""
    path = f"{SITE}/{module}.py"
    made = derive(f'RUN mkdir -p $(dirname {path}) && echo "{line}" > {path}', "RUN mkdir -p /home/ray/.cache")
    detail = any_user(client, made)
    assert detail.startswith(f"user {OPENSHIFT_USER} has no name or no cache (PermissionError: ")
    assert "'/home/ray/.cache/" in detail
