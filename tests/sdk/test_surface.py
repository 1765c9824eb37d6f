"""The public surface: sorted, typed, light to import, and one door to the network."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import topmast

SOURCE = Path(topmast.__file__).parent


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_all_is_sorted_and_is_what_there_is() -> None:
    names = topmast.__all__
    constants = [name for name in names if name.isupper()]
    assert names == sorted(constants) + sorted(set(names) - set(constants))
    public = {name for name in vars(topmast) if not name.startswith("_")}
    assert set(names) == public - {path.stem for path in SOURCE.glob("*.py")}


def test_every_public_name_has_a_docstring() -> None:
    undocumented = [name for name in topmast.__all__ if name != "FINAL_PHASES" and not getattr(topmast, name).__doc__]
    assert undocumented == []


def test_typed() -> None:
    assert (SOURCE / "py.typed").exists()


def test_one_module_knows_the_http_library() -> None:
    assert [file.name for file in SOURCE.glob("*.py") if "httpx2" in imported(file)] == ["_transport.py"]


def test_only_the_standard_library_and_the_declared_few() -> None:
    known = set(sys.stdlib_module_names) | {"httpx2", "tqdm", "astropy"}
    found = {(file.name, name) for file in SOURCE.glob("*.py") for name in imported(file) - known}
    assert found == set()


def test_importing_loads_no_extra() -> None:
    code = "import sys, topmast, topmast.cli; print(*({'astropy', 'numpy', 'tqdm', 'pandas'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == ""


def test_only_the_command_line_prints() -> None:
    printing = [
        file.name
        for file in SOURCE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert set(printing) == {"cli.py"}
