"""`plan --changed-since` in a clone of raydock's own files, in which the tests change files."""

import json
import shutil
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from raydock.__main__ import cli
from raydock.ci.changes import Change, What, differing, since
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError, OutOfReachError, SelectionError
from raydock.pipeline.project import Project
from tests.support.clone import CPU, CUDA, GROUP, NAMES, PULLED, commit, git, render_dockerfiles

Edit = Callable[[str, str, str], None]


@pytest.fixture
def edit(root: Path) -> Edit:
    """Return a function that replaces a text in a file, which must contain it."""

    def change(path: str, old: str, new: str) -> None:
        text = (root / path).read_text()
        assert old in text, f"{path} does not contain {old!r}"
        (root / path).write_text(text.replace(old, new))

    return change


def changed(root: Path, ref: str = "HEAD") -> dict[str, Change]:
    return {change.name: change for change in since(Project(Checkout(root)), ref).changes}


def test_a_file_that_is_in_no_image_changes_nothing(root: Path) -> None:
    (root / "README.md").write_text("text")
    assert changed(root) == {}


def test_a_file_of_the_probe_is_in_every_image(root: Path, edit: Edit) -> None:
    edit("raydock/probe/driver.py", '"""', '"""Again. ')
    changes = changed(root)
    assert changes.keys() == set(NAMES)
    assert all(change.parts == ("probe/driver.py",) for change in changes.values())


@pytest.mark.parametrize("staged", [True, False])
def test_uncommitted_files_are_compared(root: Path, staged: bool) -> None:
    (root / ".gitignore").write_text("*.log\n")
    before = commit(root)
    (root / "raydock" / "probe" / "new.py").write_text("")
    (root / "templates" / "image" / "scripts" / "ignored.log").write_text("")
    (root / "templates" / "installer" / "trim-tree.py").unlink()
    if staged:
        git(root, "add", "--all")
    parts = {"probe/new.py", "scripts/ignored.log", "installer/trim-tree.py"}
    assert all(set(change.parts) == parts for change in changed(root, before).values())
    after = commit(root)
    git(root, "checkout", "--quiet", before, "--", ".")
    (root / "raydock" / "probe" / "new.py").unlink()
    assert set(changed(root, after)[CPU].parts) == parts


def test_a_lock_changes_only_its_variant(root: Path, edit: Edit) -> None:
    edit(f"lockfiles/{CPU}.txt", "ray==2.60.0", "ray==2.60.1")
    [change] = changed(root).values()
    assert (change.name, change.what) == (CPU, What.CHANGED)
    assert set(change.parts) == {"lock", "layers/ray.txt", "constraints.txt", "image.json"}


def test_a_comment_in_a_lock_changes_the_fingerprint_and_no_layer(root: Path, edit: Edit) -> None:
    edit(f"lockfiles/{CPU}.txt", "# via aiohttp\n", "# via  aiohttp\n")
    assert changed(root)[CPU].parts == ("lock",)


@pytest.mark.parametrize(
    ("change", "part", "names"),
    [
        (("templates/Dockerfile.j2", "ENV PATH", "ENV  PATH"), "Dockerfile", NAMES),
        (("templates/Base.Dockerfile.j2", "FROM", "FROM  "), "base", NAMES),
        (("templates/installer/make-tree", "#!/bin/bash", "#!/bin/bash\n"), "installer/make-tree", NAMES),
        (("matrix.yaml", "cutoff: 2026-11-15", "cutoff: 2026-11-16"), "timestamp", NAMES),
        (("matrix.yaml", '"3.13": trixie', '"3.13": bookworm'), "base", {name for name in NAMES if "py313" in name}),
        (("matrix.yaml", "1" * 64, "2" * 64), "base", {PULLED}),
        (("matrix.yaml", "os-packages", "packages: [pip], os-packages"), "layers/added.txt", {GROUP}),
        (("requirements.txt", "uv==", "uv==9"), "uv", NAMES),
        (("raydock/builder/nss.yaml", "72 61 79 00", "61 62 63 00"), "raydock/builder/nss.yaml", NAMES),
        (("raydock/builder/rootfs.py", '"lib32", ', ""), "raydock/builder/rootfs.py", {*NAMES} - {PULLED}),
        (("raydock/builder/pulled.py", '"LD_AUDIT", ', ""), "raydock/builder/pulled.py", {PULLED}),
    ],
)
def test_each_input_is_compared(
    root: Path, edit: Edit, change: tuple[str, str, str], part: str, names: Collection[str]
) -> None:
    edit(*change)
    changes = changed(root)
    assert changes.keys() == set(names)
    assert all(part in variant.parts for variant in changes.values())


def test_removed_and_added_variants_are_listed(root: Path, edit: Edit) -> None:
    before = git(root, "rev-parse", "HEAD")
    edit("matrix.yaml", '"2.49.1", "2.60.0"', '"2.60.0"')
    gone = changed(root)
    assert len(gone) == 2
    assert {change.what for change in gone.values()} == {What.GONE}
    (root / "lockfiles" / "notes.txt").write_text("not the lock of a variant")
    after = commit(root)
    git(root, "checkout", "--quiet", before, "--", ".")
    assert {name: change.what for name, change in changed(root, after).items()} == dict.fromkeys(gone, What.NEW)


def test_a_variant_that_is_not_locked_yet_is_new(root: Path, edit: Edit) -> None:
    lock = root / "lockfiles" / f"{CPU}.txt"
    text = lock.read_text()
    lock.unlink()
    before = commit(root)
    assert changed(root) == {}
    lock.write_text(text)
    assert changed(root, before) == {CPU: Change(name=CPU, what=What.NEW)}
    edit("matrix.yaml", '"2.49.1", "2.60.0"', '"2.49.1", "2.50.1", "2.60.0"')
    assert {change.what for name, change in changed(root, before).items() if "2.50.1" in name} == {What.NEW}


def test_a_removed_lock_is_a_difference(root: Path) -> None:
    (root / "lockfiles" / f"{CPU}.txt").unlink()
    assert {"Dockerfile", "lock", "layers/ray.txt"} <= set(changed(root)[CPU].parts)


def test_a_commit_with_different_templates_is_compared_by_its_dockerfiles(root: Path, edit: Edit) -> None:
    edit("templates/Dockerfile.j2", "ENV PATH", "ENV  PATH")
    render_dockerfiles(root)
    edit("templates/Dockerfile.j2", "ENV  PATH", "ENV PATH")
    changes = changed(root, commit(root))
    assert changes.keys() == set(NAMES)
    assert all(change.parts == ("Dockerfile",) for change in changes.values())


def test_a_commit_without_dockerfiles_is_compared_by_all_else(root: Path) -> None:
    shutil.rmtree(root / "images")
    assert all(change.parts == ("Dockerfile",) for change in changed(root, commit(root)).values())


def test_a_commit_that_had_the_probe_elsewhere_is_compared(root: Path) -> None:
    shutil.move(root / "raydock" / "probe", root / "raydock" / "former")
    before = commit(root)
    shutil.move(root / "raydock" / "former", root / "raydock" / "probe")
    git(root, "add", "--all")
    assert changed(root, before) == {}
    (root / "raydock" / "probe" / "driver.py").write_text("")
    assert changed(root, before)[CPU].parts == ("probe/driver.py",)


def test_an_unreadable_matrix_is_a_difference_of_every_variant(root: Path, edit: Edit) -> None:
    edit("matrix.yaml", "registry:", "place:")
    before = commit(root)
    edit("matrix.yaml", "place:", "registry:")
    changes = changed(root, before)
    assert changes.keys() == set(NAMES)
    assert all(change.parts == ("matrix.yaml",) for change in changes.values())
    (root / "lockfiles" / f"{CUDA}.txt").unlink()
    assert "lock" not in changed(root, before)[CUDA].parts


def test_invalid_code_of_a_commit_is_a_difference(root: Path) -> None:
    name = "raydock/builder/nss.py"
    text = (root / name).read_text()
    (root / name).write_text("def module(:")
    before = commit(root)
    (root / name).write_text(text)
    assert changed(root, before)[CPU].parts == (name,)


@pytest.mark.parametrize("ref", ["nowhere", "--output=stolen", "HEAD:raydock", ""])
def test_a_reference_that_is_not_a_commit_is_refused(root: Path, ref: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a commit of this repository"):
        changed(root, ref)
    assert not (root / "stolen").exists()


def test_a_folder_that_is_not_a_git_checkout_is_refused(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "copy")
    with pytest.raises(ConfigurationError, match="is not a git checkout"):
        changed(tmp_path / "copy")


def test_a_folder_without_raydock_is_refused(root: Path) -> None:
    shutil.rmtree(root / "raydock")
    with pytest.raises(ConfigurationError, match="does not contain raydock itself"):
        changed(root)


def test_a_commit_whose_files_are_missing_is_out_of_reach(root: Path, edit: Edit) -> None:
    blob = git(root, "rev-parse", "HEAD:./matrix.yaml")
    objects = Path(git(root, "rev-parse", "--absolute-git-dir"), "objects")
    edit("matrix.yaml", "cutoff: 2026-11-15", "cutoff: 2026-11-16")
    place = objects / blob[:2] / blob[2:]
    data = place.read_bytes()
    place.unlink()
    try:
        with pytest.raises(OutOfReachError, match="git could not read the commit"):
            changed(root)
    finally:
        place.write_bytes(data)


def test_a_temporary_folder_that_cannot_be_written_is_an_error_of_the_system(
    root: Path, edit: Edit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("matrix.yaml", "registry:", "# mine\nregistry:")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        changed(root)


def test_the_working_tree_and_the_temporary_folder_are_unchanged(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (root / "matrix.yaml").open("a").write("# mine\n")
    changed(root)
    assert git(root, "status", "--porcelain", "--ignored") == "M raydock/matrix.yaml"
    assert git(root, "worktree", "list").count("\n") == 0
    assert list(tmp_path.iterdir()) == []


def test_added_and_removed_parts_are_differences() -> None:
    assert set(differing({"lock": "1", "old": "1"}, {"lock": "1", "new": "1"})) == {"old", "new"}


def test_the_command_lists_changes_and_succeeds_without_changes(
    root: Path, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAYDOCK_ROOT", str(root))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["plan", "--changed-since", *arguments])

    head = git(root, "rev-parse", "HEAD")
    done = run("HEAD")
    assert (done.exit_code, done.stdout) == (0, f"No image differs from what {head[:12]} has.\n")
    edit(f"lockfiles/{CPU}.txt", "ray==2.60.0", "ray==2.60.1")
    document = json.loads(run(head[:9], "--json").stdout)
    assert document["since"] == head
    assert [(variant["name"], variant["what"]) for variant in document["variants"]] == [(CPU, "changed")]
    assert json.loads(run("HEAD", "--json", "--select", "python=3.13").stdout)["variants"] == []
    assert isinstance(run("HEAD", "--select", "python=3.13,name=*-py311-*").exception, SelectionError)
    assert isinstance(run("nowhere").exception, ConfigurationError)
    assert run("HEAD", "--explain", CPU).exit_code == 2
