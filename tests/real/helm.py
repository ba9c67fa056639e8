"""The book's values for the JupyterHub chart, by the chart's own schema.

    .venv/bin/python tests/real/helm.py FOLDER

FOLDER is ``jupyterhub/`` of the chart's source (zero-to-jupyterhub-k8s), which has the schema and
the values that ours are put on top of.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import jsonschema
import yaml

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

from pages import block  # noqa: E402  (it is what tests share)


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """The values as Helm puts ours on top of the chart's."""
    both = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            both[key] = merged(below[key], above[key])
    return both


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chart", type=Path, metavar="FOLDER")
    chart: Path = parser.parse_args().chart
    schema = yaml.safe_load((chart / "values.schema.yaml").read_text(encoding="utf-8"))
    values = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    ours = yaml.safe_load(block("course.md", "yaml", "singleuser:"))
    validator = jsonschema.Draft7Validator(schema)
    faults = [f"{e.json_path}: {e.message}" for e in validator.iter_errors(merged(values, ours))]
    print("\n".join(faults) or "The values are valid.")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
