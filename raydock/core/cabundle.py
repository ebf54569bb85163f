"""The certificate authorities of this machine's environment, as a company's TLS proxy needs them."""

import os
from pathlib import Path

CA_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")


def ca_bundle() -> Path | None:
    """The first file that one of CA_VARIABLES names; None if none does."""
    named = (Path(os.environ[name]) for name in CA_VARIABLES if os.environ.get(name))
    return next((path for path in named if path.is_file()), None)
