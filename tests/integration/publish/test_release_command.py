"""`release`: from matrix.yaml to published images, as far as steps are not done."""

import pytest

from raydock.publish.release import immutable_tag
from tests.integration.publish.conftest import PublishProject
from tests.support.toy import NAMES

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

OLD, NEW = NAMES


def run(project: PublishProject, *arguments: str) -> tuple[int, str, str]:
    """Run `release` to the registry of a project; return the exit code, stdout and stderr."""
    done = project.run("release", "--registry", project.name, *arguments)
    return done.code, done.out, done.err


def test_a_dry_run_lists_the_steps_and_changes_nothing(project: PublishProject) -> None:
    checkout = project.built.checkout
    checkout.report(OLD, "contract").unlink()
    checkout.report(NEW).unlink()
    files = sorted(path for path in checkout.root.rglob("*") if ".raydock" not in path.parts)
    code, out, err = run(project, "--dry-run")
    assert code == 0, err
    assert out == f"{OLD}: contract, publish\n{NEW}: smoke, publish\n2 variants to do, 0 done. Nothing was changed.\n"
    assert project.releases.read() is None
    assert sorted(path for path in checkout.root.rglob("*") if ".raydock" not in path.parts) == files


def test_a_stale_lock_makes_all_steps_unknown(project: PublishProject) -> None:
    lock = project.built.checkout.lock(OLD)
    text = lock.read_text()
    lock.write_text(f"{text}# edited\n")
    try:
        _, out, _ = run(project, "--dry-run", "--select", "ray=1.0.0")
    finally:
        lock.write_text(text)
    assert out.startswith(f"{OLD}: lock, build, smoke, contract, scan, publish\n")


def test_what_is_done_is_only_published_and_then_nothing_is_left(project: PublishProject) -> None:
    code, out, err = run(project)
    assert code == 0, err
    tags = project.tags()
    for name in (OLD, NEW):
        entry = project.release.entry(name)
        assert entry
        tag = immutable_tag(name, entry.fingerprint)
        assert tags[tag] == entry.digest
        assert f"  {project.name}:{tag}  (1 passed)\n" in out
    assert f"Next: `./build.py deploy kuberay {NEW}`" in out
    code, out, err = run(project)
    assert code == 0, err
    assert f"{project.name}: nothing to move, 2 images already published.\n" in out
    assert project.tags() == tags
    assert run(project, "--dry-run")[1] == f"{OLD}: done\n{NEW}: done\n0 variants to do, 2 done. Nothing was changed.\n"


def test_a_variant_that_fails_does_not_stop_the_others(project: PublishProject) -> None:
    """The toy's image has no Ray, so that its smoke test fails."""
    project.built.checkout.report(OLD).unlink()
    code, out, err = run(project)
    assert code == 1
    assert "python" in err  # which the image does not have
    assert "Next: " in err
    assert [entry.name for entry in project.release.entries] == [NEW]
    assert f"{project.name}:{OLD}" not in out


def test_a_registry_out_of_reach_is_reported_before_anything_is_built(project: PublishProject) -> None:
    done = project.run("release", "--registry", "localhost:9/ml/raydock")
    assert done.code == 4
    assert "localhost:9 cannot be reached" in done.err
    assert "docs/how-to/publish.md" in done.err
    assert "is built already" not in done.err
