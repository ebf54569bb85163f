"""Where the output of a check and of the programs that it starts is kept: files that outlive a check that failed."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

FOLDER = "raydock-output"
_NAME = "RAYDOCK_OUTPUT"  # the variable by which a check's process knows its folder
_END_BYTES = 64 * 1024
LINES = 12


def make(check_id: str) -> Path:
    """A new folder for the output of a check, such as /tmp/raydock-output/gpu-vllm-x3k2."""
    base = Path(tempfile.gettempdir(), FOLDER)
    try:
        base.mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{check_id}-", dir=base))
    except OSError:  # another user's
        return Path(tempfile.mkdtemp(prefix=f"{FOLDER}-{check_id}-"))


def use(folder: Path) -> None:
    """Makes this process and its children write to a folder."""
    os.environ[_NAME] = str(folder)


def path(name: str) -> Path:
    """The path of a file of this check's folder, such as server.log; of a new folder outside of a check."""
    if _NAME not in os.environ:
        use(make("program"))
    return Path(os.environ[_NAME], name)


def keep(folder: Path) -> str:
    """Removes the files that are empty, and the folder if it has no other; otherwise returns words that name it."""
    for file in folder.iterdir():
        if file.is_file() and not file.stat().st_size:
            file.unlink()
    if any(folder.iterdir()):
        return f"; its output: {folder}"
    remove(folder)
    return ""


def remove(folder: Path) -> None:
    """Removes the folder of a check that passed, and the folder of all checks if it was the last."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.parent.name == FOLDER:
        with contextlib.suppress(OSError):
            folder.parent.rmdir()


def end(file: Path, lines: int = LINES) -> str:
    """The last lines of a file that say something, joined by ` / `; `no output` if there are none."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - _END_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return "no output"
    found = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(found[-lines:]) or "no output"
