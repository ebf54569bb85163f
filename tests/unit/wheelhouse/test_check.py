from collections.abc import Iterable

from raydock.model.matrix import Matrix
from raydock.wheelhouse.advice import by_findings
from raydock.wheelhouse.analysis import survey
from raydock.wheelhouse.check import WheelFinding, findings
from tests.support.wheels import sdist
from tests.unit.wheelhouse.conftest import Shelve


def kinds(found: Iterable[WheelFinding]) -> list[str]:
    return [finding.kind for finding in found]


def test_nothing_is_wrong_with_a_set_that_holds_together(shelve: Shelve) -> None:
    analysis = shelve({"app-1-py3-none-any": ("lib>=1,<3",), "lib-2.0-cp38-abi3-manylinux2014_x86_64": ()})
    assert findings(analysis) == ()
    assert by_findings(analysis, ()).fetch == ()


def test_of_two_versions_the_newest_that_all_accept_is_kept(shelve: Shelve) -> None:
    analysis = shelve(
        {
            "app-1-py3-none-any": ("lib<3",),
            "lib-1.9-py3-none-any": (),
            "lib-1.10-py3-none-any": (),
            "lib-3.0-py3-none-any": (),
        }
    )
    (finding,) = findings(analysis)
    assert finding.kind == "two-versions"
    assert finding.what == "lib is there as 1.9 and 1.10 and 3.0"
    assert finding.drop == ("lib-1.9-py3-none-any.whl", "lib-3.0-py3-none-any.whl")
    assert by_findings(analysis, [finding]).fetch == ()


def test_a_version_that_is_refused_is_replaced(shelve: Shelve) -> None:
    analysis = shelve(
        {"app-1-py3-none-any": ("lib<3,>=2",), "tool-1-py3-none-any": ("lib>=2.1",), "lib-3.0-py3-none-any": ()}
    )
    (finding,) = findings(analysis)
    assert (finding.kind, finding.what) == ("refused", "lib 3.0 is refused: app 1 wants <3,>=2")
    assert finding.files == ("lib-3.0-py3-none-any.whl", "app-1-py3-none-any.whl")
    assert [(item.project, item.versions) for item in by_findings(analysis, [finding]).fetch] == [("lib", ">=2.1,<3")]


def test_a_wheel_for_another_python_is_fetched_for_this_one(shelve: Shelve) -> None:
    analysis = shelve({"app-1-py3-none-any": ("lib>=2",), "lib-2.0-cp310-cp310-manylinux2014_x86_64": ()})
    found = findings(analysis)
    assert kinds(found) == ["other-platform", "missing"]
    assert found[0].what == "lib 2.0 is for cp310-cp310, not Python 3.11"
    assert [(item.project, item.versions) for item in by_findings(analysis, found).fetch] == [("lib", ">=2")]


def test_requires_python_is_kept(shelve: Shelve) -> None:
    (finding,) = findings(shelve({"app-1-py3-none-any": ()}, requires_python=">=3.12"))
    assert (finding.kind, finding.drop) == ("requires-python", ("app-1-py3-none-any.whl",))
    assert finding.what == "app 1 is for Python >=3.12, not 3.11"


def test_mixed_cuda_is_found(shelve: Shelve) -> None:
    analysis = shelve(
        {
            "torch-2.8.0-py3-none-any": ("nvidia-cuda-runtime-cu12==12.8.90",),
            "nvidia_cuda_runtime_cu12-12.8.90-py3-none-any": (),
            "nvidia_cudnn_cu13-9.1-py3-none-any": (),
        }
    )
    (finding,) = findings(analysis)
    assert finding.files == ("nvidia_cudnn_cu13-9.1-py3-none-any.whl",)
    assert "is for CUDA 13" in finding.what


def test_a_source_distribution_is_there_and_wants_to_be_built(shelve: Shelve, matrix: Matrix) -> None:
    folder = shelve({"app-1-py3-none-any": ("old-thing",)}).folder.path
    assert kinds(findings(survey(folder, matrix, "3.11"))) == ["missing"]
    (folder / "old-thing-1.0.tar.gz").write_bytes(sdist("old-thing", "1.0"))
    assert kinds(findings(survey(folder, matrix, "3.11"))) == ["source-only"]


def test_a_broken_wheel_is_fetched_again(shelve: Shelve, matrix: Matrix) -> None:
    folder = shelve({"app-1-py3-none-any": ()}).folder.path
    (folder / "lib-2.0-py3-none-any.whl").write_bytes(b"PK")
    analysis = survey(folder, matrix, "3.11")
    found = findings(analysis)
    assert kinds(found) == ["broken"]
    assert [(item.project, item.versions) for item in by_findings(analysis, found).fetch] == [("lib", "==2.0")]
