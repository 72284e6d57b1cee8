"""Paint with a running `impasto web`, from any program: PHOTO STYLE OUTPUT [ADDRESS]."""

import json
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any


def ask(address: str, body: bytes | None = None, kind: str = "application/json") -> Any:
    """Return what the server answers."""
    request = urllib.request.Request(address, body, {"Content-Type": kind})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def main(photo: str, style: str, output: str, server: str = "http://127.0.0.1:7460") -> None:
    """Send the photo, have it painted, follow the events and fetch the result."""
    data = Path(photo).read_bytes()
    name = urllib.parse.quote(Path(photo).name)
    sent = ask(f"{server}/api/pictures?name={name}", data, "application/octet-stream")
    wanted = {"kind": "stylize", "photo": sent["id"], "styles": [{"style": style}], "size": 768}
    job = ask(f"{server}/api/jobs", json.dumps(wanted).encode())
    with urllib.request.urlopen(f"{server}/api/jobs/{job['id']}/events") as events:
        for line in events:
            if line.startswith(b"data: "):
                job = json.loads(line[6:])
                print(job["state"], "" if job["eta"] is None else f"{job['eta']} s")
    if job["state"] != "done":
        raise SystemExit(job["message"])
    with urllib.request.urlopen(server + job["result"]) as result:
        Path(output).write_bytes(result.read())
    print(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
