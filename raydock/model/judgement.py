"""Findings judged by scan.yaml: refused, reported, or ignored for a while."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from raydock.model.finding import Finding, FindingKind
from raydock.model.policy import Ignore, Policy


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """A finding that was let through, and by what."""

    finding: Finding
    ignore: Ignore


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Findings as a policy has them: `refused`, `reported` (below its bar), and `ignored`.

    `expired` are the sentences on ignores whose last day was past, and `missing` says why not all was looked for: a
    sentence, empty where all was.
    """

    refused: tuple[Finding, ...] = ()
    reported: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    expired: tuple[str, ...] = ()
    missing: str = ""

    @property
    def refuses(self) -> bool:
        return bool(self.refused or self.expired)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why this is no clean bill of health, a sentence each; none where it is."""
        return (*self.expired, *map(str, self.refused), *([self.missing] if self.missing else []))


def judge(policy: Policy, findings: Iterable[Finding], today: date, missing: str = "") -> Judgement:
    """Judges findings by a policy on a day. Licences that are not refused are left out."""
    refused: list[Finding] = []
    reported: list[Finding] = []
    ignored: list[Ignored] = []
    for finding in dict.fromkeys(findings):
        refuses = policy.refuses(finding)
        if finding.kind is FindingKind.LICENSE and not refuses:
            continue
        ignore = next((item for item in policy.ignore if today <= item.until and item.concerns(finding)), None)
        if ignore:
            ignored.append(Ignored(finding=finding, ignore=ignore))
        else:
            (refused if refuses else reported).append(finding)
    return Judgement(
        refused=tuple(refused),
        reported=tuple(reported),
        ignored=tuple(ignored),
        expired=policy.objections(today),
        missing=missing,
    )


def remarks(ignores: Iterable[Ignore], judgements: Sequence[Judgement]) -> list[str]:
    """What is worth knowing of ignores after a run: those that match nothing any more, and those whose fix is out.

    Where not all was looked for, an ignore may match what nobody saw, and nothing is said of it.
    """
    matched: dict[Ignore, set[Finding]] = {}
    for item in (item for judgement in judgements for item in judgement.ignored):
        matched.setdefault(item.ignore, set()).add(item.finding)
    lines = [
        f"{ignore}: a fix is out: {finding.package} {finding.fixed}. Take it, and remove the ignore."
        for ignore, findings in matched.items()
        for finding in sorted(findings, key=str)
        if finding.fixed
    ]
    if judgements and not any(judgement.missing for judgement in judgements):
        # One past its day ignores nothing and may match all the same.
        found = {finding for judgement in judgements for finding in (*judgement.refused, *judgement.reported)}
        lines += [
            f"{item}: matches nothing here any more. Remove it, unless a variant that was not asked about needs it."
            for item in ignores
            if item not in matched and not any(map(item.concerns, found))
        ]
    return lines
