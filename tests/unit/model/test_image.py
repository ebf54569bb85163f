"""What is known of an image by itself."""

import pytest

from raydock.model.image import ContainerImage


@pytest.mark.parametrize(
    ("user", "is_non_root"),
    [("1000", True), ("1000:0", True), ("", False), ("0", False), ("0:0", False), ("ray", False)],
)
def test_kubernetes_takes_a_user_that_is_a_number_and_not_0(user: str, is_non_root: bool) -> None:
    assert ContainerImage(content="sha256:c1", user=user).is_non_root is is_non_root


def test_the_variables_that_mislead_ray() -> None:
    found = ContainerImage(content="sha256:c1", environment={"PATH": "/bin", "RAY_ADDRESS": "10.0.0.1:6379"})
    assert found.foreign == ["RAY_ADDRESS"]


def test_equal_content_is_the_same_image_whatever_a_store_calls_it() -> None:
    image = ContainerImage(id="sha256:1", content="sha256:c1")
    assert image.is_same(ContainerImage(id="sha256:2", content="sha256:c1"))
    assert not image.is_same(ContainerImage(id="sha256:1", content="sha256:c2"))


def test_an_image_without_labels_has_no_fingerprint() -> None:
    assert ContainerImage(content="sha256:c1").fingerprint == ""
