"""Scan an image with trivy, and write its SBOMs.

The scan finds vulnerabilities, secrets, misconfiguration and licences.
"""
