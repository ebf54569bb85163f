"""Builds the FlashInfer modules that vLLM uses by default on every GPU, and copies them to a folder.

    build-kernels.py FOLDER    (FlashInfer reads <its package>/data/aot/NAME/NAME.so before it compiles NAME)

vLLM's attention comes compiled in its own wheel, except on GPUs of compute capability 10; the sampler does not.
"""

import shutil
import sys
from pathlib import Path

from flashinfer.jit.sampling import gen_sampling_module

MODULES = (gen_sampling_module,)

if __name__ == "__main__":
    for make in MODULES:
        module = make()
        module.build(verbose=True)
        target = Path(sys.argv[1], module.name, f"{module.name}.so")
        target.parent.mkdir(parents=True)
        shutil.copyfile(module.jit_library_path, target)
        print(f"built {target.name}, {target.stat().st_size / 1e6:.1f} MB", flush=True)
