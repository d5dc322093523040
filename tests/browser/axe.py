"""Axe's findings on a page: what a program can know of its accessibility."""

from __future__ import annotations

from functools import cache
from pathlib import Path

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

RUN = """async (tags) => {
  const { violations } = await axe.run(document, { runOnly: [...tags], resultTypes: ['violations'] });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
    `${id} at ${target.join(' ')}: ${failureSummary.split('\\n').slice(1, 3).join(' ').trim()}`));
}"""


@cache
def _source() -> str:
    return AXE.read_text()


def findings(page) -> list[str]:
    """The rule and the element of each violation; a page without a finding gives none."""
    if not page.evaluate("() => 'axe' in window"):
        # Not as a script of the page: its policy allows none from elsewhere.
        page.evaluate(_source())
    return page.evaluate(RUN, list(TAGS))
