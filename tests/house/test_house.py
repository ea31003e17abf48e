"""The rules of the house that no linter checks."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import trialist
from trialist import errors

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "trialist").rglob("*.py"))
BANNED_WORDS = {"process", "handle", "manage", "info", "util", "helper", "manager", "impl", "legacy"}


def test_the_door_is_sorted_and_everything_behind_it_is_there():
    assert trialist.__all__ == sorted(trialist.__all__)
    assert sorted(trialist._HOMES) == trialist.__all__
    for name in trialist.__all__:
        assert getattr(trialist, name) is not None
    with pytest.raises(AttributeError):
        trialist.Frobnicator  # noqa: B018  # looked at for its error
    assert set(trialist.__all__) <= set(dir(trialist))


def test_importing_the_package_loads_nothing():
    code = "import sys; before = set(sys.modules); import trialist; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = {name for name in done.stdout.split() if name.startswith("trialist") or "." not in name}
    assert {name for name in loaded if name.startswith("trialist")} == {"trialist"}
    assert not loaded & {"orjson", "sqlite3", "zstandard", "json", "tqdm", "dataclasses"}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_are_short(file):
    assert len(file.read_text().splitlines()) < 800


def test_every_error_is_in_the_tree_and_has_a_code_of_its_own():
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]
    assert all(kind.__name__.endswith("Error") for kind in kinds)
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert kind.__name__ in (errors.__doc__ or "")
        assert kind is errors.TrialistError or issubclass(kind, errors.TrialistError)


def test_names_are_the_field_s_and_not_a_programmer_s():
    found = []
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                words = set(re.findall(r"[A-Z]?[a-z]+", node.name.replace("_", " ")))
                if {word.lower() for word in words} & BANNED_WORDS:
                    found.append(f"{file.name}: {node.name}")
    assert found == []
    folders = {folder.name for folder in (ROOT / "src" / "trialist").rglob("*") if folder.is_dir()}
    assert not folders & {"utils", "helpers", "common", "core", "services", "models"}


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert version("trialist") == trialist.__version__


def test_every_module_can_be_imported_alone():
    names = [".".join(file.relative_to(ROOT / "src").with_suffix("").parts) for file in SOURCES]
    for name in names:
        if not name.endswith("__main__"):
            assert importlib.import_module(name.removesuffix(".__init__"))


def test_the_generated_reference_is_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "build.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_settings_and_commands_and_errors_are_documented():
    from trialist.cli.main import EXIT_CODES
    from trialist.settings import SETTINGS

    reference = "\n".join(file.read_text() for file in (ROOT / "docs" / "reference").glob("*.md"))
    for setting in SETTINGS:
        assert setting.variable in reference
    for kind in EXIT_CODES:
        assert kind.__name__ in reference
        assert f"`{kind.code}`" in reference


def test_every_problem_code_is_documented_and_written_somewhere():
    reference = (ROOT / "docs" / "reference" / "problems.md").read_text()
    texts = [file.read_text() for file in SOURCES if file.name != "errors.py"]
    for code in errors.PROBLEM_CODES:
        assert f"`{code}`" in reference
        assert any(f'"{code}' in text for text in texts), f"nothing writes {code}"


def test_the_container_is_built_from_all_that_the_package_is_built_from() -> None:
    """An image's build sees only what is copied for it, and needs the compiler that a slim image lacks."""
    lines = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8").splitlines()
    copied = {name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"pyproject.toml", "uv.lock", "src", *project["build-system"]["backend-path"]} <= copied
    assert project["project"]["readme"] in copied
    assert any(line.startswith("RUN apt-get") and " gcc " in line for line in lines)
