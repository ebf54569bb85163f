"""From a lock to an image: layers, Dockerfile, base images, BuildKit."""
