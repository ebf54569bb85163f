"""By which names an image of the engine is known on other hosts."""

from raydock.build.engine import LocalImage
from raydock.ship.bare.hostimage import of_image

OURS = f"localhost:5000/raydock@sha256:{'2' * 64}"
OTHER = f"mirror.example/raydock@sha256:{'3' * 64}"


def held(*digests: str) -> LocalImage:
    labels = {"raydock.fingerprint": "f" * 64, "raydock.min-driver": "580.65.06"}
    return LocalImage(id="sha256:1", tags=(), digests=digests, labels=labels, size=1)


def test_the_digest_is_that_of_the_matrix_registry() -> None:
    found = of_image(held(OTHER, OURS), "ray1.0.0-py311-cpu", "localhost:5000/raydock")
    assert found.digest == OURS
    assert found.tag == "localhost:5000/raydock:ray1.0.0-py311-cpu"
    assert (found.fingerprint, found.min_driver) == ("f" * 64, "580.65.06")


def test_an_image_that_was_never_pushed_has_none() -> None:
    assert of_image(held(OTHER), "ray1.0.0-py311-cpu", "localhost:5000/raydock").digest == ""
