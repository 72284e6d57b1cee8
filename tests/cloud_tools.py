"""A real S3 server on loopback, for the tests of addresses and clusters."""

import os
import socket
import urllib.request

import pytest

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "impasto",
    "AWS_SECRET_ACCESS_KEY": "nothing-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class Cloud:
    """The server, and what is in it.

    Args:
        url: at which it listens.
    """

    def __init__(self, url):
        import s3fs

        self.url = url
        self.files = s3fs.S3FileSystem(endpoint_url=url, use_listings_cache=False)
        self.number = 0

    def bucket(self):
        """Make a bucket of a new name and return that."""
        self.number += 1
        self.files.mkdir(f"bucket-{self.number}")
        return f"bucket-{self.number}"

    def keys(self, place):
        """Return the names of all objects below a place."""
        self.files.invalidate_cache()
        return sorted(self.files.find(place))

    def lock(self, *, after):
        """Let the server refuse credentials that it does not know, after so many requests."""
        request = urllib.request.Request(
            f"{self.url}/moto-api/reset-auth",
            data=str(after).encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()


@pytest.fixture(scope="session")
def cloud_server():
    """An S3 server that all tests of a process share."""
    server = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = server.ThreadedMotoServer("127.0.0.1", port, verbose=False)
    running.start()
    before = dict(os.environ)
    url = f"http://127.0.0.1:{port}"
    os.environ.update(CREDENTIALS, AWS_ENDPOINT_URL=url)  # of the workers, too
    yield Cloud(url)
    running.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def cloud(cloud_server):
    """The S3 server, open to all."""
    yield cloud_server
    cloud_server.lock(after=10**9)
