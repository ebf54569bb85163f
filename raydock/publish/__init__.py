"""Publishing: the gate, tags, push, attestations, release.json, verification."""
