"""Add versions to matrix.yaml."""
