"""The project's files say what the tree holds, and importing does nothing."""

import subprocess
import sys
import tomllib

import pytest

ROOMS = ("datasets", "generator", "detectors", "eval", "reports")
HEAVY = ("torch", "numba", "sklearn", "matplotlib", "timm", "facenet_pytorch", "decord", "av", "pandas")


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text())


def test_every_package_in_the_tree_is_listed(repository, project):
    found = {
        "tellbench",
        *(f"tellbench.{p.name}" for p in (repository / "tellbench").iterdir() if (p / "__init__.py").exists()),
    }
    for room in ROOMS:
        for init in (repository / room).rglob("__init__.py"):
            found.add(".".join(("tellbench", *init.parent.relative_to(repository).parts)))
    assert found == set(project["tool"]["setuptools"]["packages"])


def test_every_shipped_weight_is_package_data(repository, project):
    data = project["tool"]["setuptools"]["package-data"]
    for weights in repository.glob("**/weights/*.safetensors"):
        if ".venv" in weights.parts or "build" in weights.parts:
            continue
        package = ".".join(("tellbench", *weights.parents[1].relative_to(repository).parts))
        assert "weights/*.safetensors" in data[package]


def test_weights_and_tree_keep_their_budgets(repository):
    files = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=True).stdout
    sizes = {
        name: (repository / name).stat().st_size for name in files.split("\0") if name and (repository / name).exists()
    }
    if not sizes:
        pytest.skip("not a git checkout with tracked files")
    assert sum(sizes.values()) < 30e6
    assert sum(size for name, size in sizes.items() if name.endswith(".safetensors")) < 20e6


@pytest.mark.parametrize(
    "module", ["tellbench", "tellbench.cli", "tellbench.registry", *(f"tellbench.{r}" for r in ROOMS)]
)
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"


@pytest.mark.parametrize("words", [["--help"], ["ls"], ["generate", "--help"]])
def test_help_and_ls_load_no_torch(words):
    code = f"""
import sys
from tellbench.cli import app
sys.argv = ['tellbench', *{words!r}]
try:
    app()
except SystemExit:
    print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "HEAVY []" in shown
