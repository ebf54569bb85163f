"""Scans an image by trivy's command line: vulnerabilities, secrets, misconfiguration, licences, and its SBOMs."""
