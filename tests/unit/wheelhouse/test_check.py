from collections.abc import Iterable

from raydock.core.yamlfile import shipped
from raydock.model.matrix import Matrix
from raydock.wheelhouse.advice import by_findings
from raydock.wheelhouse.analysis import analyze_folder
from raydock.wheelhouse.check import CHECKS, WheelFinding, findings, problem
from tests.support.wheels import sdist
from tests.unit.wheelhouse.conftest import MakeFolder


def kinds(problems: Iterable[WheelFinding]) -> list[str]:
    return [finding.kind for finding in problems]


def test_a_consistent_set_has_no_findings(make_folder: MakeFolder) -> None:
    analysis = make_folder({"app-1-py3-none-any": ("lib>=1,<3",), "lib-2.0-cp38-abi3-manylinux2014_x86_64": ()})
    assert findings(analysis) == ()
    assert by_findings(analysis, ()).fetch == ()


def test_of_several_versions_the_newest_that_all_accept_is_kept(make_folder: MakeFolder) -> None:
    analysis = make_folder(
        {
            "app-1-py3-none-any": ("lib<3",),
            "lib-1.9-py3-none-any": (),
            "lib-1.10-py3-none-any": (),
            "lib-3.0-py3-none-any": (),
        }
    )
    (finding,) = findings(analysis)
    assert finding.kind == "two-versions"
    assert finding.what == "lib has 3 versions: 1.9, 1.10, 3.0"
    assert finding.drop == ("lib-1.9-py3-none-any.whl", "lib-3.0-py3-none-any.whl")
    assert by_findings(analysis, [finding]).fetch == ()


def test_a_refused_version_is_replaced(make_folder: MakeFolder) -> None:
    analysis = make_folder(
        {"app-1-py3-none-any": ("lib<3,>=2",), "tool-1-py3-none-any": ("lib>=2.1",), "lib-3.0-py3-none-any": ()}
    )
    (finding,) = findings(analysis)
    assert (finding.kind, finding.what) == ("refused", "lib 3.0 is refused: app 1 requires <3,>=2")
    assert finding.files == ("lib-3.0-py3-none-any.whl", "app-1-py3-none-any.whl")
    assert [(fetch.project, fetch.versions) for fetch in by_findings(analysis, [finding]).fetch] == [
        ("lib", ">=2.1,<3")
    ]


def test_a_wheel_for_a_different_python_is_fetched_for_this_one(make_folder: MakeFolder) -> None:
    analysis = make_folder({"app-1-py3-none-any": ("lib>=2",), "lib-2.0-cp310-cp310-manylinux2014_x86_64": ()})
    problems = findings(analysis)
    assert kinds(problems) == ["other-platform", "missing"]
    assert problems[0].what == "lib 2.0 is for cp310-cp310, not Python 3.11"
    assert [(fetch.project, fetch.versions) for fetch in by_findings(analysis, problems).fetch] == [("lib", ">=2")]


def test_requires_python_is_kept(make_folder: MakeFolder) -> None:
    (finding,) = findings(make_folder({"app-1-py3-none-any": ()}, requires_python=">=3.12"))
    assert (finding.kind, finding.drop) == ("requires-python", ("app-1-py3-none-any.whl",))
    assert finding.what == "app 1 is for Python >=3.12, not 3.11"


def test_mixed_cuda_is_found(make_folder: MakeFolder) -> None:
    analysis = make_folder(
        {
            "torch-2.8.0-py3-none-any": ("nvidia-cuda-runtime-cu12==12.8.90",),
            "nvidia_cuda_runtime_cu12-12.8.90-py3-none-any": (),
            "nvidia_cudnn_cu13-9.1-py3-none-any": (),
        }
    )
    (finding,) = findings(analysis)
    assert finding.files == ("nvidia_cudnn_cu13-9.1-py3-none-any.whl",)
    assert "is for CUDA 13" in finding.what


def test_a_source_distribution_is_present_but_must_be_built(make_folder: MakeFolder, matrix: Matrix) -> None:
    folder = make_folder({"app-1-py3-none-any": ("old-thing",)}).folder.path
    assert kinds(findings(analyze_folder(folder, matrix, "3.11"))) == ["missing"]
    (folder / "old-thing-1.0.tar.gz").write_bytes(sdist("old-thing", "1.0"))
    assert kinds(findings(analyze_folder(folder, matrix, "3.11"))) == ["source-only"]


def test_a_broken_wheel_is_fetched_again(make_folder: MakeFolder, matrix: Matrix) -> None:
    folder = make_folder({"app-1-py3-none-any": ()}).folder.path
    (folder / "lib-2.0-py3-none-any.whl").write_bytes(b"PK")
    analysis = analyze_folder(folder, matrix, "3.11")
    problems = findings(analysis)
    assert kinds(problems) == ["broken"]
    assert [(fetch.project, fetch.versions) for fetch in by_findings(analysis, problems).fetch] == [("lib", "==2.0")]


def test_every_check_has_texts() -> None:
    entries = shipped("wheelhouse/problems.yaml", dict[str, dict[str, str]])
    names = [check.__name__.replace("_", "-") for check in CHECKS]
    assert {*names, "copies-with-different-content"} == entries.keys()
    assert all(entry.keys() == {"kind", "what", "meaning", "todo"} for entry in entries.values())


def test_a_value_with_braces_is_text() -> None:
    finding = problem("set-rules", ["a.whl"], drop=["a.whl"], rule="yanked", fault="a {1}", reason="No {file}.")
    assert (finding.kind, finding.what, finding.meaning) == ("yanked", "a {1}", "No {file}.")
    assert (finding.files, finding.drop) == (("a.whl",), ("a.whl",))
