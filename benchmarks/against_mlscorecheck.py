"""The same questions put to this project and to mlscorecheck 1.0.3: who finds which inconsistency, and how fast.

    pip install mlscorecheck==1.0.3
    python benchmarks/against_mlscorecheck.py [REPORTS] [SEED]

mlscorecheck answers whether scores can come from a known experiment: a binary test set with p and n, the macro
averages of a test set with known class sizes, a regression with known variance and size. Each question is asked of
random sound reports and of the same reports with one score moved by at least 3 % of itself; both programs get the same
printed texts and the same knowledge. Then questions for which mlscorecheck has no function, with what it says to them.
The status is 1 where either program calls a sound report inconsistent.
"""

from __future__ import annotations

import logging
import math
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from mlscorecheck.check import binary as their_binary
from mlscorecheck.check import multiclass as their_multiclass
from mlscorecheck.check import regression as their_regression

from diagnose.facts import Assumptions, derive
from diagnose.readers import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPORTS = 300
DIGITS = 4
HALF = 0.5 * 10**-DIGITS


@dataclass
class Question:
    """A report as text, what else is known of it, and the same for mlscorecheck."""

    text: str
    assume: tuple[str, ...]
    theirs: Callable[[], bool]


@dataclass
class Tally:
    """How often each program found a report inconsistent, and the milliseconds that it took."""

    ours: int = 0
    theirs: int = 0
    both: int = 0
    reports: int = 0
    our_ms: list[float] = field(default_factory=list)
    their_ms: list[float] = field(default_factory=list)


def printed(scores: Mapping[str, float]) -> str:
    """Return the scores as a report, rounded to four decimals."""
    return "".join(f"{name}: {number:.{DIGITS}f}\n" for name, number in scores.items())


def moved(rng: random.Random, scores: dict[str, float]) -> dict[str, float]:
    """Return the scores with one of them moved by 3 to 10 % of itself, within 0 and 1."""
    name = rng.choice(list(scores))
    factor = 1 + rng.choice([-1, 1]) * rng.uniform(0.03, 0.10)
    changed = scores[name] * factor
    return {**scores, name: changed if changed < 1 else scores[name] * (2 - factor)}


def binary(rng: random.Random, *, sound: bool) -> Question:
    """Ask whether accuracy, precision, recall and F1 can come from p positive and n negative rows."""
    positive, negative = rng.randint(20, 2000), rng.randint(20, 2000)
    tp, fp = round(positive * rng.uniform(0.3, 0.98)), round(negative * rng.uniform(0.01, 0.4))
    rows, fn = positive + negative, positive - tp
    scores = {
        "accuracy": (tp + negative - fp) / rows,
        "precision": tp / (tp + fp),
        "recall": tp / positive,
        "f1": 2 * tp / (2 * tp + fp + fn),
    }
    scores = scores if sound else moved(rng, scores)
    names = {"accuracy": "acc", "precision": "ppv", "recall": "sens", "f1": "f1"}
    given = {names[name]: round(number, DIGITS) for name, number in scores.items()}

    def theirs() -> bool:
        experiment = {"p": positive, "n": negative}
        found = their_binary.check_1_testset_no_kfold(testset=experiment, scores=given, eps=HALF)
        return bool(found["inconsistency"])

    assume = ("averaging=binary", "rounded=true", f"prevalence={positive / rows!r}")
    return Question(printed(scores) + f"samples: {rows}\n", assume, theirs)


def macro(rng: random.Random, *, sound: bool) -> Question:
    """Ask whether accuracy and macro recall can come from classes of known sizes.

    Their accuracy is the mean of the one-against-rest accuracies, 1 - 2(1 - a)/K, with its rounding scaled alike.
    """
    sizes = [rng.randint(5, 400) for _ in range(rng.randint(3, 8))]
    right = [round(size * rng.uniform(0.2, 0.98)) for size in sizes]
    recall = statistics.fmean(r / s for r, s in zip(right, sizes, strict=True))
    scores = {"accuracy": sum(right) / sum(sizes), "macro_recall": recall}
    scores = scores if sound else moved(rng, scores)
    share = 2 / len(sizes)
    given = {
        "acc": 1 - share * (1 - round(scores["accuracy"], DIGITS)),
        "sens": round(scores["macro_recall"], DIGITS),
    }

    def theirs() -> bool:
        found = their_multiclass.check_1_testset_no_kfold_macro(
            testset=dict(enumerate(sizes)), scores=given, eps=HALF, verbosity=0
        )
        return bool(found["inconsistency"])

    table = "| Class | Support |\n|---|---|\n" + "".join(f"| c{i} | {size} |\n" for i, size in enumerate(sizes))
    return Question(f"{table}\n{printed(scores)}", ("single_label=true", "rounded=true"), theirs)


def regression(rng: random.Random, *, sound: bool) -> Question:
    """Ask whether MAE, RMSE and R2 can come from n labels with a known variance."""
    labels = [rng.gauss(0, 1) for _ in range(rng.randint(20, 300))]
    wrong = [rng.gauss(rng.uniform(-0.2, 0.2), rng.uniform(0.1, 0.9)) for _ in labels]
    mean = statistics.fmean(labels)
    variance = statistics.fmean((y - mean) ** 2 for y in labels)
    mse = statistics.fmean(e * e for e in wrong)
    scores = {"mae": statistics.fmean(map(abs, wrong)), "rmse": math.sqrt(mse), "r2": 1 - mse / variance}
    scores = scores if sound else moved(rng, scores)
    given = {name: round(number, DIGITS) for name, number in scores.items()}

    def theirs() -> bool:
        found = their_regression.check_1_testset_no_kfold(variance, len(labels), given, HALF)
        return bool(found["inconsistency"])

    text = printed(scores) + f"samples: {len(labels)}\n"
    return Question(text, (f"label_variance={variance!r}", "rounded=true"), theirs)


def inconsistent(text: str, assume: tuple[str, ...]) -> bool:
    """Return whether the facts of the report say that its numbers cannot hold together."""
    (run,) = read_text(text, "report")
    facts = derive(run, Assumptions.parse(assume))
    impossible = any(fact.value is False for fact in facts.named("binary_matrix_possible"))
    return impossible or bool(facts.named("contradiction"))


def timed(answer: Callable[[], bool], spent: list[float]) -> bool:
    """Return the answer, and add the milliseconds that it took."""
    begin = time.perf_counter()
    found = answer()
    spent.append((time.perf_counter() - begin) * 1000)
    return found


def compare(make: Callable[..., Question], reports: int, seed: int, *, sound: bool) -> Tally:
    """Put the question of `reports` random reports to both."""
    rng, tally = random.Random(f"{seed}{make.__name__}{sound}"), Tally()
    for _ in range(reports):
        question = make(rng, sound=sound)
        ours = timed(partial(inconsistent, question.text, question.assume), tally.our_ms)
        theirs = timed(question.theirs, tally.their_ms)
        tally.reports += 1
        tally.ours, tally.theirs, tally.both = tally.ours + ours, tally.theirs + theirs, tally.both + (ours == theirs)
    return tally


BINARY = """accuracy: 0.9950800715160463
precision: 0.8389982110912343
recall: 0.7693569553805775
f1: 0.8026698613725826
"""
CONSTANT = "accuracy: 0.7\nmacro_precision: 0.0875\nmacro_recall: 0.125\nmacro_f1: 0.10294\n"
TABLE = """
| Class | Precision | Recall | F1 | Support |
|---|---|---|---|---|
| cat | 0.8889 | 0.8571 | 0.8727 | 56 |
| dog | 0.7143 | 0.8333 | 0.7692 | 48 |
| bird | 0.8158 | 0.7045 | 0.7561 | 44 |

accuracy: 0.8041
"""
TIMES = "accuracy: 0.85\nruntime: 8.6241\nsamples_per_second: 34.786\n"
ROWS = "| step | mse | pearson |\n|---|---|---|\n| 1 | 1.21 | 0.41 |\n| 2 | 2.3 | 0.05 |\n"
UNANSWERED: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("a binary matrix, p and n unknown", BINARY, (), "confusion_matrix_up_to_factor"),
    (
        "rows, from runtime and rate",
        "accuracy: 0.85\nruntime: 8.6241\nsamples_per_second: 34.786\n",
        (),
        "sample_count",
    ),
    ("which average", BINARY, (), "averaging"),
    ("whether the prediction is constant", CONSTANT, (), "constant_prediction"),
    ("a share of the predictions at least", CONSTANT, ("classes=8",), "predicted_share_lower_bound"),
    ("confusions behind a per-class table", TABLE, (), "confused_pairs"),
    ("R2 without the variance", ROWS, (), "r2"),
    ("loss beside ln K", "loss: 1.0986\naccuracy: 0.33\n", ("classes=3",), "loss_vs_uniform"),
)


def unanswered() -> None:
    """Print what each program says to the questions that need no known experiment."""
    print("\nquestions without a function there (what it says to the binary check without p and n):")
    try:
        their_binary.check_1_testset_no_kfold(testset={}, scores={"acc": 0.9}, eps=1e-4)
    except ValueError as error:
        print(f"  mlscorecheck: {error}")
    for question, text, assume, name in UNANSWERED:
        (run,) = read_text(text, "report")
        found = derive(run, Assumptions.parse(assume)).named(name)
        said = f"{found[-1].value} ({found[-1].proof})" if found else "no answer"
        print(f"  {question:46} {name}: {said[:110]}")


def shown(tally: Tally) -> str:
    """Return a line of the table."""
    medians: dict[str, Any] = {"ours": statistics.median(tally.our_ms), "theirs": statistics.median(tally.their_ms)}
    ratio = medians["theirs"] / medians["ours"]
    return (
        f"{tally.reports:7} {tally.ours:8} {tally.theirs:8} {tally.both / tally.reports:8.1%} "
        f"{medians['ours']:9.2f} {medians['theirs']:9.2f} {ratio:8.1f}"
    )


def main() -> int:
    """Print the table; the status is 1 where a sound report was called inconsistent."""
    reports = int(sys.argv[1]) if len(sys.argv) > 1 else REPORTS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    logging.disable()  # it writes some twenty lines a check, which would be counted as its time
    false: Counter[str] = Counter()
    heads = f"{'reports':>7} {'ours':>8} {'theirs':>8} {'agree':>8} {'our ms':>9} {'their ms':>9} {'ratio':>8}"
    print(f"{'found inconsistent':22} {heads}")
    for make in (binary, macro, regression):
        for sound in (True, False):
            tally = compare(make, reports, seed, sound=sound)
            print(f"{make.__name__ + (' sound' if sound else ' one moved'):22} {shown(tally)}")
            if sound:
                false.update(ours=tally.ours, theirs=tally.theirs)
    print(f"sound reports called inconsistent: ours {false['ours']}, theirs {false['theirs']}")
    unanswered()
    return int(bool(false["ours"]))


if __name__ == "__main__":
    sys.exit(main())
