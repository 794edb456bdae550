"""docs/architecture.md names every module that there is, and none that there is not."""

import re

from tests.unit.documents import HOME

PACKAGE = HOME / "src" / "bucketlink"
TEXT = (HOME / "docs" / "architecture.md").read_text("utf-8")


def named(text: str) -> set[str]:
    """Paths of modules and packages that stand as code, of those that begin at the package."""
    return set(re.findall(r"`((?:[a-z_0-9]+/)*[a-z_0-9]+(?:\.py|/))`", text))


def test_every_module_has_its_layer_and_there_is_none_that_is_gone() -> None:
    layers = named(TEXT.partition("\n## Layers\n")[2].partition("\n## ")[0])
    there = {f"{path.name}/" if path.is_dir() else path.name for path in PACKAGE.iterdir()}
    modules = {name for name in there if name.endswith(("/", ".py")) and not name.startswith("__")}
    assert modules - layers == {"sync/"}  # whose modules are in two layers
    assert [name for name in layers if not (PACKAGE / name).exists() and not (HOME / name).exists()] == []


def test_every_package_of_the_client_is_told() -> None:
    packages = {f"client/{path.parent.name}/" for path in (PACKAGE / "client").glob("*/__init__.py")}
    assert packages - named(TEXT) == set()
