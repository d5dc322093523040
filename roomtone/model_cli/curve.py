"""`roomtone model curve`: prints other alert policies as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from models.serving.off_task import OffTaskModel
from roomtone.model_cli.drawing import show_progress

if TYPE_CHECKING:
    from models.evaluation.holdout import Drawn

__all__ = ["run"]

_COLUMNS: Final = {
    "alert_precision": "precision",
    "alert_stretch_precision": "on a stretch",
    "alert_recall": "recall",
    "false_alerts_per_lesson": "false a lesson",
    "delay_median_s": "delay (s)",
    "delay_p90_s": "P90 (s)",
}


def run(model: OffTaskModel, drawn: Sequence[Drawn], source: str, *, is_json: bool) -> int:
    """Judge the alerts of each policy, and print."""
    from models.evaluation.alert_curve import alert_curve, curve_streams  # noqa: PLC0415  # scikit-learn

    show_progress("judging the alerts at every threshold")
    seen = curve_streams(model, [one.rows for one in drawn], [one.known for one in drawn])
    lines = alert_curve(seen)
    if is_json:
        print(json.dumps({f"{source}_unseen_classrooms": {"alert_curve": lines}}, indent=2))
        return 0
    episodes = lines[0]["episodes"]
    print(f"Room alerts on {len(drawn)} {source} lessons with {episodes} episodes; * is in use")
    print(f"{'':12}{'over':>6}{'for':>7}" + "".join(f"{one:>16}" for one in _COLUMNS.values()))
    for line in lines:
        print(_line(line, source))
    return 0


def _line(line: Mapping[str, Any], source: str) -> str:
    who = f"{line['who']}{'*' if line['serves'] else ''}"
    cells = ("-" if line[name] is None else f"{line[name]:.3g}" for name in _COLUMNS)
    return (
        f"{who:12}{line['raise_above']:>6.2f}{5 * line['raise_after']:>5} s"
        + "".join(f"{cell:>16}" for cell in cells)
        + f"   ({source})"
    )
