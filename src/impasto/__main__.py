"""`python -m impasto`."""

from impasto.cli.app import run

run()
