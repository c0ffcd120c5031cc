"""The numbers of a sentence, bound to what they are said to be of, held against the report."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.interval import Interval
from diagnose.llm.reply.claims import Claim, Mark
from diagnose.llm.reply.words import Span, word_set
from diagnose.report._words import clean
from diagnose.types import Value
from diagnose.vocabulary import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.llm.reply.binding import Bound
    from diagnose.llm.reply.ground import Ground, Known
    from diagnose.llm.reply.names import Mention
    from diagnose.llm.reply.numbers import Figure
    from diagnose.llm.reply.seen import Seen
    from diagnose.llm.reply.where import Where

__all__ = ["candidates", "figure_claims", "is_setting", "says"]

_LARGEST = 1e60
_AT = r"\w*\s+(?:out |up )?(?:at|from|with)\s+(?:about |roughly |around |an? |~)?$"
_BEGINS = re.compile(rf"\b(?:begin|began|start|open){_AT}", re.IGNORECASE)
_ENDS = re.compile(rf"\b(?:end|finish|clos){_AT}", re.IGNORECASE)


def candidates(mention: Mention, where: Where, ground: Ground) -> list[Known]:
    """Return the numbers of the report that a name can mean at the place that the sentence speaks of."""
    found = [item for name in mention.names for item in ground.known.get(name, ())]
    if where.tasks:
        found = [item for item in found if item.scope.task in where.tasks] or [i for i in found if i.scope.task is None]
    if mention.average:
        exact = [item for item in found if item.average == mention.average]
        found = exact or [item for item in found if not item.average and _may_be(mention.average, ground)]
    splits = {mention.split} if mention.split else where.splits
    if splits:
        found = [
            i
            for i in found
            if i.scope.split is None or i.scope.split in splits or _same_split(i.scope.split, splits, ground)
        ]
    elif any(item.scope.split != "train" for item in found):
        found = [item for item in found if item.scope.split != "train"]
    if where.runs:
        found = [item for item in found if item.scope.run in where.runs]
    labelled = [item for item in found if item.scope.label in where.labels] if where.labels else []
    strange = where.labels and not where.labels & set(ground.labels.values())
    found = [] if strange else labelled or [item for item in found if item.scope.label is None]
    if where.step is not None:
        found = [item for item in found if item.scope.step == where.step]
    if where.epoch is not None:
        found = [i for i in found if _at_epoch(i, where.epoch)]
    if where.order is not None:
        found = _nth(found, where.order)
    return found


def _may_be(average: str, ground: Ground) -> bool:
    """Whether the report takes its averages for this one, so that a name may say it."""
    return any(view.get("averaging.likely") == average or view.get("averaging") == [average] for view in ground.views)


def _same_split(split: str | None, named: set[str] | frozenset[str], ground: Ground) -> bool:
    """Whether "the test set" can mean the only split that was evaluated."""
    held_out = ground.splits - {"train"}
    return split in held_out and len(held_out) == 1 and "train" not in named


def _at_epoch(item: Known, epoch: float) -> bool:
    if item.epoch is not None:
        return item.epoch == epoch or round(item.epoch, 2) == epoch
    return item.scope.step == epoch


def _nth(found: list[Known], order: int) -> list[Known]:
    rows = sorted({item.scope.step for item in found if item.scope.step is not None})
    return [item for item in found if order <= len(rows) and item.scope.step == rows[order - 1]]


def says(figure: Figure, item: Known, factor: Fraction = Fraction(1), upper: Figure | None = None) -> bool | None:
    """Return whether a sentence's number is that of the report; None where the report leaves it open."""
    if figure.interval is None:
        return item.is_nan
    if item.is_nan or item.interval is None:
        return False
    count = item.name in ("sample_count", "class_count", "samples", "support") or (
        item.name in METRICS and METRICS[item.name].kind in ("count", "axis")
    )
    spoken = (figure.interval if count and not figure.percent else figure.widened()) or figure.interval
    spoken = spoken * factor if factor != 1 else spoken
    if factor != 1 and figure.whole:
        spoken = (figure.widened() or figure.interval) * factor
    if upper is not None and upper.interval is not None:
        return _in_range(figure, upper, item, factor)
    if figure.bound:
        return _compared(item.interval, figure, factor)
    if item.number is not None:
        source = item.source
        if isinstance(source, Value) and not figure.percent and (figure.number > 1 or figure.text == source.text):
            spoken = spoken * source.scale  # percent without the sign, as the report's source prints it
        # The upper end is the next number that prints differently.
        return item.number in spoken and (
            item.number < spoken.high or spoken.is_point or figure.about or item.number == figure.number
        )
    known = item.interval
    if spoken.low <= known.low and known.high <= spoken.high:
        return True
    if spoken.meet(known) is None:
        return False
    if figure.about or figure.percent or not figure.whole:
        # The middle, to the digits of the sentence, unless the report knows the number far less well than that.
        middle = Fraction(known.middle) if abs(known.middle) < _LARGEST else None
        width = float(known.high - known.low)
        narrow = width <= 4 * float(spoken.high - spoken.low) or width <= abs(float(known.low)) / 100
        if middle is not None and narrow and (middle in spoken or figure.about):
            return True
    return None


def _in_range(low: Figure, high: Figure, item: Known, factor: Fraction) -> bool | None:
    """Return whether a range is the report's, or holds the report's number."""
    first, second = low.widened(), high.widened()
    if first is None or second is None or item.interval is None:
        return False
    if high.percent and not low.percent and low.number > 1:
        first = first * Fraction(1, 100)
    first, second = first * factor, second * factor
    if item.interval.low >= first.low and item.interval.high <= second.high:
        return True
    return False if item.interval.high < first.low or item.interval.low > second.high else None


def _compared(known: Interval, figure: Figure, factor: Fraction) -> bool | None:
    """Return whether the report's number is above or below the one that the sentence gives."""
    limit = Fraction(figure.number) * factor
    near = (figure.widened() or Interval.of(limit)) * factor
    if figure.bound in (">=", "<="):
        # "at least 95.6 %" prints a bound that may have been rounded.
        limit = min(limit, Fraction(near.low)) if figure.bound == ">=" else max(limit, Fraction(near.high))
    if figure.bound[0] == ">":
        return (
            True
            if known.low > limit or (figure.bound == ">=" and known.low >= limit)
            else False
            if known.high <= limit
            else None
        )
    return (
        True
        if known.high < limit or (figure.bound == "<=" and known.high <= limit)
        else False
        if known.low >= limit
        else None
    )


def figure_claims(seen: Seen, bound: Sequence[Bound]) -> Iterator[Claim]:
    """Yield what the report says to each number."""
    for item in bound:
        span = seen.words.span_of(item.figure.start, (item.upper or item.figure).end)
        limit = Span(max(0, span.first - 3), span.first) if item.figure.bound else Span(0, 0)
        said = (i for i in range(*limit) if seen.words.words[i] in word_set("limits"))
        spans = (span, *((item.mention.span,) if item.mention else ()), *(Span(i, i + 1) for i in said))
        local = _position_before(seen.words.text[: item.figure.start])
        where = seen.where._replace(position=local) if local else seen.where
        yield Claim(*_judged(item, where, seen.ground), spans)


def _position_before(text: str) -> str:
    """Return the end of the history that a number's own words speak of: "begins at 0.7"."""
    if _BEGINS.search(text):
        return "first"
    return "last" if _ENDS.search(text) else ""


def _judged(item: Bound, where: Where, ground: Ground) -> tuple[Mark, str, tuple[str, ...]]:
    printed = clean(item.figure.text + (f" to {item.upper.text}" if item.upper else ""), 40)
    mention = item.mention
    if mention is None:
        return Mark.UNSUPPORTED, f"it does not say what {printed} is a number of, and the report does not tell", ()
    name = _name(mention)
    if item.figure.points:
        return Mark.UNSUPPORTED, f"the report has no difference of {printed}", ()
    if mention.name == "epochs":
        return _epochs(item, ground, printed)
    found = candidates(mention, where, ground)
    if not found:
        known = [i for n in mention.names for i in ground.known.get(n, ())]
        if not known:
            return Mark.UNSUPPORTED, f"the report has no {name}", ()
        return Mark.UNSUPPORTED, f"the report has no {name} of that kind or at that place", known[0].ids
    pool = _positioned(found, where, mention)
    if item.figure.bound and where.never:
        # Of none of the rows may be said what the caller turns around.
        rows = [known for known in found if says(item.figure, known, item.factor) is not False]
        pool = rows or found
    outcomes = [(says(item.figure, known, item.factor, item.upper), known) for known in pool]
    right = [known for outcome, known in outcomes if outcome is True]
    if right:
        ids = tuple(dict.fromkeys(number for known in right for number in known.ids))
        return Mark.SUPPORTED, f"{printed} is the report's {name}, {clean(right[0].shown, 60)}", ids
    vague = next((known for outcome, known in outcomes if outcome is None), None)
    if vague is not None:
        return Mark.UNSUPPORTED, f"the report knows {name} only as {clean(vague.shown, 60)}", vague.ids
    if mention.name == "sample_count" and where.labels:  # "886 of 1,717 rows" are those of a class and all
        return _judged(item, where._replace(labels=frozenset()), ground)
    elsewhere = next((k for k in found if k not in pool and says(item.figure, k, item.factor, item.upper)), None)
    if elsewhere is not None:
        step = f" of step {elsewhere.scope.step:g}" if elsewhere.scope.step is not None else ""
        return Mark.UNSUPPORTED, f"{printed} is the {name}{step}, which the sentence does not say", elsewhere.ids
    if is_setting(mention) and all(k.scope.step is not None for k in pool):
        return Mark.UNSUPPORTED, f"the log has no {name} of {printed}", pool[0].ids
    trained = [k for n in mention.names for k in ground.known.get(n, ()) if k.scope.split == "train" and k not in found]
    other = next((k for k in trained if k.reported and says(item.figure, k, item.factor)), None)
    if other is not None:
        return Mark.UNSUPPORTED, f"{printed} is the {name} of the training, which the sentence does not say", other.ids
    shown = " or ".join(dict.fromkeys(clean(k.shown, 40) for k in pool[:2]))
    return Mark.CONTRADICTED, f"the report's {name} is {shown}, not {printed}", pool[0].ids


def _positioned(found: list[Known], where: Where, mention: Mention) -> list[Known]:
    """Return those that a bare sentence is about: the result's, or the first, the last or the best of the history."""
    if where.step is not None or where.epoch is not None or where.order is not None:
        return found
    rows = sorted(
        (k for k in found if k.scope.step is not None and k.number is not None), key=lambda k: k.scope.step or 0
    )
    if where.position and rows:
        if where.position == "first":
            return [rows[0]]
        if where.position == "last":
            return [rows[-1], *(k for k in found if k.reported)]
        values = sorted(rows, key=lambda k: k.number or 0)
        return [values[0], values[-1], *(k for k in found if k.name == f"best_{mention.name}")]
    if is_setting(mention):
        return found
    return [k for k in found if k.reported] or found


def is_setting(mention: Mention) -> bool:
    """Whether a name is that of a setting, which a log prints as it changes."""
    return mention.name in METRICS and METRICS[mention.name].kind == "setting"


def _epochs(item: Bound, ground: Ground, printed: str) -> tuple[Mark, str, tuple[str, ...]]:
    """Epochs: as set, or as many as the record covers."""
    known = list(ground.known.get("num_train_epochs", ()))
    for run in ground.report.runs:
        epochs = [e.epoch for e in run.evaluations if e.epoch is not None]
        epochs += [point.epoch for point in run.training if point.epoch is not None]
        if epochs and item.figure.interval is not None and Fraction(max(epochs)) in item.figure.interval:
            return Mark.SUPPORTED, f"the record ends at epoch {max(epochs):g}", ("epoch",)
    for k in known:
        if says(item.figure, k):
            return Mark.SUPPORTED, f"{printed} is the report's number of epochs", k.ids
    if known:
        return Mark.CONTRADICTED, f"the report has {clean(known[0].shown)} epochs, not {printed}", known[0].ids
    return Mark.UNSUPPORTED, f"the report does not say {printed} epochs", ()


def _name(mention: Mention) -> str:
    words = {"rate": "rate of samples", "steps_rate": "rate of steps"}.get(mention.name, mention.name)
    return " ".join(
        part for part in (mention.split, mention.average, words.replace("_", " ").replace(".", " ")) if part
    )
