"""The files with the output of a check and of the programs that it starts.

They are kept if the check fails.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

FOLDER = "raydock-output"
_NAME = "RAYDOCK_OUTPUT"  # the variable that names the folder of a check to its processes
_STDERR = "RAYDOCK_STDERR"  # the variable with the number of the probe's own stderr, in the process of a check
_END_BYTES = 64 * 1024
LINES = 12


def make_folder(check_id: str) -> Path:
    """Create a folder for a check, such as /tmp/raydock-output/gpu-vllm-x3k2."""
    base = Path(tempfile.gettempdir(), FOLDER)
    try:
        base.mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{check_id}-", dir=base))
    except OSError:  # the folder belongs to a different user
        return Path(tempfile.mkdtemp(prefix=f"{FOLDER}-{check_id}-"))


def use_folder(folder: Path) -> None:
    """Make this process and its children write to a folder."""
    os.environ[_NAME] = str(folder)


def use_stderr(descriptor: int) -> None:
    """Make this process announce to a file descriptor."""
    os.environ[_STDERR] = str(descriptor)


def announce(text: str) -> None:
    """Print a line of progress on the probe's own stderr."""
    os.write(int(os.environ.get(_STDERR, "2")), f"{text}\n".encode())


def path(name: str) -> Path:
    """The path of a file in this check's folder, such as server.log.

    Outside of a check it is in a new folder.
    """
    if _NAME not in os.environ:
        use_folder(make_folder("program"))
    return Path(os.environ[_NAME], name)


def keep(folder: Path) -> str:
    """Remove the empty files, and the folder if no file is left.

    Returns the end of a sentence that names the folder; empty if it was removed.
    """
    for file in folder.iterdir():
        if file.is_file() and not file.stat().st_size:
            file.unlink()
    if any(folder.iterdir()):
        return f"; its output: {folder}"
    remove(folder)
    return ""


def remove(folder: Path) -> None:
    """Remove the folder of a check, and its parent if that is empty then."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.parent.name == FOLDER:
        with contextlib.suppress(OSError):
            folder.parent.rmdir()


def read_end(file: Path, lines: int = LINES) -> str:
    """The last lines of a file that are not empty, or `no output`."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - _END_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return "no output"
    printed = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(printed[-lines:]) or "no output"
