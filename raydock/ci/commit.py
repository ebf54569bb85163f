"""A commit of the repository that holds a checkout: its files, and the folders that had other names."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from raydock.core.errors import ConfigurationError, OutOfReachError, first_line


@dataclass(frozen=True)
class Commit:
    """A commit. Paths are below the checkout's folder, which need not be the repository's top.

    Attributes:
        root: the checkout's folder.
        name: the commit's full hash.
    """

    root: Path
    name: str

    @cached_property
    def files(self) -> frozenset[str]:
        """The paths of its files."""
        return frozenset(self._paths("ls-tree", "-r", "--name-only", "-z", self.name))

    @cached_property
    def _differing(self) -> frozenset[str]:
        """The paths of its files that the working tree has otherwise or not at all, and of files that it lacks."""
        return frozenset(self._paths("diff", "--name-only", "--no-renames", "--relative", "-z", self.name, "--"))

    def read(self, path: str) -> bytes | None:
        """The content of a file; None if the commit has no file of this path."""
        if path not in self.files:
            return None
        file = self.root / path
        if path not in self._differing and file.is_file():
            return file.read_bytes()
        return self._output("cat-file", "blob", f"{self.name}:./{path}")

    def folder(self, path: str) -> dict[str, bytes]:
        """The content of the files in a folder by their paths below it, also if the folder has moved since."""
        found = self._below(path) or self._below(self._former(path))
        return {name: self.read(place) or b"" for name, place in found.items()}

    def _below(self, folder: str) -> dict[str, str]:
        start = f"{folder}/"
        return {path.removeprefix(start): path for path in self.files if path.startswith(start)}

    def _former(self, folder: str) -> str:
        """The only folder from which git finds files moved to this one unchanged; empty if there is none."""
        options = ("--name-status", "--find-renames=100%", "--diff-filter=R", "--relative", "-z")
        fields = self._paths("diff", *options, self.name, "--")
        folders = {
            old.removesuffix(name)
            for old, new in zip(fields[1::3], fields[2::3], strict=True)
            if new.startswith(f"{folder}/") and old.endswith(name := new.removeprefix(folder))
        }
        return folders.pop() if len(folders) == 1 else ""

    def _paths(self, *words: str) -> list[str]:
        return [os.fsdecode(path) for path in self._output(*words).split(b"\0") if path]

    def _output(self, *words: str) -> bytes:
        """What git prints. Raises OutOfReachError if it fails, as in a partial clone without its server."""
        done = _git(self.root, *words)
        if done.returncode:
            why = first_line(done.stderr.decode(errors="replace"), "no reason")
            raise OutOfReachError(
                f"git could not read the commit {self.name[:12]}: {why}.",
                todo="`git fsck` checks the repository; `git fetch` brings what a partial clone lacks.",
            )
        return done.stdout


def find(root: Path, ref: str) -> Commit:
    """The commit that git knows by a name.

    Raises ConfigurationError if git is missing, the folder is not in a git repository, or git knows no such commit.
    """
    if not shutil.which("git"):
        raise ConfigurationError("git is not on PATH, and it alone knows what a commit holds.", todo="install git.")
    place = _git(root, "rev-parse", "--git-dir")
    if place.returncode:
        raise ConfigurationError(
            f"{root} is not a git checkout, so that there is no commit to compare with.",
            meaning=place.stderr.decode(errors="replace").strip(),
            todo="run this in a clone of raydock's repository.",
        )
    done = _git(root, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if done.returncode:
        raise ConfigurationError(
            f"git knows no commit {ref!r} here.",
            todo="`git log` shows those that it knows; in a shallow clone, `git fetch --unshallow` brings the others.",
        )
    return Commit(root, done.stdout.decode().strip())


def _git(root: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    """What git answers, without writing to the repository's index."""
    return subprocess.run(["git", "--no-optional-locks", "-C", str(root), *words], capture_output=True, check=False)
