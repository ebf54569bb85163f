"""vllm as a Ray Serve deployment: `vllm_serve.py SETTINGS TOKENS FOLDER PORT`; asks it and prints its answer."""

import json
import sys
import urllib.request

import ray  # type: ignore[import-not-found]
from ray import serve


class Model:
    """Answers a prompt in the request's body with the number of tokens that it generated."""

    def __init__(self, settings: str, tokens: int) -> None:
        from vllm import LLM, SamplingParams  # type: ignore[import-not-found]

        self.model = LLM(**json.loads(settings))
        self.parameters = SamplingParams(max_tokens=tokens, temperature=0.0, ignore_eos=True)

    async def __call__(self, request):  # type: ignore[no-untyped-def]
        prompt = (await request.body()).decode()
        [answer] = self.model.generate([prompt], self.parameters)
        return {"tokens": len(answer.outputs[0].token_ids)}


def main(settings: str, tokens: int, folder: str, port: int) -> None:
    ray.init(_temp_dir=folder, include_dashboard=False, object_store_memory=10**8, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(serve.deployment(Model, ray_actor_options={"num_gpus": 1}).bind(settings, tokens))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"http://127.0.0.1:{port}/", data=b"The quick brown", timeout=60) as response:
        answer = json.load(response)
    serve.shutdown()
    ray.shutdown()
    print("raydock-answer:", json.dumps(answer))


main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
