"""Run vllm as a Ray Serve deployment.

    vllm_serve.py MODEL TOKENS FOLDER PORT SAMPLING...    (each SAMPLING is a JSON object)

The answer has the seconds until the deployment is ready (`ready`) and until it answers the first request (`answered`),
both with the start of Ray, and for each SAMPLING what it answers over HTTP (`answers`).
"""

import json
import os
import sys
import time
import urllib.request
from pathlib import Path
from typing import Dict, List


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
    began = time.monotonic()
    import ray  # type: ignore[import-not-found]
    from ray import serve

    ray.init(_temp_dir=folder, include_dashboard=False, object_store_memory=10**8)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(serve.deployment(Model, ray_actor_options={"num_gpus": 1}).bind(model, tokens))
    ready = time.monotonic() - began
    answers = [_request(port, samplings[0])]
    answered = time.monotonic() - began
    answers += [_request(port, sampling) for sampling in samplings[1:]]
    serve.shutdown()
    ray.shutdown()
    answer = {"ready": ready, "answered": answered, "answers": answers}
    Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps(answer))


def _request(port: int, sampling: str) -> Dict[str, int]:
    body = json.dumps({"prompt": "The quick brown", "sampling": json.loads(sampling)}).encode()
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"http://127.0.0.1:{port}/", data=body, timeout=300) as response:
        answer: Dict[str, int] = json.load(response)
    return answer


main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5:])
