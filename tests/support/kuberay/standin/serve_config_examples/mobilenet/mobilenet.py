"""Takes an image in a form, as a classifier does, and says how bright it is instead of what is on it."""

from ray import serve
from starlette.requests import Request


@serve.deployment
class ImageClassifier:
    async def __call__(self, request: Request) -> dict[str, float]:
        form = await request.form()  # needs python-multipart, which the application's runtime_env installs
        pixels = await form["image"].read()
        return {"brightness": sum(pixels) / len(pixels)}


app = ImageClassifier.bind()
