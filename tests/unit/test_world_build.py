"""What draws the world when the package is built: not twice, and not silently where it cannot."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import trialist

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
PACKAGE = Path(trialist.__file__).parent


@pytest.fixture
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("world_of_the_build", FRONTEND / "world.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def inputs(tmp_path, builder) -> Path:
    folder = tmp_path / "inputs"
    folder.mkdir()
    for name in builder.INPUTS:
        (folder / name).write_bytes((FRONTEND / name).read_bytes())
    return folder


@pytest.fixture
def runs(builder, monkeypatch):
    """Node's runs, told instead of made; the second of a build writes what it is asked for."""
    found: list[tuple[str, ...]] = []

    def run(work, *arguments):
        found.append(arguments)
        assert (work / "package-lock.json").exists()
        if arguments[0] == "world.mjs":
            for name in arguments[1:]:
                Path(name).write_text("drawn")

    monkeypatch.setattr(builder, "_run", run)
    monkeypatch.setattr(builder, "_npm", lambda: "npm-cli.js")
    return found


def test_it_is_drawn_once(builder, inputs, runs, tmp_path):
    assert builder.make_world(inputs, tmp_path / "world")
    assert [arguments[:2] for arguments in runs] == [
        ("npm-cli.js", "ci"),
        ("world.mjs", str(tmp_path / "world" / "pages" / "static" / "world.svg")),
    ]
    assert not builder.make_world(inputs, tmp_path / "world")
    assert len(runs) == 2


@pytest.mark.parametrize("name", ["package.json", "package-lock.json", "world.mjs"])
def test_another_input_draws_it_again(builder, inputs, runs, tmp_path, name):
    builder.make_world(inputs, tmp_path / "world")
    (inputs / name).write_text("another")
    assert builder.make_world(inputs, tmp_path / "world")


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_text("spoiled")])
def test_a_lost_or_changed_output_draws_it_again(builder, inputs, runs, tmp_path, spoil):
    builder.make_world(inputs, tmp_path / "world")
    spoil(tmp_path / "world" / "views" / "atlas" / "countries.json")
    assert builder.make_world(inputs, tmp_path / "world")


def test_without_npm_the_build_says_what_to_do(builder, inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "_node", lambda: Path(sys.executable))
    failing = tmp_path / "npm-cli.js"
    failing.write_text("import sys; sys.exit('getaddrinfo ENOTFOUND registry.npmjs.org')")
    monkeypatch.setattr(builder, "_npm", lambda: str(failing))
    with pytest.raises(SystemExit, match=r"(?s)maps could not be built: npm-cli.js.*ENOTFOUND.*npm registry"):
        builder.make_world(inputs, tmp_path / "world")
    assert not (tmp_path / "world").exists()


def test_what_is_pinned_is_pinned_exactly_and_with_its_digest():
    asked = json.loads((FRONTEND / "package.json").read_text())["dependencies"]
    locked = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]
    for name, version in asked.items():
        assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version)
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all(one["integrity"].startswith("sha512-") for key, one in locked.items() if key)


def test_the_package_has_its_world():
    table = json.loads((PACKAGE / "views" / "atlas" / "countries.json").read_text())
    names = {country["name"] for country in table["countries"]}
    assert {"Germany", "Singapore", "Malta", "Brazil"} <= names
    assert all(-90 <= one["lat"] <= 90 and -180 <= one["lon"] <= 180 for one in table["countries"])
    drawing = (PACKAGE / "pages" / "static" / "world.svg").read_text()
    assert drawing.count("<path") == len(table["countries"])
    assert f'viewBox="0 0 {table["width"]} {table["height"]}"' in drawing
    assert "<script" not in drawing
