"""`web4 playground`: the protocol to play with, in a browser on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from web4cli.common import FOLDER

DEFAULT = Path("node_modules/pyodide")
PYODIDE_VERSION = "314.0.7"
INSTALL = f"npm install --no-save --no-package-lock pyodide@{PYODIDE_VERSION}"


@click.command()
@click.option(
    "--pyodide",
    type=FOLDER,
    default=DEFAULT,
    show_default=True,
    help="The folder of the npm package `pyodide`.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8484, show_default=True)
def playground(pyodide: Path, port: int) -> None:
    """Play with a federation of four in a browser.

    The page runs the installed core in WebAssembly, and fetches nothing but from this command.
    Drop and delay messages, crash platforms, let timers run out, and see locks, certificates,
    views and balances; or step through a counterexample of `web4 check explore`.

    \b
    Before the first time:
    npm install --no-save --no-package-lock pyodide@314.0.7
    """
    from web4lab.playground.server import MissingPyodide, server

    try:
        serving = server(pyodide, port)
    except MissingPyodide as error:
        raise click.ClickException(f"{error}; `{INSTALL}` makes {DEFAULT}") from None
    with serving:
        host, taken = serving.server_address[:2]
        click.echo(f"http://{host!s}:{taken}/ (Ctrl-C ends it)")
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            click.echo("ended", err=True)
