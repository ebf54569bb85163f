"""`deploy kuberay` before a build, before a push, and after it."""

import docker
import pytest
import requests
import yaml

from tests.support.toy import NAMES, Toy

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

# What an engine pushes, by its image store.
ACCEPT = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)


def test_an_image_has_a_digest_from_the_push_on(toy: Toy, client: docker.DockerClient, registry: str) -> None:
    old, new = NAMES
    name = f"{registry}/raydock-test-{toy.token}"
    toy.edit("matrix.yaml", toy.registry, name)
    unbuilt = toy.run("deploy", "kuberay", new)
    assert (unbuilt.code, unbuilt.out) == (1, "")
    assert f"{new} is not built on this engine" in unbuilt.err

    built = toy.run("build", "--select", "ray=2.0.0")
    assert built.code == 0, built.summary
    unpushed = toy.run("deploy", "kuberay", new)
    assert (unpushed.code, unpushed.out) == (1, "")
    assert f"`./build.py publish {new}`" in unpushed.err

    for line in client.images.push(name, new, stream=True, decode=True):
        assert "error" not in line, line
    manifest = f"http://{registry}/v2/raydock-test-{toy.token}/manifests/{new}"
    digest = requests.head(manifest, headers={"Accept": ACCEPT}, timeout=10).headers["Docker-Content-Digest"]
    done = toy.run("deploy", "kuberay", new)
    assert done.code == 0, done.summary
    assert done.err.startswith("raydock: this release of Ray or of KubeRay has no token authentication")
    assert done.err.count("\n") == 1
    policy, cluster = yaml.safe_load_all(done.out)
    assert policy["kind"] == "NetworkPolicy"
    spec = cluster["spec"]
    assert spec["rayVersion"] == "2.0.0"
    assert done.out.count(f"image: {name}@{digest}\n") == 2

    stated = toy.run("deploy", "kuberay", new, "--image", f"{name}:any@{digest}")
    assert (stated.out, stated.err) == (done.out, done.err)
    wrong = toy.run("deploy", "kuberay", old, "--image", f"{name}@{digest}")
    assert (wrong.code, wrong.out) == (2, "")
    assert f"is {new}, not {old}." in wrong.err


def test_an_images_own_label_keeps_it_from_kuberay(toy: Toy, client: docker.DockerClient, registry: str) -> None:
    _, new = NAMES
    name = f"{registry}/raydock-test-{toy.token}"
    toy.edit("matrix.yaml", toy.registry, name)
    toy.edit("matrix.yaml", "ray-extras: []", "ray-extras: [], kuberay: false")
    built = toy.run("build", "--select", "ray=2.0.0")
    assert built.code == 0, built.summary
    assert client.images.get(f"{name}:{new}").labels["raydock.kuberay"] == "false"
    client.images.push(name, new)
    toy.edit("matrix.yaml", "kuberay: false", "kuberay: true")
    done = toy.run("deploy", "kuberay", new)
    assert (done.code, done.out) == (2, ""), done.summary
    assert f"{new} is not for KubeRay: raydock.kuberay is false." in done.err
