"""What runs an image: KubeRay and bare Docker."""
