"""Manifests for the KubeRay operator."""
