"""The way of the data has one direction: a module imports only from layers below its own."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import diagnose

ROOT = Path(diagnose.__file__).parent
LAYERS = """
errors
interval
types
vocabulary assets
readers
facts
engine
_config_file
config baseline
report gate compare
llm
api
integrations
chat reproduce
serve
commands
cli
__main__
"""
RANK = {room: rank for rank, rooms in enumerate(LAYERS.split("\n")) for room in rooms.split()}


def room_of(module):
    return module.split(".")[1] if "." in module else ""


def imports_of(path):
    """Yield the diagnose modules that a file imports, type-checking imports included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from ([node.module] if node.module != "diagnose" else [f"diagnose.{a.name}" for a in node.names])
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_module_imports_from_a_layer_above_or_beside_its_own():
    wrong = []
    for path in ROOT.rglob("*.py"):
        mine = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if mine == "__init__":
            continue
        for module in imports_of(path):
            theirs = room_of(module)
            if module.split(".")[0] == "diagnose" and theirs in RANK and theirs != mine and RANK[theirs] >= RANK[mine]:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


def test_every_room_has_a_layer():
    rooms = {p.name.removesuffix(".py") for p in ROOT.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert rooms - {"__init__", "_bundled"} <= RANK.keys() | {"train"}


def test_every_exported_name_exists():
    for info in pkgutil.walk_packages([str(ROOT)], "diagnose."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{info.name}.{name}"
