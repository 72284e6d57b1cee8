"""`python -m impasto`."""

from impasto.cli.start import run

run()
