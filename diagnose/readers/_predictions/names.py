"""Which columns hold the labels, the predictions and the scores, by their names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnose.errors import UnreadableInputError
from diagnose.vocabulary import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["COUNTS", "Roles", "is_predicted_name", "is_true_name", "looks_like_predictions", "normal", "roles_of"]

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _ranks(*names: str) -> dict[str, int]:
    return {name: rank for rank, line in enumerate(names) for name in line.split()}


# The surer name comes first: where "true_label" stands beside "label", it is the one that is meant.
_TRUE = _ranks(
    "y_true true true_label true_labels label_true actual actual_label actual_class actuals ground_truth groundtruth"
    " ground_truth_label gt gt_label truth truth_label gold gold_label gold_labels golden true_class true_value"
    " true_values y_actual actual_value actual_values trues labels_true reference_label true_y true_id label_ids",
    "label labels label_id reference references target targets y y_test observed expected expected_label class"
    " class_label target_label category real",
)
_PREDICTED = _ranks(
    "y_pred predicted_label predicted_labels pred_label pred_labels label_pred predicted_class pred_class y_predicted"
    " prediction_label predicted_id pred_id labels_pred pred_ids predicted_category predicted_value predicted_values"
    " pred_y pred_value",
    "prediction predictions pred preds predicted y_hat yhat predict forecast predicteds",
)
# The probability or the score of the positive class, or (two-dimensional, or by a class's name behind) of each class.
_PROBABILITY = frozenset(
    [
        "prob",
        "probs",
        "probability",
        "probabilities",
        "proba",
        "probas",
        "y_prob",
        "y_proba",
        "y_probs",
        "y_score",
        "y_scores",
        "pred_prob",
        "pred_proba",
        "pred_probs",
        "predicted_prob",
        "predicted_proba",
        "predicted_probability",
        "prediction_prob",
        "positive_prob",
        "softmax",
        "prediction_probability",
    ]
)
_LOGIT = frozenset(["logit", "logits", "pred_logit", "pred_logits", "y_logits", "y_logit"])
_SCORE = frozenset(["score", "scores", "pred_score", "prediction_score", "predicted_score", "decision_function"])
_CLASS_SCORE = re.compile(
    r"(?P<kind>prob|proba|probs|probability|p|score|logit|logits)[_ .:/-]+(?P<label>.+)", re.IGNORECASE
)
COUNTS = frozenset(["count", "counts", "n", "freq", "frequency", "num", "n_rows", "cases", "size"])
_PER_CLASS = frozenset(("precision", "recall", "f1", "accuracy", "support", "auc", "loss"))


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns of a table of predictions are, by name.

    true: the labels; predicted: the predictions, or None where only scores are given; score: the column of one score
    (or a two-dimensional array of them) with its kind, "probability", "logit" or "score"; by_class: the columns of
    one score for each class, by the class's name.
    """

    true: str
    predicted: str | None
    score: str | None = None
    kind: str = ""
    by_class: dict[str, str] = field(default_factory=dict)

    @property
    def used(self) -> list[str]:
        """The columns that are read, the labels first."""
        return [name for name in (self.true, self.predicted, self.score, *self.by_class.values()) if name is not None]


def normal(name: str) -> str:
    """Return the words of a name in lower case, joined by "_"."""
    return "_".join(_WORD.findall(_CAMEL.sub("_", name)[:200].lower()))


def is_true_name(name: str) -> bool:
    """Whether a name is that of the labels."""
    return normal(name) in _TRUE


def is_predicted_name(name: str) -> bool:
    """Whether a name is that of the predictions."""
    return normal(name) in _PREDICTED


def looks_like_predictions(names: Sequence[str]) -> bool:
    """Whether a table with these columns holds predictions: labels, and predictions or probabilities beside them.

    A table with a column of precision or support is one of classes; "label" beside "score" alone may be anything.
    """
    words = [normal(name) for name in names]
    if any(parse_name(name).metric in _PER_CLASS for name in names if len(name) <= 80):
        return False
    true = [_TRUE[word] for word in words if word in _TRUE]
    scores = any(w in _PROBABILITY | _LOGIT for w in words) or sum(bool(_CLASS_SCORE.fullmatch(n)) for n in names) > 1
    if any(word in _PREDICTED for word in words):
        return bool(true)
    return bool(true) and (scores or (min(true) == 0 and any(word in _SCORE for word in words)))


def roles_of(names: Sequence[str], source: str) -> Roles:
    """Return the roles of the columns `names`.

    Raises UnreadableInputError where they leave it open which column is which, with the columns that were found.
    """
    true = _surest(names, _TRUE, "true labels", source)
    predicted = _surest(names, _PREDICTED, "predictions", source)
    if true is None:
        raise UnreadableInputError(
            f"{source}: no column of true labels among {_listed(names)}", "name one label, y_true, target or actual"
        )
    score, kind = _score(names, source)
    by_class = _by_class(names)
    if predicted is None and score is None and len(by_class) < 2:
        raise UnreadableInputError(
            f"{source}: no column of predictions among {_listed(names)}", "name one prediction, y_pred or predicted"
        )
    if by_class and not kind:
        kind = "logit" if any(normal(name).startswith("logit") for name in by_class.values()) else "probability"
    return Roles(true, predicted, score, kind, by_class)


def _surest(names: Iterable[str], ranks: dict[str, int], what: str, source: str) -> str | None:
    found = sorted((ranks[word], name) for name in names if (word := normal(name)) in ranks)
    best = [name for rank, name in found if rank == found[0][0]]
    if len(best) > 1:
        raise UnreadableInputError(
            f"{source}: {_listed(best)} may each be the {what}", "leave one of them, or name it y_true or y_pred"
        )
    return best[0] if best else None


def _score(names: Iterable[str], source: str) -> tuple[str | None, str]:
    for kind, words in (("probability", _PROBABILITY), ("logit", _LOGIT), ("score", _SCORE)):
        found = [name for name in names if normal(name) in words]
        if len(found) > 1:
            raise UnreadableInputError(f"{source}: {_listed(found)} may each be the score", "leave one of them")
        if found:
            return found[0], kind
    return None, ""


def _by_class(names: Iterable[str]) -> dict[str, str]:
    """Return the columns of one score for each class, "prob_cat" of "cat", where there are two or more."""
    matches = [(name, _CLASS_SCORE.fullmatch(name)) for name in names]
    found = {
        match["label"]: name
        for name, match in matches
        if match and normal(name) not in {**_TRUE, **_PREDICTED} | dict.fromkeys(_PROBABILITY | _LOGIT | _SCORE, 0)
    }
    return found if len(found) > 1 else {}


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(repr(name[:40]) for name in names[:12]) + more
