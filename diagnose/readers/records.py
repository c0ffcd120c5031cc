"""What every reader produces: records, the one form that all formats come down to.

A JSON object of numbers, a row of a table, a block of "key = value" lines, a printed dict, one line of a
Keras log: each is a Record, a list of named cells with a context. `interpret.py` alone turns records into
a Run, so that a metric is named, scaled and placed in the same way whatever file it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from diagnose.types import Unread


__all__ = ["Cell", "Document", "Record", "Records", "Role"]

# metrics: a result, which stands alone or (with a step or an epoch) is a row of a history;
# class: one row of a per-class table (`label` names the class, or an average such as "macro avg");
# config: settings; matrix: one row of a confusion matrix (`label` is the true class, cells are predicted classes).
Role: TypeAlias = Literal["metrics", "class", "config", "matrix"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A named text: `key` and `text` as written, `at` its place ("line 12", or a JSON pointer)."""

    key: str
    text: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """Cells that belong together.

    group: names the table, list or block they came from: rows of one group are one history or one class table;
    run, task, split: from the headings, file names or keys around the record, None where they say nothing;
    machine: the source prints full doubles (JSON, a printed Python dict), as against a table made for people;
    source: the file, where a folder's files are read as one run ("": the document's own source);
    stated: of a matrix, whether the source says that its rows are the true classes;
    computed: nobody reported this: it was computed from predictions, its keys are canonical names.
    """

    cells: tuple[Cell, ...]
    role: Role = "metrics"
    group: str = ""
    run: str | None = None
    task: str | None = None
    split: str | None = None
    label: str | None = None
    machine: bool = False
    source: str = ""
    stated: bool = True
    computed: bool = False


@dataclass(slots=True)
class Records:
    """All that a reader found in one document.

    flags: statements that are no numbers, as cells (key: the flag's name, text: the words, at: the line), such as
    "untrained-head" for "Some weights ... newly initialized", "undefined-metric" for scikit-learn's warnings.
    """

    records: list[Record] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    flags: list[Cell] = field(default_factory=list)
    name: str | None = None
    model: str | None = None
    task_kind: str | None = None


@dataclass
class Document:
    """One input as text: `source` is the name to quote, `omitted` says what was left out of an input too large.

    gap: after this many lines, so many are left out; path: the file, for a reader that needs the whole of it;
    binary: "parquet", "npz" or "npy", where the file is no text (`text` is then empty).
    """

    source: str
    text: str
    omitted: str = ""
    gap: tuple[int, int] = (0, 0)
    path: str = ""
    binary: str = ""

    @cached_property
    def json(self) -> Any:
        """The document as a JSON tree with every number as `NumberText`, or None where it is not JSON."""
        from diagnose.readers.json_tree import parse_json  # noqa: PLC0415  # only a reader of JSON pays for it

        return parse_json(self.text)

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.splitlines()
