"""From a lock to an image: base, layer groups, rendering, fingerprint, engine, scheduler."""
