"""Compile Python files to bytecode in parallel, with the same bytes on every machine.

    compile-bytecode.py ROOT LIST    (a folder, and a file with the path of one Python file below it on each line)

The bytecode has the path that each file has after ROOT is copied to /.

The output of marshal depends on what its process has compiled before. So the sorted files are distributed to a fixed
number of new processes. Files that are not valid for this Python stay without bytecode: some packages contain
templates, or the syntax of a different version, in *.py files.
"""

import gc
import multiprocessing
import py_compile
import sys
from functools import partial
from pathlib import Path

HANDS = 16


def compile_all(root, files):
    """Compile files one after another. Returns how many are not valid for this Python."""
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
