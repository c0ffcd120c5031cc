"""Scopes of a run's parts, in one place, so that every module names them alike."""

from __future__ import annotations

from diagnose.types import ClassRow, Evaluation, Run, Scope, Series, row_step

__all__ = ["class_scope", "scope_of", "series_scope"]


def series_scope(run: Run, series: Series) -> Scope:
    """Return the scope of a task's split as a whole."""
    return Scope(run.name, series.task, series.split)


def scope_of(run: Run, series: Series, evaluation: Evaluation) -> Scope:
    """Return the scope of one evaluation: that of its series for the headline, a row's own otherwise."""
    step = None if evaluation is series.headline else row_step(evaluation)
    return Scope(run.name, series.task, series.split, step)


def class_scope(run: Run, series: Series, evaluation: Evaluation, row: ClassRow) -> Scope:
    """Return the scope of one class of one evaluation."""
    outer = scope_of(run, series, evaluation)
    return Scope(outer.run, outer.task, outer.split, outer.step, row.label)
