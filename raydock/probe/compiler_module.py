"""Build a small module of FlashInfer in FLASHINFER_WORKSPACE_BASE.

The answer has its name, the seconds, and the modules that are prebuilt in the image.
"""

import json
import os
import time
from pathlib import Path

from flashinfer.jit import env  # type: ignore[import-not-found]
from flashinfer.jit.quantization import gen_quantization_module  # type: ignore[import-not-found]

began = time.monotonic()
module = gen_quantization_module()
module.build()
folder = Path(env.FLASHINFER_AOT_DIR)
prebuilt = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
answer = {"module": module.name, "seconds": time.monotonic() - began, "prebuilt": prebuilt}
Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps(answer))
