"""`publish` killed at every step, and run again."""

import os
import signal
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from raydock.registry.repository import repository, verify_image
from tests.integration.publish.conftest import PublishProject
from tests.support.faults import Front, front
from tests.support.forked import run, started
from tests.support.toy import NAMES

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

NAME = NAMES[1]
ALIASES = {"2.0.0", "2.0.0-py311", "2.0.0-py311-cpu", "latest"}


@dataclass(kw_only=True)
class Killer:
    """Kills a publish at its n-th write, which the registry still gets."""

    at: int
    seen: Front
    process: BaseProcess | None = None
    killed: bool = False

    def __call__(self, method: str, _path: str) -> None:
        if method not in {"GET", "HEAD"} and len(self.seen.writes) >= self.at and not self.killed:
            assert self.process
            assert self.process.pid
            os.kill(self.process.pid, signal.SIGKILL)
            self.killed = True


def test_a_publish_killed_at_any_step_leaves_no_tag_on_an_incomplete_image_and_the_next_run_finishes(
    project: PublishProject, tmp_path: Path
) -> None:
    at, finished = 0, False
    with front(project.address) as seen:
        while not finished:
            at += 1
            name = f"{seen.address}/step{at}/raydock"
            arguments = ("publish", "--registry", name, "--select", f"name={NAME}")
            seen.requests.clear()
            seen.fault = killer = Killer(at=at, seen=seen)
            killer.process = started(arguments, project.environment, project.toy.root, tmp_path)
            killer.process.join(60)
            finished = not killer.killed
            images = repository(name.replace(seen.address, project.address))
            for tag in {NAME, *ALIASES} & set(images.tags()):
                verify_image(images, images.digest(tag) or "")
            again = run(arguments, project.environment, project.toy.root, tmp_path)
            assert again.code == 0, again.summary
            tags = {tag: images.digest(tag) for tag in images.tags() if not tag.startswith("sha256-")}
            assert {NAME, *ALIASES} < set(tags)
            assert len(tags) == 6
            assert len(set(tags.values())) == 1
            verify_image(images, tags[NAME] or "")
    assert at > 30
