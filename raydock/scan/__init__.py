"""Scan an image with trivy for vulnerabilities, secrets, misconfiguration and licences, and write its SBOMs."""
