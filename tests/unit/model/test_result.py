"""The result of a variant, and its entry in JSON documents."""

from raydock.core.errors import VariantError
from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels
from raydock.model.report import Check, Report, Status
from raydock.model.result import VariantResult

NAME = "ray2.60.0-py311-cpu"
IMAGE = ContainerImage(id="sha256:1", content="sha256:c1", labels=ImageLabels({"raydock.fingerprint": "f"}))


def _report(status: Status) -> Report:
    check = Check(id="ray", status=status, detail="d", seconds=1.5)
    return Report(name=NAME, image_id="sha256:2", content="sha256:c2", fingerprint="", checks=(check,))


def test_an_image_that_exists_is_neither_built_nor_tested() -> None:
    assert VariantResult.untested(NAME, IMAGE).document() == {
        "name": NAME,
        "image_id": "sha256:1",
        "fingerprint": "f",
        "size_bytes": 0,
        "built": False,
        "seconds": 0.0,
        "checks": [],
    }


def test_a_failed_build_has_its_fingerprint_and_no_image() -> None:
    document = VariantResult(name=NAME, fingerprint="f", error=VariantError("It failed.")).document()
    assert (document["image_id"], document["fingerprint"], document["error"]) == ("", "f", "It failed.")


def test_an_image_that_is_not_raydocks_has_only_a_report() -> None:
    document = VariantResult(name="theirs:1", tested=True, report=_report(Status.PASSED)).document()
    assert (document["image_id"], document["fingerprint"]) == ("sha256:2", "")
    assert document["checks"][0]["id"] == "ray"


def test_an_untested_image_passes() -> None:
    assert VariantResult.untested(NAME, IMAGE).passed
    assert VariantResult(name=NAME, report=_report(Status.PASSED)).passed
    assert not VariantResult(name=NAME, report=_report(Status.FAILED)).passed
    assert not VariantResult(name=NAME, error=VariantError("It failed.")).passed
