"""The properties of an image."""

from dataclasses import replace

import pytest

from raydock.model.image import ContainerImage, ImageRecord
from raydock.model.labels import ImageLabels


@pytest.mark.parametrize(
    ("user", "is_non_root"),
    [("1000", True), ("1000:0", True), ("", False), ("0", False), ("0:0", False), ("ray", False)],
)
def test_kubernetes_takes_a_user_that_is_a_number_and_not_0(user: str, is_non_root: bool) -> None:
    assert ContainerImage(content="sha256:c1", user=user).is_non_root is is_non_root


def test_the_variables_with_a_wrong_effect_on_ray() -> None:
    found = ContainerImage(content="sha256:c1", environment={"PATH": "/bin", "RAY_ADDRESS": "10.0.0.1:6379"})
    assert found.foreign == ["RAY_ADDRESS"]


def test_equal_content_is_the_same_image_whatever_its_ids() -> None:
    image = ContainerImage(id="sha256:1", content="sha256:c1")
    assert image.is_same(ContainerImage(id="sha256:2", content="sha256:c1"))
    assert not image.is_same(ContainerImage(id="sha256:1", content="sha256:c2"))


def test_an_image_without_labels_has_no_fingerprint() -> None:
    assert ContainerImage(content="sha256:c1").fingerprint == ""


def test_a_record_is_of_the_image_of_its_content_and_fingerprint() -> None:
    image = ContainerImage(id="sha256:2", content="sha256:c1", labels=ImageLabels({"raydock.fingerprint": "f"}))
    record = ImageRecord(name="x", image_id="sha256:1", content="sha256:c1", fingerprint="f")
    assert record.is_of(image)
    assert not replace(record, content="sha256:c2").is_of(image)
    assert not replace(record, fingerprint="e").is_of(image)


def test_a_record_without_content_is_of_the_image_of_its_id() -> None:
    image = ContainerImage(id="sha256:1", content="sha256:c1")
    record = ImageRecord(name="x", image_id="sha256:1", content="", fingerprint="")
    assert record.is_of(image)
    assert not replace(record, image_id="sha256:2").is_of(image)
