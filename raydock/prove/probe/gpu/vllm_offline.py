"""Generates with vllm: `vllm_offline.py SETTINGS TOKENS`; prints the number of tokens of each answer as JSON."""

import json
import sys

PROMPTS = ["The quick brown", "Ray hands each"]


def main(settings: str, tokens: int) -> None:
    from vllm import LLM, SamplingParams  # type: ignore[import-not-found]

    model = LLM(**json.loads(settings))
    answers = model.generate(PROMPTS, SamplingParams(max_tokens=tokens, temperature=0.0, ignore_eos=True))
    print("raydock-answer:", json.dumps([len(answer.outputs[0].token_ids) for answer in answers]))


# vllm starts processes that import this file again.
if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
