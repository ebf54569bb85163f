"""What KubeRay asks of an image: the clauses of its contract, each asked of a real container."""
