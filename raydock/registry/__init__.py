"""An OCI registry over HTTP: manifests, blobs, tags and referrers (OCI distribution specification 1.1).

On requests, which the Docker SDK brings. The library oras (0.2.43) has no time limits, asks again after a 500 alone and
lists no referrers.
"""
