"""The CA bundle in the environment, as needed behind a TLS proxy."""

import os
from pathlib import Path

CA_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")


def ca_bundle() -> Path | None:
    """The first existing file that one of CA_VARIABLES names; None if there is none."""
    named = (Path(os.environ[name]) for name in CA_VARIABLES if os.environ.get(name))
    return next((path for path in named if path.is_file()), None)
