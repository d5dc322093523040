"""`roomtone model`: trains, measures and describes the off-task model.

It is in this package because training needs both the simulators and the models.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from contract.one_line import one_line
from dashboard_api.observing.check_view import check_view
from models.serving.manifest import SHIPPED
from models.serving.off_task import OffTaskModel
from roomtone.model_cli import drift
from roomtone.model_cli.card import card_dict, card_text
from roomtone.model_cli.drawing import draw_lessons
from roomtone.model_cli.labels import (
    add_label_arguments,
    add_recalibrate,
    recalibrate,
    train_with_labels,
)
from roomtone.model_cli.observed import add_observed_options, observed_check
from roomtone.model_cli.options import add_json_option
from roomtone.model_cli.progress import ProgressReport, show_progress
from roomtone.model_cli.recording import (
    add_recording_arguments,
    evaluate_recording,
    refuse_options_without_recording,
)

__all__ = ["add_arguments", "run"]

_CLASSROOMS: Final = 40
_TRAINING_CLASSROOMS: Final = 64
_TRAINING_SEED: Final = 20261
_SEED: Final = 2
_SOURCE: Final = "simulated"
_OTHERS_SEED: Final = 500_000
"""Added to the seed for the second generator, so that no other classroom has the same seed."""
_SEEDS: Final = f"0 to {_OTHERS_SEED - 1}"
_CURVE_COLUMNS: Final = {
    "alert_precision": "precision",
    "alert_stretch_precision": "on a stretch",
    "alert_recall": "recall",
    "false_alerts_per_lesson": "false a lesson",
    "delay_median_s": "delay (s)",
    "delay_p90_s": "P90 (s)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    train = actions.add_parser("train", help="train a model on new simulated classrooms")
    _classes(train, _TRAINING_SEED, _TRAINING_CLASSROOMS)
    add_label_arguments(train)
    train.add_argument(
        "--output", type=Path, default=SHIPPED, metavar="FILE",
        help="the .onnx file to write, with its .json next to it (default: the shipped model)",
    )  # fmt: skip
    evaluate = actions.add_parser(
        "evaluate",
        help="judge a model on new classrooms, or models of its kind on labelled recordings",
    )
    _classes(evaluate, _SEED, seeds=f"{_SEEDS}, or to 2^32 - 1 with --recording")
    # Without a default it is known whether it was given, which --recording refuses.
    evaluate.set_defaults(classrooms=None)
    _model(evaluate)
    evaluate.add_argument(
        "--simulated", action="store_true",
        help="use new simulated classrooms (the default)",
    )  # fmt: skip
    evaluate.add_argument(
        "--leave-one-out", action="store_true",
        help="train again without each classroom in turn, instead of judging the model as it is",
    )  # fmt: skip
    add_json_option(evaluate)
    add_recording_arguments(evaluate)
    card = actions.add_parser("card", help="describe a model and its figures")
    _model(card)
    add_observed_options(card)
    add_json_option(card)
    curve_parser = actions.add_parser(
        "curve", help="show other alert policies, by threshold and waiting time"
    )
    _classes(curve_parser, _SEED)
    _model(curve_parser)
    add_json_option(curve_parser)
    compare = actions.add_parser("compare", help="judge two models on the same new classrooms")
    compare.add_argument("first", type=Path, metavar="FILE", help="a model's .onnx file")
    compare.add_argument(
        "second", type=Path, metavar="FILE", nargs="?", help="another (default: the shipped model)"
    )
    _classes(compare, _SEED)
    add_json_option(compare)
    explain = actions.add_parser(
        "explain",
        help="show which features matter, and one lesson's alerts with their reasons",
    )
    _classes(explain, _SEED)
    _model(explain)
    observers = actions.add_parser(
        "observers", help="show how far observers' labels agree, and the resulting human ceiling"
    )
    observers.add_argument(
        "looks", type=Path, metavar="FILE",
        help="CSV with the columns observer, seat, start_s, end_s, label",
    )  # fmt: skip
    add_recalibrate(actions)
    drift.add_arguments(
        actions.add_parser("drift", help="show whether a school's data has changed over the weeks")
    )
    real = actions.add_parser(
        "realism", help="compare simulated classrooms with recordings of real motion"
    )
    real.add_argument(
        "--recordings", type=Path, required=True, metavar="FOLDER",
        help="the folder with exam_motion/ and chair_motion/",
    )  # fmt: skip
    _classes(real, _SEED)
    explain.add_argument(
        "--ablation", action="store_true",
        help="also train again without each family of features; takes minutes",
    )  # fmt: skip


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, default=None, metavar="FILE",
        help="a model's .onnx file (default: the shipped model)",
    )  # fmt: skip


def _classes(
    parser: argparse.ArgumentParser,
    seed: int,
    classrooms: int = _CLASSROOMS,
    *,
    seeds: str = _SEEDS,
) -> None:
    parser.add_argument(
        "--classrooms", type=int, default=classrooms, metavar="N",
        help=f"number of classrooms to draw, 4 or more (default: {classrooms})",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=seed, metavar="N",
        help=f"the same seed gives the same result: {seeds} (default: {seed})",
    )  # fmt: skip
    parser.add_argument(
        "--no-cache", action="store_true",
        help="draw all classrooms again, and keep none for the next time",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    if args.action == "card":
        return _card(args)
    if args.action == "observers":
        return _observers(args.looks)
    if args.action == "recalibrate":
        return recalibrate(args)
    if args.action == "drift":
        return drift.run(args)
    if args.action == "evaluate" and args.recording is not None:
        return evaluate_recording(args)
    if args.action == "evaluate":
        refuse_options_without_recording(args)
        args.classrooms = _CLASSROOMS if args.classrooms is None else args.classrooms
    if args.classrooms < 4:
        raise UsageError(f"--classrooms is {args.classrooms}, expected 4 or more.")
    if not 0 <= args.seed < _OTHERS_SEED:
        raise UsageError(f"--seed is {args.seed}, expected {_SEEDS}.")
    if args.action == "train":
        if args.with_labels is not None:
            return train_with_labels(args)
        return _train(args)
    if args.action == "compare":
        return _compare(args)
    if args.action == "explain":
        return _explain(args)
    if args.action == "curve":
        return _curve(args)
    if args.action == "realism":
        from roomtone.model_cli.realism import realism  # noqa: PLC0415

        return realism(args)
    return _evaluate(args)


def _card(args: argparse.Namespace) -> int:
    model = OffTaskModel.load(args.model)
    check = observed_check(args, model.version)
    if args.json:
        print(json.dumps(card_dict(model, check), indent=2))
        return 0
    print(card_text(model, None if check is None else check_view(check)))
    return 0


def _train(args: argparse.Namespace) -> int:
    from models.train import train_rows  # noqa: PLC0415  # scikit-learn is slow to import

    output, seed = args.output, args.seed
    if not output.parent.is_dir() or output.suffix != ".onnx":
        raise UsageError(f"--output is {output}, expected a .onnx file in a folder that exists.")
    begun = time.monotonic()
    drawn = draw_lessons(args.classrooms, seed, is_cached=not args.no_cache)
    show_progress(
        f"training, and measuring on five held-out groups of classrooms ({_since(begun)})"
    )
    model = train_rows(
        [one.rows for one in drawn], seed=seed, source=_SOURCE, known=[one.known for one in drawn]
    )
    model.save(output)
    print(f"{output}: model {model.version}, made in {_since(begun)}")
    print(card_text(model))
    return 0


def _since(begun: float) -> str:
    return f"{time.monotonic() - begun:.0f} s"


def _new_to(model: OffTaskModel, seed: int) -> OffTaskModel:
    """Return the model; UsageError if this seed draws the classrooms that it was trained on."""
    if model.manifest.data["source"] == _SOURCE and model.manifest.seed == seed:
        raise UsageError(
            f"--seed {seed} draws the training classrooms of model {model.version}; choose another "
            "seed."
        )
    return model


def _evaluate(args: argparse.Namespace) -> int:
    from models.evaluation.evaluate import evaluate_rows  # noqa: PLC0415
    from models.evaluation.holdout import judge, robustness  # noqa: PLC0415

    model = _new_to(OffTaskModel.load(args.model), args.seed)
    drawn = draw_lessons(args.classrooms, args.seed, is_cached=not args.no_cache)
    rows, known = [one.rows for one in drawn], [one.known for one in drawn]
    if args.leave_one_out:
        show_progress("training again without each classroom in turn; takes minutes")
        with ProgressReport() as progress:
            result = evaluate_rows(
                rows, seed=args.seed, source=_SOURCE, known=known, progress=progress
            )
        print(result.to_json() if args.json else result.table())
        return 0
    show_progress("judging the model, the rule and the ceiling")
    with ProgressReport() as progress:
        result = judge(model, rows, known, source=_SOURCE, progress=progress)
    others = draw_lessons(
        max(4, args.classrooms // 4),
        args.seed + _OTHERS_SEED,
        behaviour="autoregressive",
        is_cached=not args.no_cache,
    )
    with ProgressReport() as progress:
        side = robustness(model, drawn, others, progress=progress)
    report = result.as_dict()
    report[f"{_SOURCE}_unseen_classrooms"]["model"] = model.version
    report[f"{_SOURCE}_robustness"] = side
    if args.json:
        print(json.dumps(report, indent=2))
        return 0
    print(result.table())
    for name, figures in side.items():
        parts = figures.items() if isinstance(figures, dict) else (("", figures),)
        cells = ", ".join(
            f"{part} {value:.3g}".strip() for part, value in parts if value is not None
        )
        print(f"{name.replace('_', ' ')}: {cells}   ({_SOURCE})")
    return 0


def _observers(path: Path) -> int:
    from models.evaluation.observers import kappa_between, read_looks  # noqa: PLC0415

    looks = read_looks(path)
    known = [look for look in looks if look.is_off_task is not None]
    share = sum(look.is_off_task is True for look in known) / len(known) if known else 0.0
    print(f"{len(looks)} looks, {len(known)} with a label, {share:.1%} of those off task")
    pairs = kappa_between(looks)
    for (first, second), (kappa, seconds) in pairs.items():
        pair = one_line(f"{first} and {second}")
        print(f"{pair}: kappa {kappa:.3f} on {seconds} s that both looked at")
    if not pairs:
        print("No two observers looked at the same seat at the same time: no kappa.")
    return 0


def _compare(args: argparse.Namespace) -> int:
    from models.evaluation.comparison import compare_models  # noqa: PLC0415

    models = [_new_to(OffTaskModel.load(path), args.seed) for path in (args.first, args.second)]
    drawn = draw_lessons(args.classrooms, args.seed, is_cached=not args.no_cache)
    rows, known = [one.rows for one in drawn], [one.known for one in drawn]
    result = compare_models(models[0], models[1], rows, known, source=_SOURCE)
    print(result.to_json() if args.json else result.table())
    return 0


def _curve(args: argparse.Namespace) -> int:
    from models.evaluation.alert_curve import alert_curve, curve_streams  # noqa: PLC0415

    model = _new_to(OffTaskModel.load(args.model), args.seed)
    drawn = draw_lessons(args.classrooms, args.seed, is_cached=not args.no_cache)
    show_progress("judging the alerts at every threshold")
    lines = alert_curve(
        curve_streams(model, [one.rows for one in drawn], [one.known for one in drawn])
    )
    if args.json:
        print(json.dumps({f"{_SOURCE}_unseen_classrooms": {"alert_curve": lines}}, indent=2))
        return 0
    episodes = lines[0]["episodes"]
    print(f"Room alerts on {len(drawn)} {_SOURCE} lessons with {episodes} episodes; * is in use")
    heads = "".join(f"{head:>16}" for head in _CURVE_COLUMNS.values())
    print(f"{'':12}{'over':>6}{'for':>7}{heads}")
    for line in lines:
        who = f"{line['who']}{'*' if line['serves'] else ''}"
        cells = ("-" if line[name] is None else f"{line[name]:.3g}" for name in _CURVE_COLUMNS)
        print(
            f"{who:12}{line['raise_above']:>6.2f}{5 * line['raise_after']:>5} s"
            + "".join(f"{cell:>16}" for cell in cells)
            + f"   ({_SOURCE})"
        )
    return 0


def _explain(args: argparse.Namespace) -> int:
    from models.evaluation.explain import ablation, importance  # noqa: PLC0415
    from roomtone.model_cli.lesson import describe_lesson  # noqa: PLC0415

    model = _new_to(OffTaskModel.load(args.model), args.seed)
    drawn = draw_lessons(args.classrooms, args.seed, is_cached=not args.no_cache)
    rows = [one.rows for one in drawn]
    print(f"ROC-AUC lost by model {model.version} if a family is shuffled ({_SOURCE})")
    for name, fall in importance(model, rows, seed=args.seed).items():
        print(f"  {name:28}{fall:>8.4f}   ({_SOURCE})")
    if args.ablation:
        show_progress("training again without each family in turn")
        print(f"ROC-AUC of retrained trees, on held-out classrooms ({_SOURCE})")
        for name, area in ablation(rows, seed=args.seed).items():
            print(f"  {name:42}{area:>8.4f}   ({_SOURCE})")
    print("\n".join(describe_lesson(model, drawn[0].lesson, _SOURCE)))
    return 0
