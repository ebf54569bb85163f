"""Generate with LLM: `vllm_offline.py MODEL TOKENS SAMPLING...` (JSON).

The answer has, for each SAMPLING, the number of tokens of each completion.
"""

import json
import os
import sys
from pathlib import Path
from typing import Dict, List

PROMPTS = ["The quick brown", "Ray hands each"]


def main(model: str, tokens: int, samplings: List[Dict[str, float]]) -> None:
    from vllm import LLM, SamplingParams  # type: ignore[import-not-found]

    engine = LLM(model=model)
    counts = []
    for sampling in samplings:
        completions = engine.generate(PROMPTS, SamplingParams(max_tokens=tokens, ignore_eos=True, **sampling))
        counts.append([len(completion.outputs[0].token_ids) for completion in completions])
    Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps(counts))


# vllm starts processes that import this file again.
if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), [json.loads(text) for text in sys.argv[3:]])
