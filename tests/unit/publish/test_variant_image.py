"""A variant's image by all its names, whatever tells of it."""

from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.variant_image import Where, of_image, of_plan

DIGEST = f"sha256:{'ab' * 32}"
CPU, CUDA = "ray2.60.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130"


def held(*references: str) -> ContainerImage:
    labels = ImageLabels({"raydock.fingerprint": "f" * 64, "raydock.min-driver": "580.65.06"})
    return ContainerImage(id="sha256:1", content="sha256:c1", references=references, labels=labels)


def test_the_digest_of_a_built_image_is_that_of_the_registry_asked_about(plan: Plan) -> None:
    [item] = select(plan, names=[CPU])
    other = f"mirror.example/raydock@sha256:{'3' * 64}"
    found = of_image(item.variant, "localhost:5000/raydock", held(other, f"localhost:5000/raydock@{DIGEST}"))
    assert found.reference == f"localhost:5000/raydock@{DIGEST}"
    assert found.tag == f"localhost:5000/raydock:{CPU}"
    assert (found.id, found.fingerprint, found.min_driver) == ("sha256:1", "f" * 64, "580.65.06")
    assert of_image(item.variant, "localhost:5000/raydock", held(other)).reference == ""


def test_an_image_says_its_own_ray_and_gpus_and_else_its_variant_does(plan: Plan) -> None:
    [item] = select(plan, names=[CUDA])
    labels = ImageLabels({"io.ray.ray-version": "2.49.1", "raydock.sm": "80 90", "raydock.kuberay": "false"})
    found = of_image(item.variant, "raydock", ContainerImage(content="sha256:c1", labels=labels))
    assert (found.ray, found.sm, found.kuberay, found.where) == ("2.49.1", (80, 90), False, Where.BUILT)
    assert of_image(item.variant, "raydock", ContainerImage(content="sha256:c1")).ray == "2.60.0"


def test_the_plan_tells_what_an_image_will_need(plan: Plan) -> None:
    [item] = select(plan, names=[CUDA])
    found = of_plan(item, "raydock")
    assert (found.ray, found.min_driver, found.sm, found.kuberay) == ("2.60.0", item.min_driver, item.sm, True)
    assert (found.where, found.id, found.fingerprint, found.reference) == (Where.PLANNED, "", "", "")
