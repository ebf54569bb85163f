"""`plan --changed-since`: a clone of raydock's own files, in which things are changed."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from raydock.__main__ import cli
from raydock.ci import changes
from raydock.ci.changes import Change, What, compare, since
from raydock.ci.inputs import Inputs, inputs
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError, OutOfReachError, SelectionError
from raydock.pipeline.project import Project

ROOT = Path(__file__).parents[2]
CPU = "ray2.60.0-py311-cpu"
DEBS = ("lockfiles/debian-py311.debs", "lockfiles/debian-py313.debs")
FILES = ("matrix.yaml", "requirements.txt", "lockfiles/facts.json", *DEBS)
LOCKS = tuple(f"lockfiles/ray{ray}-py{python}-cpu.txt" for ray in ("2.49.1", "2.60.0") for python in ("311", "313"))
# Folders above the pipeline do not decide what an image is made of.
_AFTER = ("__pycache__", "cli", "doctor", "deploy", "hosts", "pick", "publish", "wheelhouse")

MATRIX = """\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases: {debian: {source: bootstrap, python: {"3.11": bookworm, "3.13": trixie}}}
axes: {python: ["3.11", "3.13"], ray: ["2.49.1", "2.60.0"]}
packages: {ray-extras: [default, serve], always: [pip, virtualenv]}
"""

Edit = Callable[[str, str, str], None]
Edited = Callable[[], dict[str, Change]]


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.example", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "a commit")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of one commit that holds what decides images, in a folder of its own below the top."""
    top = tmp_path_factory.mktemp("clone")
    root = top / "raydock"
    for name in ("raydock", "templates"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns(*_AFTER))
    (root / "lockfiles").mkdir()
    for name in (*FILES, *LOCKS):
        shutil.copy(ROOT / name, root / name)
    (root / "matrix.yaml").write_text(MATRIX)
    git(top, "init", "--quiet")
    commit(top)
    return root


@pytest.fixture(scope="module")
def first(clone: Path) -> Inputs:
    """What the clone's first commit says of its images, as long as its code is the running raydock's."""
    return inputs(Project(Checkout(clone)))


@pytest.fixture
def root(clone: Path, first: Inputs) -> Iterator[Path]:
    """The clone, as it was committed first once the test is done."""
    before = git(clone, "rev-parse", "HEAD")
    yield clone
    git(clone, "reset", "--quiet", "--hard", before)
    git(clone, "clean", "--quiet", "-dx", "--force")


@pytest.fixture
def edit(root: Path) -> Edit:
    """Changes words in a file; they must be there."""

    def change(path: str, old: str, new: str) -> None:
        text = (root / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (root / path).write_text(text.replace(old, new))

    return change


@pytest.fixture
def edited(root: Path, first: Inputs) -> Edited:
    """What `changed` answers of the first commit, without asking that commit's code again."""
    return lambda: {item.name: item for item in compare(first, inputs(Project(Checkout(root))))}


def changed(root: Path, ref: str = "HEAD") -> dict[str, Change]:
    return {item.name: item for item in since(Project(Checkout(root)), ref).changes}


def test_nothing_differs_from_the_commit_itself_nor_does_a_file_that_no_image_holds(root: Path) -> None:
    (root / "README.md").write_text("words")
    assert changed(root) == {}


def test_a_file_of_the_probe_is_in_every_image(root: Path, edit: Edit) -> None:
    edit("raydock/probe/driver.py", '"""', '"""Again. ')
    # The probe that is built into an image is the running raydock's: here, the commit's is the one that differs.
    found = changed(root, commit(root))
    assert len(found) == 4
    assert all(item.parts == ("probe/driver.py",) for item in found.values())


def test_a_lock_is_one_variants(edited: Edited, edit: Edit) -> None:
    edit(f"lockfiles/{CPU}.txt", "ray==2.60.0", "ray==2.60.1")
    [found] = edited().values()
    assert (found.name, found.what) == (CPU, What.CHANGED)
    assert set(found.parts) == {"lock", "layers/ray.txt", "constraints.txt", "image.json"}


def test_a_comment_in_a_lock_changes_the_fingerprint_and_no_layer(edited: Edited, edit: Edit) -> None:
    edit(f"lockfiles/{CPU}.txt", "# via aiohttp\n", "# via  aiohttp\n")
    assert edited()[CPU].parts == ("lock",)


@pytest.mark.parametrize(
    ("change", "part", "count"),
    [
        (("templates/Dockerfile.j2", "ENV PATH", "ENV  PATH"), "Dockerfile", 4),
        (("templates/Base.Dockerfile.j2", "FROM", "FROM  "), "base", 4),
        (("templates/installer/make-tree", "#!/bin/bash", "#!/bin/bash\n"), "installer/make-tree", 4),
        (("matrix.yaml", "cutoff: 2026-11-15", "cutoff: 2026-11-16"), "cut-off day", 4),
        (("matrix.yaml", '"3.13": trixie', '"3.13": bookworm'), "base", 2),
        (("requirements.txt", "uv==", "uv==9"), "uv", 4),
    ],
)
def test_each_input_is_seen(edited: Edited, edit: Edit, change: tuple[str, str, str], part: str, count: int) -> None:
    edit(*change)
    found = edited()
    assert len(found) == count
    assert all(part in item.parts for item in found.values())


def test_points_of_the_matrix_come_and_go(root: Path, edited: Edited, edit: Edit) -> None:
    before = git(root, "rev-parse", "HEAD")
    edit("matrix.yaml", '"2.49.1", "2.60.0"', '"2.60.0"')
    gone = edited()
    assert len(gone) == 2
    assert {item.what for item in gone.values()} == {What.GONE}
    after = commit(root)
    git(root, "checkout", "--quiet", before, "--", ".")
    assert {name: item.what for name, item in changed(root, after).items()} == dict.fromkeys(gone, What.NEW)


def test_a_variant_that_is_not_locked_yet_is_new(root: Path) -> None:
    lock = root / "lockfiles" / f"{CPU}.txt"
    text = lock.read_text()
    lock.unlink()
    before = commit(root)
    assert changed(root) == {}
    lock.write_text(text)
    assert "Dockerfile" in changed(root, before)[CPU].parts


def test_a_commit_is_judged_by_its_own_code(root: Path, edit: Edit) -> None:
    edit("raydock/builder/render.py", '"Ray {variant.ray}"', '"Ray, {variant.ray}"')
    found = changed(root, commit(root))
    assert len(found) == 4
    assert all(item.parts == ("Dockerfile",) for item in found.values())


def test_a_commit_of_the_former_layout_is_compared(root: Path) -> None:
    shutil.move(root / "raydock" / "ci" / "inputs.py", root / "raydock" / "inputs.py")
    assert changed(root, commit(root)) == {}


def test_a_commit_that_is_too_old_is_refused(root: Path) -> None:
    (root / "raydock" / "ci" / "inputs.py").unlink()
    with pytest.raises(ConfigurationError, match=r"raydock at \S+ is too old to compare with"):
        changed(root, commit(root))


def test_a_commit_that_cannot_answer_says_so(root: Path, edit: Edit) -> None:
    edit("raydock/builder/baserecipe.py", "def recipe_for(", "def recipe_of(")
    with pytest.raises(ConfigurationError, match="cannot say what its images were made of"):
        changed(root, commit(root))


@pytest.mark.parametrize("ref", ["nowhere", "--output=stolen", "HEAD:raydock", ""])
def test_what_is_no_commit_is_refused(root: Path, ref: str) -> None:
    with pytest.raises(ConfigurationError, match="git knows no commit"):
        changed(root, ref)
    assert not (root / "stolen").exists()


def test_what_is_no_git_checkout_is_refused(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "copy")
    with pytest.raises(ConfigurationError, match="is not a git checkout"):
        changed(tmp_path / "copy")


def test_a_temporary_folder_that_cannot_be_written_is_out_of_reach(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(OutOfReachError, match="HEAD could not be unpacked in "):
        changed(root)


def test_the_working_tree_and_the_temporary_folder_are_as_before(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (root / "matrix.yaml").open("a").write("# mine\n")
    changed(root)
    assert git(root, "status", "--porcelain", "--ignored") == "M raydock/matrix.yaml"
    assert git(root, "worktree", "list").count("\n") == 0
    assert list(tmp_path.iterdir()) == []


def test_parts_that_came_or_went_differ_too() -> None:
    [found] = compare({"a": {"lock": "1", "old": "1"}}, {"a": {"lock": "1", "new": "1"}})
    assert set(found.parts) == {"old", "new"}


def test_the_command_names_them_and_an_empty_answer_is_a_success(
    root: Path, edit: Edit, first: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYDOCK_ROOT", str(root))
    monkeypatch.setattr(changes, "_inputs_at", lambda *_: first)

    def answer(*words: str) -> Result:
        return CliRunner().invoke(cli, ["plan", "--changed-since", *words])

    head = git(root, "rev-parse", "HEAD")
    done = answer("HEAD")
    assert (done.exit_code, done.stdout) == (0, f"No image differs from what {head[:12]} has.\n")
    edit(f"lockfiles/{CPU}.txt", "ray==2.60.0", "ray==2.60.1")
    document = json.loads(answer(head[:9], "--json").stdout)
    assert document["since"] == head
    assert [(item["name"], item["what"]) for item in document["variants"]] == [(CPU, "changed")]
    assert json.loads(answer("HEAD", "--json", "--select", "python=3.13").stdout)["variants"] == []
    assert isinstance(answer("HEAD", "--select", "python=3.13,name=*-py311-*").exception, SelectionError)
    assert isinstance(answer("nowhere").exception, ConfigurationError)
    assert answer("HEAD", "--explain", CPU).exit_code == 2
