"""vllm as a Ray Serve deployment: `vllm_serve.py FOLDER TEMPORARY PORT`; asks it over HTTP and prints its answer."""

import json
import sys
import urllib.request

import ray  # type: ignore[import-not-found]
from ray import serve

TOKENS = 8
SETTINGS = {"load_format": "dummy", "enforce_eager": True, "max_model_len": 128, "gpu_memory_utilization": 0.2}


class Model:
    """Answers a prompt in the request's body with the number of tokens that it generated."""

    def __init__(self, folder: str) -> None:
        from vllm import LLM, SamplingParams  # type: ignore[import-not-found]

        self.model = LLM(model=folder, **SETTINGS)
        self.parameters = SamplingParams(max_tokens=TOKENS, temperature=0.0, ignore_eos=True)

    async def __call__(self, request):  # type: ignore[no-untyped-def]
        prompt = (await request.body()).decode()
        [answer] = self.model.generate([prompt], self.parameters)
        return {"tokens": len(answer.outputs[0].token_ids)}


def main(folder: str, temporary: str, port: int) -> None:
    ray.init(_temp_dir=temporary, include_dashboard=False, object_store_memory=10**8, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(serve.deployment(Model, ray_actor_options={"num_gpus": 1}).bind(folder))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"http://127.0.0.1:{port}/", data=b"The quick brown", timeout=60) as response:
        answer = json.load(response)
    serve.shutdown()
    ray.shutdown()
    print(json.dumps(answer))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
