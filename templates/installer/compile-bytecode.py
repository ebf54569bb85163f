"""Compiles Python files to bytecode, side by side, the same bytes each time and on every machine.

    compile-bytecode.py ROOT LIST    (a folder, and a file that names one Python file below it a line)

The bytecode says of each file that it is where it will be once ROOT is copied to /.

What marshal writes depends on what its process has compiled before, so the files are dealt out in their sorted order
to a fixed number of processes, each of them new. Files that are not valid for this Python stay without bytecode: some
packages ship templates, or another version's syntax, in *.py files.
"""

import gc
import multiprocessing
import py_compile
import sys
from functools import partial
from pathlib import Path

HANDS = 16


def compile_all(root, files):
    """Compiles files one after another; returns how many are not valid for this Python."""
    gc.disable()
    broken = 0
    for file in files:
        try:
            py_compile.compile(
                file,
                dfile=file.removeprefix(root),
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except (py_compile.PyCompileError, ValueError):
            broken += 1
    return broken


if __name__ == "__main__":
    root, listing = sys.argv[1:]
    paths = sorted(Path(listing).read_text().splitlines())
    with multiprocessing.get_context("fork").Pool(maxtasksperchild=1) as pool:
        broken = sum(pool.map(partial(compile_all, root), [paths[hand::HANDS] for hand in range(HANDS)], chunksize=1))
    print(f"compiled {len(paths) - broken} of {len(paths)} Python files; {broken} are not valid for this Python")
