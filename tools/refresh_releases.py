"""Refresh raydock/index/data/releases.yaml: the oldest releases in facts.json.

Which releases are too old is a decision, so this program shows the age of each, and reports a release that is no longer
in the package index. Tested against the package index on 2026-11-30, and in tests/unit/tools/.
"""

import click

from raydock.core.yamlfile import load
from raydock.index.client import Index
from raydock.index.releases import OldestReleases
from tools.refresh import Proposal, Table, age, final_releases, package_index, refresher

TABLE = Table(path="raydock/index/data/releases.yaml")


@refresher(TABLE)
def main() -> Proposal:
    """Show the age of the oldest ray, torch and vllm in facts.json, and the number of newer releases.

    \b
    Example: .venv/bin/python -m tools.refresh_releases --check
    """
    return propose(package_index())


def propose(index: Index) -> Proposal:
    """Return the unchanged table with the series that the index no longer has."""
    gone = []
    for project, bound in load(TABLE.file, OldestReleases).oldest.items():
        releases = {version: files for version, files in final_releases(index, project).items() if version >= bound}
        first = next(iter(releases), None)
        if first is None or first.release[:2] != bound.release[:2]:
            gone.append(f"the package index has no {project} {bound}: its oldest release is {first}.")
            continue
        days = [file.upload_time.date() for file in releases[first] if file.upload_time]
        since = f"of {min(days)}, {age(min(days))} old" if days else "of an unknown day"
        click.echo(f"{project} {first} {since}; {len(releases) - 1} newer releases up to {max(releases)}")
    return Proposal(text=TABLE.read(), open=tuple(gone))


if __name__ == "__main__":
    main()
