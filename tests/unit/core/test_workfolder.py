from pathlib import Path

from raydock.core.checkout import Checkout
from raydock.core.workfolder import prepare, remove


def test_the_former_folder_is_renamed_with_its_content(tmp_path: Path) -> None:
    (tmp_path / "build" / "trivy").mkdir(parents=True)
    (tmp_path / "build" / "trivy" / "db").write_text("vulnerabilities")
    (tmp_path / "build" / "lock.holder").write_text("process 1")
    messages: list[str] = []
    prepare(Checkout(tmp_path), messages.append)
    assert (tmp_path / ".raydock" / "trivy" / "db").read_text() == "vulnerabilities"
    assert not (tmp_path / "build").exists()
    assert messages == ["renamed build/ to .raydock/, with its caches and reports"]


def test_a_build_folder_that_is_not_raydocks_stays(tmp_path: Path) -> None:
    (tmp_path / "build" / "reports").mkdir(parents=True)
    messages: list[str] = []
    prepare(Checkout(tmp_path), messages.append)
    remove(Checkout(tmp_path))
    assert (tmp_path / "build" / "reports").is_dir()
    assert not (tmp_path / ".raydock").exists()
    assert messages == []


def test_git_ignores_the_folder(tmp_path: Path) -> None:
    for _ in range(2):
        prepare(Checkout(tmp_path), print)
    assert (tmp_path / ".raydock" / ".gitignore").read_text() == "*\n"


def test_both_folders_are_removed(tmp_path: Path) -> None:
    prepare(Checkout(tmp_path), print)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "lock.holder").touch()
    remove(Checkout(tmp_path))
    assert list(tmp_path.iterdir()) == []
