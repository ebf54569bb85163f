"""Which layers the images of the committed matrix share."""

from raydock.builder.sharing import SharedLayer, lines, shared_layers
from raydock.core.checkout import Checkout
from raydock.pipeline.project import Project
from raydock.plan.select import select
from tests.support.toy import ROOT

CPU, CUDA, OTHER = "ray2.60.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130", "ray2.60.0-py313-cpu"


def of(*names: str) -> list[SharedLayer]:
    project = Project(Checkout(ROOT))
    return shared_layers({each.variant: project.layers(each) for each in select(project.plan, names=names)})


def test_variants_of_one_python_share_base_and_ray() -> None:
    shared = {each.name: each.variants for each in of(CPU, CUDA) if len(each.variants) > 1}
    assert shared == dict.fromkeys(("base", "ray-packages", "ray 2.60.0"), (CPU, CUDA))
    assert all(len(each.variants) == 1 for each in of(CPU, OTHER))


def test_layers_are_in_the_order_of_the_image() -> None:
    names = [each.name for each in of(CUDA)]
    assert names == ["base", "cuda 13.0", "torch 2.13.0", "torch-packages", "ray-packages", "ray 2.60.0"]


def test_bars_show_the_share_of_the_images() -> None:
    shared = of(CPU, CUDA, OTHER)
    heading, *rows, _, sentence = lines(shared, all_layers=False)
    assert heading.split() == ["layer", "python", "packages", "variants", "that", "have", "it"]
    assert [row.split()[:2] for row in rows] == [["base", "3.11"], ["ray-packages", "3.11"], ["ray", "2.60.0"]]
    assert rows[0].endswith(f"{'█' * 16} 2")
    assert sentence.startswith("3 images: 12 layers, 9 of them distinct, of which 6 belong to one variant")
    assert len(lines(shared, all_layers=True)) == 9 + 3
    assert lines(of(CPU), all_layers=True)[-1] == "1 image: 3 layers, 3 of them distinct."
