"""Build the FlashInfer modules that vLLM uses by default, and copy them to a folder.

    build-kernels.py FOLDER    (FlashInfer reads <its package>/data/aot/NAME/NAME.so before it compiles NAME)

vLLM's wheel has compiled attention kernels, except for GPUs of compute capability 10. It has no compiled sampler. It
has no compiled all-reduce for tensor parallelism either, which vLLM uses on compute capabilities 9.0 and 10:
`trtllm_mnnvl_comm` if the GPUs have NVLink multicast, else `trtllm_comm`.
"""

import shutil
import sys
from pathlib import Path

from flashinfer.jit.comm import gen_trtllm_comm_module, gen_trtllm_mnnvl_comm_module
from flashinfer.jit.core import build_jit_specs, current_compilation_context
from flashinfer.jit.sampling import gen_sampling_module

ALL_REDUCE = (gen_trtllm_comm_module, gen_trtllm_mnnvl_comm_module)
ALL_REDUCE_MAJORS = {9, 10}


def modules() -> list:
    majors = {major for major, _ in current_compilation_context.TARGET_CUDA_ARCHS}
    return [gen_sampling_module(), *(make() for make in ALL_REDUCE if majors & ALL_REDUCE_MAJORS)]


if __name__ == "__main__":
    built = modules()
    build_jit_specs(built, verbose=True)
    for module in built:
        target = Path(sys.argv[1], module.name, f"{module.name}.so")
        target.parent.mkdir(parents=True)
        shutil.copyfile(module.jit_library_path, target)
        print(f"built {target.name}, {target.stat().st_size / 1e6:.1f} MB", flush=True)
