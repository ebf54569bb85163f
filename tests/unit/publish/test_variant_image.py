"""A variant's image by all its names, from an engine, a release or the plan."""

from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels
from raydock.plan.planner import Plan
from raydock.plan.select import select
from raydock.publish.variant_image import ImageState, of_image, of_plan

DIGEST = f"sha256:{'ab' * 32}"
CPU, CUDA = "ray2.60.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130"


def built(*references: str) -> ContainerImage:
    labels = ImageLabels({"raydock.fingerprint": "f" * 64, "raydock.min-driver": "580.65.06"})
    return ContainerImage(id="sha256:1", content="sha256:c1", references=references, labels=labels)


def test_a_built_image_has_the_digest_of_the_given_repository(plan: Plan) -> None:
    [planned] = select(plan, names=[CPU])
    other = f"mirror.example/raydock@sha256:{'3' * 64}"
    image = of_image(planned.variant, "localhost:5000/raydock", built(other, f"localhost:5000/raydock@{DIGEST}"))
    assert image.reference == f"localhost:5000/raydock@{DIGEST}"
    assert image.tag == f"localhost:5000/raydock:{CPU}"
    assert (image.id, image.fingerprint, image.min_driver) == ("sha256:1", "f" * 64, "580.65.06")
    assert of_image(planned.variant, "localhost:5000/raydock", built(other)).reference == ""


def test_labels_of_an_image_go_before_its_variant(plan: Plan) -> None:
    [planned] = select(plan, names=[CUDA])
    labels = ImageLabels({"io.ray.ray-version": "2.49.1", "raydock.sm": "80 90", "raydock.kuberay": "false"})
    image = of_image(planned.variant, "raydock", ContainerImage(content="sha256:c1", labels=labels))
    assert (image.ray, image.state) == ("2.49.1", ImageState.BUILT)
    assert (image.labels.sm, image.labels.kuberay) == ((80, 90), False)
    assert of_image(planned.variant, "raydock", ContainerImage(content="sha256:c1")).ray == "2.60.0"


def test_a_planned_image_has_the_requirements_of_the_plan(plan: Plan) -> None:
    [planned] = select(plan, names=[CUDA])
    image = of_plan(planned, "raydock")
    assert (image.ray, image.min_driver) == ("2.60.0", planned.min_driver)
    assert (image.labels.sm, image.labels.kuberay) == (planned.sm, True)
    assert (image.state, image.id, image.fingerprint, image.reference) == (ImageState.PLANNED, "", "", "")
