"""Generates with vllm: `vllm_offline.py FOLDER`; prints the number of tokens of each answer as JSON."""

import json
import sys

PROMPTS = ["The quick brown", "Ray hands each"]
TOKENS = 16
# As little of a GPU as vllm starts with; without CUDA graphs, which take a minute to record.
SETTINGS = {"load_format": "dummy", "enforce_eager": True, "max_model_len": 128, "gpu_memory_utilization": 0.2}


def main(folder: str) -> None:
    from vllm import LLM, SamplingParams  # type: ignore[import-not-found]

    model = LLM(model=folder, **SETTINGS)
    answers = model.generate(PROMPTS, SamplingParams(max_tokens=TOKENS, temperature=0.0, ignore_eos=True))
    print(json.dumps([len(answer.outputs[0].token_ids) for answer in answers]))


# vllm starts processes that import this file again.
if __name__ == "__main__":
    main(sys.argv[1])
