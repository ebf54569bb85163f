from pathlib import Path

import pytest

from raydock.builder.layers import Layer, layers
from raydock.model import lock as locks
from raydock.model.lock import Lock

LOCKFILES = Path(__file__).parents[3] / "lockfiles"
TRAIN = "ray2.60.0-torch2.13.0-py311-cu130"
SERVE = "ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130"
CPU = "ray2.60.0-py311-cpu"


def read(name: str) -> Lock:
    return locks.load(LOCKFILES / f"{name}.txt")


def by_name(name: str) -> dict[str, Layer]:
    return {layer.name: layer for layer in layers(read(name))}


@pytest.mark.parametrize("path", sorted(LOCKFILES.glob("*.txt")), ids=lambda path: path.stem)
def test_every_pin_is_in_exactly_one_layer(path: Path) -> None:
    lock = locks.load(path)
    names = [pin.name for layer in layers(lock) for pin in layer.pins]
    assert sorted(names) == sorted(lock.pins)


@pytest.mark.parametrize("path", sorted(LOCKFILES.glob("*.txt")), ids=lambda path: path.stem)
def test_ray_is_alone_in_the_last_layer(path: Path) -> None:
    last = layers(locks.load(path))[-1]
    assert [pin.name for pin in last.pins] == ["ray"]


def test_the_packages_of_a_group_are_on_top_of_the_layers_without_the_group() -> None:
    *below, added = layers(read(f"{CPU}-xgboost"), ("xgboost-cpu",))
    assert [layer.text for layer in below] == [layer.text for layer in layers(read(CPU))]
    assert [pin.name for pin in added.pins] == ["scipy", "xgboost-cpu"]  # numpy is Ray's too


def test_an_added_package_that_others_need_stays_in_their_layer() -> None:
    lock = read(TRAIN)
    assert [layer.text for layer in layers(lock, ("jinja2", "torch"))] == [layer.text for layer in layers(lock)]


def test_the_extras_of_a_group_are_in_the_layer_of_rays_packages() -> None:
    own, train = by_name(f"{TRAIN}-raytrain"), by_name(TRAIN)
    assert all(own[name].text == train[name].text for name in ("cuda", "torch", "ray"))
    more = {pin.name for pin in own["ray-packages"].pins} - {pin.name for pin in train["ray-packages"].pins}
    assert {"pandas", "pyarrow", "tensorboardx"} <= more


def test_the_largest_and_most_stable_layers_come_first() -> None:
    assert [layer.name for layer in layers(read(SERVE))] == [
        "cuda", "torch", "torch-packages", "vllm-packages", "vllm", "ray-packages", "ray"
    ]  # fmt: skip


def test_training_and_serving_share_cuda_and_torch() -> None:
    train, serve = by_name(TRAIN), by_name(SERVE)
    assert all(train[name].text == serve[name].text for name in ("cuda", "torch", "torch-packages", "ray"))


def test_a_cpu_image_shares_rays_layers_with_a_torch_image() -> None:
    cpu, train = by_name(CPU), by_name(TRAIN)
    assert set(cpu) == {"ray-packages", "ray"}
    assert all(cpu[name].text == train[name].text for name in cpu)


def test_packages_that_ray_and_torch_need_are_in_rays_layer() -> None:
    assert "filelock" in {pin.name for pin in by_name(TRAIN)["ray-packages"].pins}


def test_the_text_has_requirements_with_hashes_and_no_comments() -> None:
    lines = by_name(CPU)["ray"].text.splitlines()
    assert lines[0].startswith("ray==2.60.0 ")
    assert all(line.startswith(("ray==", "    --hash=sha256:")) for line in lines)
    assert lines[-1].endswith("\\") is False


def test_the_parents_of_a_package_do_not_change_the_text_of_a_layer() -> None:
    text = "a==1 \\\n    --hash=sha256:00\n    # via ray\nray==2 \\\n    --hash=sha256:11\n    # via -r matrix.yaml\n"
    moved = text.replace("# via ray", "# via\n    #   b\n    #   ray")
    assert [layer.text for layer in layers(locks.parse(text))] == [layer.text for layer in layers(locks.parse(moved))]
