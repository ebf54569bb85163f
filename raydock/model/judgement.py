"""Findings judged by scan.yaml: refused, reported, or ignored for a while."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from raydock.model.finding import Finding, FindingKind
from raydock.model.policy import Ignore, Policy


class Verdict(StrEnum):
    """The verdict on an image or a lock.

    NOT_SCANNED, NOT_AUDITED: nothing is refused, but not everything was checked.
    """

    CLEAN = "clean"
    REFUSED = "refused"
    NOT_SCANNED = "not scanned"
    NOT_AUDITED = "not audited"


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """A finding that an entry of scan.yaml ignores.

    Attributes:
        finding: the finding.
        ignore: the entry.
    """

    finding: Finding
    ignore: Ignore

    def __str__(self) -> str:
        return f"{self.finding}: up to {self.ignore.until}: {self.ignore.reason}"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Findings, judged by a policy.

    Attributes:
        refused: the findings that the policy refuses.
        reported: the findings that it only reports.
        ignored: the findings that it ignores.
        expired: a sentence for each expired ignore.
        missing: why the scan or audit is incomplete, a sentence; empty if it is complete.
    """

    refused: tuple[Finding, ...] = ()
    reported: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    expired: tuple[str, ...] = ()
    missing: str = ""

    @property
    def refuses(self) -> bool:
        return bool(self.refused or self.expired)

    def verdict(self, incomplete: Verdict) -> Verdict:
        """The verdict; `incomplete` if nothing is refused, but not everything was checked."""
        if self.refuses:
            return Verdict.REFUSED
        return incomplete if self.missing else Verdict.CLEAN

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the result is not clean, a sentence each; empty if it is clean."""
        return (*self.expired, *map(str, self.refused), *([self.missing] if self.missing else []))


def judge(policy: Policy, findings: Iterable[Finding], today: date, missing: str = "") -> Judgement:
    """Judge findings by a policy on a day. The result omits licences that are not refused."""
    refused: list[Finding] = []
    reported: list[Finding] = []
    ignored: list[Ignored] = []
    for finding in dict.fromkeys(findings):
        refuses = policy.refuses(finding)
        if finding.kind is FindingKind.LICENSE and not refuses:
            continue
        ignore = next((entry for entry in policy.ignore if today <= entry.until and entry.concerns(finding)), None)
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
    """Find the ignores to remove after a run: those that match no finding, and those whose finding has a fix.

    If a scan or audit is incomplete, an ignore without a match is not reported: it may match a finding that was not
    looked for.
    """
    matched: dict[Ignore, set[Finding]] = {}
    for ignored in (ignored for judgement in judgements for ignored in judgement.ignored):
        matched.setdefault(ignored.ignore, set()).add(ignored.finding)
    lines = [
        f"{ignore}: a fix exists: {finding.package} {finding.fixed}. Install it, and remove the ignore."
        for ignore, findings in matched.items()
        for finding in sorted(findings, key=str)
        if finding.fixed
    ]
    if judgements and not any(judgement.missing for judgement in judgements):
        # An expired ignore ignores nothing, but it may still match a finding.
        active = {finding for judgement in judgements for finding in (*judgement.refused, *judgement.reported)}
        lines += [
            f"{ignore}: no longer matches a finding. Remove it, unless a variant that was not selected needs it."
            for ignore in ignores
            if ignore not in matched and not any(map(ignore.concerns, active))
        ]
    return lines
