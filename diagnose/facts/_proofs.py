"""How facts that rest on other facts take over their proof and their assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.types import Scope, Value

__all__ = ["LISTED", "Basis", "claim", "following", "resting_on"]

# A proof, and the names of the assumptions that it needs.
Basis: TypeAlias = tuple[Proof, tuple[str, ...]]
# What it takes for the supports of a per-class table to add up to the rows.
LISTED = ("all_classes_listed=true", "single_label=true")


def resting_on(facts: Iterable[Fact | None], assumes: Iterable[str] = (), proof: Proof = Proof.PROVED) -> Basis:
    """Return the proof and the assumptions of what rests on `facts` and `assumes` and is itself `proof`."""
    given = [fact for fact in facts if fact is not None]
    names = tuple(dict.fromkeys([*assumes, *(name for fact in given for name in fact.assumes)]))
    weakest = Proof.weakest([proof, *(fact.proof for fact in given)])
    if weakest is Proof.PROVED and names:
        weakest = Proof.PROVED_IF
    return weakest, names


def claim(
    name: str,
    *,
    holds: bool,
    scope: Scope,
    basis: Basis,
    because: str,
    evidence: tuple[Value, ...] = (),
) -> Fact:
    """Return the fact that something holds, or that it does not."""
    proof, assumes = basis
    return Fact(name, holds, scope, proof, because, "", assumes, evidence)


def following(source: Fact, name: str, scope: Scope, *, holds: bool, because: str) -> Fact:
    """Return the fact that something holds, or that it does not, because of one other fact."""
    basis = source.proof, source.assumes
    return claim(name, holds=holds, scope=scope, basis=basis, because=because, evidence=source.evidence)
