"""An OCI registry over HTTP: manifests, blobs, tags and referrers.

Source: OCI distribution specification 1.1.

Built on requests, a dependency of the Docker SDK. The library oras (0.2.43) has no timeouts, retries only after a 500,
and does not list referrers.
"""
