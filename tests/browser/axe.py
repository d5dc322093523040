"""Axe's findings on a page: what a program can know of its accessibility."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

RUN = """async (runOnly) => {
  const options = { resultTypes: ['violations'] };
  const { violations } = await axe.run(document, { runOnly, ...options });
  const found = [];
  for (const { id, nodes } of violations) {
    for (const { target, failureSummary } of nodes) {
      if (id === 'target-size') {
        // The edge of a list may cut it; what counts is its size once it is scrolled to.
        const part = document.querySelector(target[0]);
        part.scrollIntoView({ block: 'center' });
        const again = await axe.run(part, { runOnly: { type: 'rule', values: [id] }, ...options });
        if (!again.violations.length) continue;
      }
      found.push(`${id} at ${target.join(' ')}: ${failureSummary.split('\\n').slice(1, 3).join(' ').trim()}`);
    }
  }
  return found;
}"""


@cache
def _source() -> str:
    return AXE.read_text()


def findings(page, *, rules: Sequence[str] = ()) -> list[str]:
    """The rule and the element of each violation; a page without a finding gives none.

    Of all rules, or of some.
    """
    if not page.evaluate("() => 'axe' in window"):
        # Not as a script of the page: its policy allows none from elsewhere.
        page.evaluate(_source())
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    return page.evaluate(RUN, only)
