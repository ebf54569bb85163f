"""Run vllm as a Ray Serve deployment.

    vllm_serve.py MODEL TOKENS FOLDER PORT SAMPLING...    (each SAMPLING is a JSON object)

The answer has, for each SAMPLING, what the deployment answers over HTTP.
"""

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import List

import ray  # type: ignore[import-not-found]
from ray import serve


class Model:
    """A deployment that answers a prompt with the number of generated tokens."""

    def __init__(self, model: str, tokens: int) -> None:
        from vllm import LLM  # type: ignore[import-not-found]

        self.model, self.tokens = LLM(model=model), tokens

    async def __call__(self, request):  # type: ignore[no-untyped-def]
        from vllm import SamplingParams

        body = await request.json()
        parameters = SamplingParams(max_tokens=self.tokens, ignore_eos=True, **body["sampling"])
        [completion] = self.model.generate([body["prompt"]], parameters)
        return {"tokens": len(completion.outputs[0].token_ids)}


def main(model: str, tokens: int, folder: str, port: int, samplings: List[str]) -> None:
    ray.init(_temp_dir=folder, include_dashboard=False, object_store_memory=10**8)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(serve.deployment(Model, ray_actor_options={"num_gpus": 1}).bind(model, tokens))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    answers = []
    for sampling in samplings:
        body = json.dumps({"prompt": "The quick brown", "sampling": json.loads(sampling)}).encode()
        with direct.open(f"http://127.0.0.1:{port}/", data=body, timeout=300) as response:
            answers.append(json.load(response))
    serve.shutdown()
    ray.shutdown()
    Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps(answers))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5:])
