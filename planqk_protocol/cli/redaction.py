"""Findings without the values of a job, for logs that others may read."""

from __future__ import annotations

import re

import msgspec

from planqk_protocol import Marker
from planqk_protocol.diagnosis import Excerpt, Finding, rules
from planqk_protocol.marked import marker_text

__all__ = ["redacted"]

_HIDDEN = "*"
_NO_RESULT = "no-result"
_RELATED = "a related place"


def redacted(finding: Finding) -> Finding:
    """Hide what the job printed in a finding.

    Its rule, its severity and its places stay. The message and the advice become
    those of the rule in general, and a fix goes. In the excerpt, each character
    is hidden, except white space and the markers.
    """
    rule = rules.RULES[finding.rule]
    message, advice = rule.summary, rule.advice
    if finding.rule == _NO_RESULT and finding.related:  # something was found that tells why
        line = finding.related[0].place.line
        message, advice = f"{message}: see line {line}", f"Mend what is wrong on line {line}."
    return msgspec.structs.replace(
        finding,
        message=message,
        advice=advice,
        excerpt=finding.excerpt and _hidden(finding.excerpt),
        related=tuple(msgspec.structs.replace(item, message=_RELATED) for item in finding.related),
        fix=None,
    )


def _hidden(excerpt: Excerpt) -> Excerpt:
    markers = "|".join(re.escape(marker_text(marker)) for marker in Marker)
    parts = re.split(f"({markers})", excerpt.text)
    shown = [part if at % 2 else re.sub(r"\S", _HIDDEN, part) for at, part in enumerate(parts)]
    return msgspec.structs.replace(excerpt, text="".join(shown))
