"""The page: paint in the browser. Needs the `web` extra; only `impasto.cli.web` imports it."""
