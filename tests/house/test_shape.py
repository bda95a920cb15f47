"""How long files and functions are, what they are called, how each file begins."""

import ast
import re

import pytest
from sources import Function, classes, functions, python_files, text_of, tree_of

ALL = ("src", "tests", "benchmarks", "tools")

LONGEST_FILE = 400
LONGEST_FUNCTION = 49
MOST_ARGUMENTS = 6

LONG_FUNCTIONS = {
    "src/bigip_lbaas/store/migrations/versions/0001_first.py:_create_fleet": (
        "a list of columns, which no two functions would tell better"
    ),
    "tests/sim/test_traffic.py:test_of_a_pair_one_carries_and_the_other_takes_over": (
        "one story in its order, two lines too long"
    ),
}
FOREIGN_NAMES = {
    "src/bigip_lbaas/cmd/embedded/sockets.py:_ReadHandler.handle": "socketserver's name for it",
    "src/bigip_lbaas/cmd/embedded/sockets.py:_StatsHandler.handle": "socketserver's name for it",
    "src/bigip_lbaas/cmd/embedded/sockets.py:_StatusHandler.handle": "socketserver's name for it",
    "src/bigip_lbaas/cmd/demo/traffic.py:_Server.handle_error": "socketserver's name for it",
    "tests/sim/programs.py:_Quiet.handle_error": "socketserver's name for it",
}
VAGUE_CLASS = re.compile(
    r"(Manager|Helpers?|Utils?|Utility|Utilities|Builder|Processor|Wrapper|Impl|Misc|Common)$"
)
VAGUE_FUNCTION = re.compile(r"_*(ensure|assure|handle|process|manage)(_|$)")
VAGUE_FILE = re.compile(r"(^|_)(utils?|helpers?|misc|common|managers?)\.py$")
EDGES = {
    "src/bigip_lbaas/agent/chores.py": "one failing look stops no chore",
    "src/bigip_lbaas/agent/service.py": "a defect ends the task with ERROR, not the worker",
    "src/bigip_lbaas/bus/memory.py": "the caller of an endpoint is told, whatever it raised",
    "src/bigip_lbaas/bus/oslo.py": "the caller of an endpoint is told, whatever it raised",
    "src/bigip_lbaas/controller/beating.py": "whoever waits in a batch is told, whatever it was",
    "src/bigip_lbaas/cmd/embedded/api.py": "a start that fails leaves nothing behind",
    "src/bigip_lbaas/cmd/embedded/stack.py": "a start that fails leaves nothing behind",
    "src/bigip_lbaas/cmd/lab/stack.py": "a start that fails leaves nothing behind",
    "src/bigip_lbaas/controller/gathering.py": "what fails for several is tried one by one",
    "src/bigip_lbaas/controller/service.py": "one failing piece of work stops no controller",
    "src/bigip_sim/app.py": "a client is told of a defect in JSON, as of everything",
    "src/bigip_lbaas/provider/octavia/status_agent.py": "a defect stops no telling of statuses",
}


def test_there_is_something_to_look_at() -> None:
    assert len(python_files("src")) > 50
    assert len(list(functions("src"))) > 300
    assert len(list(classes("src"))) > 50


def test_no_file_is_longer_than_a_reader_takes() -> None:
    lengths = {name: len(text_of(name).splitlines()) for name in python_files(*ALL)}
    assert {name for name, length in lengths.items() if length > LONGEST_FILE} == set()


def test_no_function_is_long_but_those_that_are_named() -> None:
    long = {place for place, node in functions(*ALL) if _lines(node) > LONGEST_FUNCTION}
    assert long == set(LONG_FUNCTIONS)


def test_no_function_takes_many_arguments() -> None:
    # a test's arguments are its table's columns and its fixtures
    assert {place for place, node in functions("src") if _arguments(node) > MOST_ARGUMENTS} == set()


@pytest.mark.parametrize("name", python_files(*ALL))
def test_a_file_begins_by_saying_what_it_is_for(name: str) -> None:
    said = ast.get_docstring(tree_of(name))
    assert said
    first = said.splitlines()[0]
    assert first.endswith((".", ":", "!", "?")), first
    assert text_of(name).startswith(('"""', "#!/")), "no header comes before it"


def test_every_public_class_and_function_says_what_it_does() -> None:
    silent = {
        place
        for place, node in (*functions("src"), *classes("src"))
        if not ast.get_docstring(node) and _is_public(place) and not _only_declares(node)
    }
    assert silent == set()


def test_classes_are_named_for_what_they_are() -> None:
    assert {place for place, node in classes(*ALL) if VAGUE_CLASS.search(node.name)} == set()


def test_functions_are_named_for_what_they_do() -> None:
    vague = {place for place, node in functions(*ALL) if VAGUE_FUNCTION.match(node.name)}
    assert vague == set(FOREIGN_NAMES)


def test_files_are_named_for_what_is_in_them() -> None:
    assert {name for name in python_files(*ALL) if VAGUE_FILE.search(name)} == set()


def test_everything_is_caught_at_the_edges_only() -> None:
    found = {
        name
        for name in python_files("src")
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node)
    }
    assert found == set(EDGES)


def test_nothing_is_printed() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name in python_files("src")
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("print", "breakpoint", "pprint")
    ]
    assert found == []


def test_all_data_is_typed() -> None:
    untyped = {
        place
        for place, node in functions("src")
        if node.returns is None
        or any(
            argument.annotation is None and argument.arg not in ("self", "cls")
            for argument in _all_arguments(node)
        )
    }
    assert untyped == set()


def _lines(node: Function) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def _all_arguments(node: Function) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _arguments(node: Function) -> int:
    return sum(argument.arg not in ("self", "cls") for argument in _all_arguments(node))


def _is_public(place: str) -> bool:
    """Return whether it is a public name of a module or of a public class."""
    names = place.partition(":")[2].split(".")
    of_module_or_class = len(names) == 1 or (len(names) == 2 and names[0][0].isupper())
    return of_module_or_class and not any(name.startswith("_") for name in names)


def _only_declares(node: ast.AST) -> bool:
    """Return whether it is a protocol's declaration: its name and type say it all."""
    return isinstance(node, Function) and [ast.unparse(one) for one in node.body] == ["..."]


def _catches_everything(node: ast.ExceptHandler) -> bool:
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))
        for kind in kinds
    )
