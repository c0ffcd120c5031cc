"""Results as JSON: Hugging Face's *_results.json, lm-eval's, spaCy's, and any object of metrics, flat or nested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.readers._json_walk import Place, Walk

if TYPE_CHECKING:
    from diagnose.readers.records import Document, Records

__all__ = ["read", "sniff"]

_MODEL_KEYS = ("model_name", "model_name_or_path", "_name_or_path", "base_model")


def sniff(document: Document) -> float:
    """Return 0.5 for every JSON object or array."""
    return 0.5 if isinstance(document.json, dict | list) else 0.0


def read(document: Document) -> Records:
    """Return every object of numbers in the tree as a record."""
    tree = document.json
    walk = Walk(document.source)
    walk.enter(tree, Place())
    if isinstance(tree, dict):
        walk.records.model = next((str(tree[key]) for key in _MODEL_KEYS if isinstance(tree.get(key), str)), None)
    return walk.records
