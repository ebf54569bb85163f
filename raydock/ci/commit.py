"""Read a commit of the repository of a checkout, also if folders had different names."""

import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from raydock.core import git
from raydock.core.errors import ConfigurationError, OutOfReachError, first_line


@dataclass(frozen=True)
class Commit:
    """A commit. Paths are relative to the checkout's folder, which may be below the top of the repository.

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
        """The paths of files that differ from the working tree or exist only on one side."""
        return frozenset(self._paths("diff", "--name-only", "--no-renames", "--relative", "-z", self.name, "--"))

    def read(self, path: str) -> bytes | None:
        """The content of a file; None if the commit does not have it."""
        if path not in self.files:
            return None
        file = self.root / path
        if path not in self._differing and file.is_file():
            return file.read_bytes()
        return self._output("cat-file", "blob", f"{self.name}:./{path}")

    def folder(self, path: str) -> dict[str, bytes]:
        """The content of the files in a folder by their paths below it, also if the folder was moved since."""
        paths = self._below(path) or self._below(self._former(path))
        return {name: self.read(full_path) or b"" for name, full_path in paths.items()}

    def _below(self, folder: str) -> dict[str, str]:
        start = f"{folder}/"
        return {path.removeprefix(start): path for path in self.files if path.startswith(start)}

    def _former(self, folder: str) -> str:
        """The only folder from which files were moved unchanged to this folder; empty if none or several match."""
        options = ("--name-status", "--find-renames=100%", "--diff-filter=R", "--relative", "-z")
        fields = self._paths("diff", *options, self.name, "--")
        folders = {
            old.removesuffix(name)
            for old, new in zip(fields[1::3], fields[2::3], strict=True)
            if new.startswith(f"{folder}/") and old.endswith(name := new.removeprefix(folder))
        }
        return folders.pop() if len(folders) == 1 else ""

    def _paths(self, *arguments: str) -> list[str]:
        return [os.fsdecode(path) for path in self._output(*arguments).split(b"\0") if path]

    def _output(self, *arguments: str) -> bytes:
        """The output of git.

        Raises OutOfReachError if git fails, such as in a partial clone without its server.
        """
        done = git.run(self.root, *arguments)
        if done.returncode:
            reason = first_line(done.stderr.decode(errors="replace"), "no reason")
            raise OutOfReachError(
                f"git could not read the commit {self.name[:12]}: {reason}.",
                todo="`git fsck` checks the repository; `git fetch` downloads the missing objects of a partial clone.",
            )
        return done.stdout


def find(root: Path, ref: str) -> Commit:
    """Find a commit by a name that git knows.

    Raises ConfigurationError if git is missing, the folder is not in a git repository, or git does not know the name.
    """
    if not shutil.which("git"):
        raise ConfigurationError("git is not on PATH, and it is needed to read a commit.", todo="install git.")
    folder = git.run(root, "rev-parse", "--git-dir")
    if folder.returncode:
        raise ConfigurationError(
            f"{root} is not a git checkout, so it has no commit to compare with.",
            meaning=folder.stderr.decode(errors="replace").strip(),
            todo="run this in a clone of raydock's repository.",
        )
    done = git.run(root, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if done.returncode:
        raise ConfigurationError(
            f"{ref!r} is not a commit of this repository.",
            todo="`git log` lists the commits; in a shallow clone, `git fetch --unshallow` downloads the missing ones.",
        )
    return Commit(root, done.stdout.decode().strip())
