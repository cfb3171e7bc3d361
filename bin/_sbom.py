"""Write what EventFlow is made of to stdout, as CycloneDX JSON. `bin/sbom` starts this.

It reads requirements.txt and the folders of static/vendor, and needs no network.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(
    r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)([^\n]*(?:\n    --hash=[^\n]+)*)", re.MULTILINE
)


def packages() -> Iterator[Component]:
    """The packages that pip installs, with the checksums of every archive that it accepts."""
    for name, version, rest in PINNED.findall((ROOT / "requirements.txt").read_text()):
        hashes = [
            HashType(alg=HashAlgorithm.SHA_256, content=digest)
            for digest in re.findall(r"sha256:([0-9a-f]{64})", rest)
        ]
        yield component("pypi", name, version, hashes)


def browser_files() -> Iterator[Component]:
    for folder in sorted((ROOT / "static/vendor").iterdir()):
        if folder.is_dir():
            name, _dash, version = folder.name.rpartition("-")
            yield component("npm", name, version, [])


def component(kind: str, name: str, version: str, hashes: list[HashType]) -> Component:
    purl = PackageURL(kind, None, name, version)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        purl=purl,
        bom_ref=str(purl),
        hashes=hashes,
    )


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bom = Bom(components=[*packages(), *browser_files()])
    bom.metadata.component = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        bom_ref="eventflow",
    )
    bom.register_dependency(bom.metadata.component, bom.components)
    sys.stdout.write(JsonV1Dot6(bom).output_as_string(indent=2) + "\n")


main()
