"""What the house tests look at: the tracked files, and their syntax trees."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tracked() -> tuple[str, ...]:
    """Return the paths of all tracked files that are there, relative to the project's root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@cache
def python_files(*folders: str) -> tuple[str, ...]:
    """Return the tracked Python files under these folders."""
    roots = tuple(f"{folder}/" for folder in folders)
    return tuple(name for name in tracked() if name.endswith(".py") and name.startswith(roots))


@cache
def text_of(name: str) -> str:
    """Return the file's text; empty when it is none."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def tree_of(name: str) -> ast.Module:
    """Return the file's syntax tree."""
    return ast.parse(text_of(name), name)


def named(name: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield every class and function of a file with its place: file:Class.function."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | Function):
                place = f"{prefix}{child.name}"
                yield place, child
                yield from walk(child, f"{place}.")
            else:
                yield from walk(child, prefix)

    yield from walk(tree_of(name), f"{name}:")


def functions(*folders: str) -> Iterator[tuple[str, Function]]:
    """Yield every function under these folders with its place."""
    for name in python_files(*folders):
        for place, node in named(name):
            if isinstance(node, Function):
                yield place, node


def classes(*folders: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """Yield every class under these folders with its place."""
    for name in python_files(*folders):
        for place, node in named(name):
            if isinstance(node, ast.ClassDef):
                yield place, node
