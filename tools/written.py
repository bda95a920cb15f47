"""Files of the repository that the code writes: all of them anew, or which of them are stale."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent


def write_or_check(says: str, directory: str, texts: Callable[[], Mapping[str, str]]) -> int:
    """Write what `texts` returns, by file name; with --check on the command line say what is stale.

    Returns the exit status: 1 when something is stale.
    """
    parser = argparse.ArgumentParser(description=says)
    parser.add_argument("--check", action="store_true", help="only say which files are stale")
    only_check = parser.parse_args().check
    paths = {ROOT / directory / name: text for name, text in texts().items()}
    stale = [path for path, text in paths.items() if not _holds(path, text)]
    if only_check:
        if stale:
            print(f"stale in {directory}: {', '.join(path.name for path in stale)}; run make docs")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(paths[path], encoding="utf-8")
    return 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
