"""The policy of the gate: which rules are judged, what fails, and where each of these values came from.

Layers, of which a later one wins: the defaults, `[tool.diagnose]` of pyproject.toml or diagnose.toml, the overrides for
the path of the input, the command line. Lists of names (`ignore`, `require`, `assume`, `rules`, `targets`) add up.
"""

from __future__ import annotations

import fnmatch
import os
import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from diagnose.errors import ConfigError
from diagnose.types import Requirement, Severity
from diagnose.vocabulary import metric_of, parse_name, parse_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["CONFIG_FILES", "NEVER", "OFF", "Config", "Entry", "Layer", "Policy", "find_config", "load_config", "target"]

CONFIG_FILES = ("diagnose.toml", "pyproject.toml")
NEVER, OFF = "never", "off"
_ADDING = frozenset({"ignore", "require", "assume", "rules", "targets"})
_DEFAULTS = {"fail-on": Severity.ERROR.value}
_TARGET = re.compile(
    r"(?P<place>[^<>=\[\]]+?)\s*(?:\[(?P<label>[^\]]+)\])?\s*(?P<relation>[<>]=?)\s*(?P<limit>[^<>=\s%]+)\s*(?P<percent>%?)"
)
_CHANGES = {
    # key: (the limit is relative, the sign that makes it a least improvement)
    "drop": (False, -1),
    "relative-drop": (True, -1),
    "gain": (False, 1),
    "relative-gain": (True, 1),
}


class Entry(NamedTuple):
    """One value, under the path of its key (rule, overfitting, params, drop_min), and where it was written."""

    key: tuple[str, ...]
    value: Any
    origin: str


class Layer(NamedTuple):
    """Values that were written in one place; pattern: of the inputs' paths that they are for, None: all."""

    origin: str
    values: Mapping[str, Any]
    pattern: str | None = None

    def entries(self) -> Iterator[Entry]:
        """Yield every value; lists that add up name by name."""
        for key, value in _flat(self.values):
            for item in value if key[0] in _ADDING else (value,):
                yield Entry(key, item, self.origin)


class Policy(NamedTuple):
    """What is asked of one input; entries: every value in force."""

    entries: tuple[Entry, ...]

    def _last(self, key: str) -> Any:
        return next((entry.value for entry in reversed(self.entries) if entry.key == (key,)), None)

    def _all(self, key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(entry.value for entry in self.entries if entry.key == (key,)))

    @property
    def fail_on(self) -> Severity | None:
        """The least severity that fails; None: none does."""
        word = self._last("fail-on")
        return None if word == NEVER else Severity(word)

    @property
    def select(self) -> tuple[str, ...]:
        """The only rules to judge; empty: all."""
        return tuple(self._last("select") or ())

    @property
    def ignore(self) -> tuple[str, ...]:
        """Rules that are not judged."""
        off = (name for (name, *what), value in self.rule_values() if what == ["severity"] and value == OFF)
        return tuple(dict.fromkeys((*self._all("ignore"), *off)))

    @property
    def require(self) -> tuple[str, ...]:
        """Rules that have to be decided, or the word "verdict"."""
        return self._all("require")

    @property
    def assume(self) -> tuple[str, ...]:
        """The answers; the first of several to one question counts, so the command line's come first."""
        return tuple(reversed(self._all("assume")))

    @property
    def rules(self) -> tuple[str, ...]:
        """Folders with rules."""
        return self._all("rules")

    @property
    def baseline(self) -> str | None:
        """The file of accepted findings."""
        return cast("str | None", self._last("baseline"))

    @property
    def against(self) -> str | None:
        """The run to compare with."""
        return cast("str | None", self._last("against"))

    def rule_values(self) -> list[tuple[tuple[str, ...], Any]]:
        """Return what is set for single rules: ((rule, "severity") or (rule, "params", name), value)."""
        return [(entry.key[1:], entry.value) for entry in self.entries if entry.key[0] == "rule"]

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The targets, and the changes that are allowed or asked for against the run to compare with."""
        targets = [target(entry.value, entry.origin) for entry in self.entries if entry.key == ("targets",)]
        changes = [entry for entry in self.entries if entry.key[0] == "change"]
        better = {entry.key[1]: entry.value for entry in changes if entry.key[2] == "higher-is-better"}
        limits = [entry for entry in changes if entry.key[2] in _CHANGES]
        return (*targets, *(_change(entry, better.get(entry.key[1])) for entry in limits))


class Config(NamedTuple):
    """All layers; folder: the one whose paths the patterns are relative to."""

    layers: tuple[Layer, ...]
    folder: Path

    def policy(self, source: str) -> Policy:
        """Return what holds for one input: a path, or "-"."""
        fitting = [layer for layer in self.layers if layer.pattern is None or self._matches(source, layer.pattern)]
        entries = [entry for layer in fitting for entry in layer.entries()]
        last = {entry.key: entry for entry in entries}
        return Policy(tuple(e for e in entries if e.key[0] in _ADDING or last[e.key] is e))

    def _matches(self, source: str, pattern: str) -> bool:
        """Whether a path, relative to the folder where it lies in it, fits a pattern whose * spans folders too."""
        path = os.path.relpath(source, self.folder) if source != "-" else source
        path = Path(source).as_posix() if path.startswith("..") else Path(path).as_posix()
        return any(fnmatch.fnmatchcase(name, pattern) for name in (path, f"{path}/"))  # "runs/**" is "runs" itself too


def _flat(table: Mapping[str, Any], outer: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, (*outer, key))
        else:
            yield (*outer, key), value


def find_config(folder: Path) -> Path | None:
    """Return the configuration that holds in a folder: its own, or that of the nearest folder above it."""
    for place in (folder, *folder.parents):
        for name in CONFIG_FILES:
            path = place / name
            if path.is_file() and (name != "pyproject.toml" or _table(path) is not None):
                return path
    return None


def load_config(path: Path | None, command_line: Mapping[str, Any] | None = None) -> Config:
    """Read a configuration file, None: the defaults alone; ConfigError with the place where it is not valid.

    command_line: the values of options that were given, by key.
    """
    first = Layer("default", _DEFAULTS)
    last = Layer("command line", {key: value for key, value in (command_line or {}).items() if value})
    if path is None:
        return Config((first, last), Path.cwd())
    table = _table(path)
    if table is None:
        raise ConfigError(f"{path}: no table [tool.diagnose]", "add one, or name another file with --config")
    from diagnose._config_file import validated  # noqa: PLC0415  # pydantic's 90 ms are for those with a configuration

    folder, name = path.absolute().parent, path.name
    values, overrides = validated(table, str(path), folder)
    places = [Layer(f"{name}, override for {pattern}", own, pattern) for pattern, own in overrides]
    config = Config((first, Layer(name, values), *places, last), folder)
    for layer in config.layers:
        Policy(tuple(layer.entries())).requirements  # noqa: B018  # a target that cannot be read is said at once
    return config


def _table(path: Path) -> dict[str, Any] | None:
    """Return the configuration in a file, None where a pyproject.toml has none."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    if path.name != "pyproject.toml":
        return content
    tool = content.get("tool", {})
    return tool.get("diagnose") if isinstance(tool, dict) else None


def target(text: str, origin: str) -> Requirement:
    """Read `[RUN/][TASK/][SPLIT:]METRIC[CLASS] >= NUMBER`, the class in brackets; the number may be percent."""
    found = _TARGET.fullmatch(text.strip())
    limit = _number(found["limit"]) if found else None
    place = parse_place(found["place"]) if found else None
    if found is None or limit is None or place is None:
        raise ConfigError(f"{origin}: target {text!r} is not METRIC >= NUMBER", "for example macro_f1 >= 0.75")
    metric, split = _metric(place.name)
    return Requirement(
        text, origin, metric, found["relation"], limit / (100 if found["percent"] else 1),
        run=place.run, task=place.task, split=place.split or split, label=found["label"],
    )  # fmt: skip


def _change(entry: Entry, higher_is_better: bool | None) -> Requirement:  # noqa: FBT001  # a third value: unknown
    _, name, kind = entry.key
    relative, sign = _CHANGES[kind]
    metric, split = _metric(name)
    info = metric_of(metric)
    rises = info.higher_is_better if higher_is_better is None and info is not None else higher_is_better
    if rises is None:
        raise ConfigError(f"{entry.origin}: it is not known whether {name} should rise", "say higher-is-better = true")
    return Requirement(
        f"{name}: {kind} {entry.value}", entry.origin, metric, ">=", sign * Fraction(str(entry.value)), split=split,
        change="relative" if relative else "absolute", higher_is_better=rises,
    )  # fmt: skip


def _metric(written: str) -> tuple[str, str | None]:
    """Return the canonical metric and the split that a written name means; a name that is not known means itself."""
    name = parse_name(written)
    return (name.metric, name.split) if name.known and not name.prefix else (written, None)


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
