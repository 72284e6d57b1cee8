"""Listening, until Ctrl-C."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import warnings
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from impasto.core.errors import ConfigError, first_line
from impasto.core.memory import parse_size
from impasto.io.paths import cache_folder
from impasto.web.app import create_app
from impasto.web.connections import PunctualProtocol
from impasto.web.job_queue import JobQueue
from impasto.web.jobs import Timing
from impasto.web.options import HOME_PORT, LOCAL, WebOptions
from impasto.web.orders import order_example
from impasto.web.store import Store

CONNECTIONS = 1000
"""At the same time, at most. Those that say nothing are closed; see `PunctualProtocol`."""


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def serve(
    options: WebOptions,
    tell: Callable[[str, str | None], None],
    ending: Callable[[], None] = lambda: None,
) -> Path:
    """Serve the page until Ctrl-C or SIGTERM; return the folder of what was painted.

    Args:
        options: where to listen and how much to keep.
        tell: called with the page's address, and with a warning or None, as soon as it answers.
        ending: called if a painting must still come to its end before this returns; another
            Ctrl-C then gives it up.

    Raises:
        ConfigError: the port is taken, or the folder cannot be used.
    """
    listening = listen(options.host, options.port)
    port = int(listening.getsockname()[1])
    folder = options.folder or cache_folder() / "web"
    with contextlib.closing(listening):
        store = Store(folder, options.keep_hours * 3600, parse_size(options.disk))
        token = None if options.is_local else store.token()
        queue = JobQueue(store, Timing(folder / "timing.json"), options.queue)
        # FastAPI hides this warning while the application is made; meanwhile the painter's thread
        # may have put the filters of warnings back.
        warnings.filterwarnings("ignore", message="The 'alias' attribute with value")
        app = create_app(queue, hosts=LOCAL if options.is_local else None, token=token)
        order_example(queue)  # so that it is there before the browser is
        address = _address(options.host, port, token)

        def ready() -> None:
            tell(address, None if token is None else _warning(options.host))
            if options.open:
                webbrowser.open(address)

        logging.getLogger("impasto.web").addHandler(logging.StreamHandler())
        config = uvicorn.Config(
            app,
            http=PunctualProtocol,
            backlog=CONNECTIONS,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=1,
            lifespan="off",
            ws="none",
        )
        try:
            with _interruptible():
                _Server(config, ready).run([listening])
        except KeyboardInterrupt:
            pass
        finally:
            if queue.is_working:
                ending()
            with contextlib.suppress(KeyboardInterrupt):
                queue.close()
    return store.folder


def listen(host: str, port: int | None) -> socket.socket:
    """Return a listening socket.

    Raises:
        ConfigError: the port is taken, or the address is not this computer's.
    """
    ports = (HOME_PORT, 0) if port is None else (port,)
    for wanted in ports:
        try:
            return _bind(host, wanted)
        except (OSError, UnicodeError, TypeError) as error:  # of names that are too long
            if wanted == ports[-1]:
                raise ConfigError(_why_not(host, wanted, error)) from error
    raise AssertionError("the last port either works or raises")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(CONNECTIONS)
    except (OSError, UnicodeError, TypeError):
        bound.close()
        raise
    return bound


def _why_not(host: str, port: int, error: Exception) -> str:
    if isinstance(error, socket.gaierror | UnicodeError | TypeError):
        return f"--host {host}: this is no address of this computer"
    if isinstance(error, PermissionError):
        return f"--port {port}: not allowed; take one above 1023"
    if isinstance(error, OSError) and "in use" in str(error).lower():
        return f"--port {port} is taken; choose another, or leave it out for a free one"
    return f"cannot listen on {host}:{port} ({first_line(error)})"


def _address(host: str, port: int, token: str | None) -> str:
    name = host
    if host in ("0.0.0.0", "::"):  # noqa: S104  (compared, not bound)
        name = _outer_address() or socket.gethostname()
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}:{port}/" + ("" if token is None else f"?token={token}")


def _outer_address() -> str | None:
    """Return the address by which others reach this computer; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _warning(host: str) -> str:
    return (
        f"listening on {host}: others in this network can reach the page if they know this address "
        "with its token; it is not encrypted"
    )


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM end the server as Ctrl-C does."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {sign: signal.signal(sign, handle) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
