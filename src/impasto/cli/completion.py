"""`impasto --install-completion`: let the shell complete commands, options and choices."""

from __future__ import annotations

from typing import Literal

from cyclopts import App

from impasto.core.errors import ConfigError

Shell = Literal["zsh", "bash", "fish", "powershell"]


def add_completion(app: App) -> None:
    """Add the command."""

    def install(*, shell: Shell | None = None) -> int:
        """Let the shell complete commands, options and choices.

        Writes a script to where the shell looks for it, and a line to its start-up file.

        Parameters
        ----------
        shell
            The shell in which this is called, if not given.
        """
        from cyclopts.completion.detect import ShellDetectionError

        try:
            path = app.install_completion(shell=shell)
        except ShellDetectionError as error:
            raise ConfigError("cannot tell which shell this is; name it with --shell") from error
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}"
            raise ConfigError(f"the completion cannot be installed ({reason})") from error
        print(f"{path}\nopen a new shell, and complete with Tab")
        return 0

    app.command(App(name="--install-completion", default_command=install))
