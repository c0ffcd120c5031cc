"""Reports in which every text that comes from outside may hold anything, for tests of formats that must not break."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from hypothesis import Phase, settings
from hypothesis import strategies as st

from diagnose.types import (
    Acceptance,
    Fact,
    Finding,
    InputError,
    NotChecked,
    Proof,
    Remedy,
    Report,
    Run,
    Scope,
    ScopeVerdict,
    Severity,
    Unread,
    Value,
    Verdict,
)

# What ends a line, a property, an attribute, a section, a path or a colour somewhere, and what is no character at all.
TRICKS = (
    "\n::error::x",
    "\r\n",
    "%0A",
    ",line=9::",
    "\x1b[31m",
    "]]>",
    "</testcase>",
    "<!--",
    "&#0;",
    '"',
    "'",
    "\0",
    "\ufffe",
    "\ud800",
    "\udcff",
    "\u202e",
    "\u2028",
    "..\\..\\x",
    "../",
    "//",
    "C:\\a b",
    "a:b",
    "[x](1)",
    "{0}",
    " ",
    "é😀",
)
texts = st.lists(st.sampled_from(TRICKS) | st.text(st.characters(exclude_categories=()), max_size=8), max_size=4).map(
    "".join
)
names = texts.map("x".__add__)
places = texts | st.sampled_from(["line 1", "line 0", "/a", "/~1/0", "x, line 3", "line 2/a"])
steps = st.none() | st.floats(allow_nan=False, allow_infinity=False)
scopes = st.builds(Scope, texts, st.none() | texts, st.none() | texts, steps, st.none() | texts)


@st.composite
def values(draw):
    number = draw(st.sampled_from([0.5, math.nan]))
    return Value(draw(texts), draw(texts), draw(texts), number, draw(texts), draw(places), Fraction(1))


# A fact's name is the project's own.
facts = st.builds(
    Fact,
    st.sampled_from(["f1", "class_count"]),
    st.just(0.5),
    scopes,
    st.just(Proof.IMPLIED),
    texts,
    evidence=st.lists(values(), max_size=2).map(tuple),
)
findings = st.builds(
    Finding,
    names,
    st.sampled_from(Severity),
    st.sampled_from(Proof),
    texts,
    texts,
    texts,
    scopes,
    facts=st.lists(facts, max_size=2).map(tuple),
    steps=st.sampled_from([(), (3.0, 4.5)]),
    remedies=st.lists(st.builds(Remedy, texts, texts, st.dictionaries(texts, texts, max_size=1)), max_size=1).map(
        tuple
    ),
    consequences=st.lists(texts, max_size=1).map(tuple),
    fails=st.booleans(),
    accepted=st.none() | st.builds(Acceptance, texts, texts),
).map(lambda found: replace(found, fails=found.fails and found.accepted is None))
errors = st.builds(InputError, names, texts)
verdicts = st.builds(ScopeVerdict, scopes, st.sampled_from(Verdict), texts)
read = st.builds(
    Report,
    st.lists(names, min_size=1, max_size=2).map(tuple),
    runs=st.lists(st.builds(Run, texts, sources=st.lists(names, max_size=1).map(tuple)), max_size=2).map(tuple),
    findings=st.lists(findings, max_size=2).map(tuple),
    verdicts=st.lists(verdicts, max_size=1).map(tuple),
    not_checked=st.lists(st.builds(NotChecked, texts, st.lists(texts, max_size=2).map(tuple)), max_size=1).map(tuple),
    unread=st.lists(st.builds(Unread, texts, texts, texts, texts), max_size=1).map(tuple),
    obstacles=st.lists(errors, max_size=1).map(tuple),
    judged=st.lists(texts, max_size=1).map(tuple),
)
unreadable = st.builds(Report, st.tuples(names), error=errors)
# Such a report takes minutes to shrink, and the one that was found tells as much.
fuzzed = settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
odd_reports = st.lists(read | unreadable, max_size=2)
