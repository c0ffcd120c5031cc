"""The blocks of a text: each module claims the lines that it understands and makes records of them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diagnose.readers.page import Block

__all__ = ["blocks"]


@lru_cache(maxsize=1)
def blocks() -> tuple[Block, ...]:
    """Return the blocks of this folder in the order in which they may claim lines."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    modules: list[Any] = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(sorted(modules, key=lambda module: module.ORDER))
