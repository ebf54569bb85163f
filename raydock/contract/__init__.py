"""The clauses of KubeRay's contract for an image, checked in containers."""
