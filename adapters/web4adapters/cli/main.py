"""`web4`: the commands, and how their errors are told.

Each command lives in a module of its own; this one joins them, and turns every expected error into
one line and an exit code: 0 holds, 1 internal error, 2 usage, 3 inconclusive, 12 a safety property
fails, 13 a liveness property fails.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import click

from web4adapters.cli.audit import audit
from web4adapters.cli.bench import bench
from web4adapters.cli.check import check
from web4adapters.cli.demo import demo
from web4adapters.cli.explore import replay
from web4adapters.cli.federation import init, run, status
from web4adapters.cli.ledger import account, transfer
from web4adapters.cli.playground import playground
from web4adapters.cli.simulate import simulate
from web4adapters.cli.verify import export, verify
from web4adapters.client import ClientError, Refused
from web4adapters.config import ConfigError
from web4adapters.demo import ProcessFailed
from web4adapters.signers import GuardError, KeyFileError
from web4adapters.storage import StorageError
from web4adapters.verify import SourceError
from web4core.errors import LocalProtocolError, RemoteProtocolError

EXPECTED = (
    ClientError,
    ConfigError,
    GuardError,
    KeyFileError,
    LocalProtocolError,
    ProcessFailed,
    Refused,
    RemoteProtocolError,
    SourceError,
    StorageError,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("web4"), prog_name="web4")
def commands() -> None:
    """A federation of platforms that agrees on transfers of ATP.

    \b
    See it work:            web4 demo
    Play with it:           web4 playground
    Make a federation:      web4 init federation
    Run a platform:         web4 run federation/thor/platform.toml
    Move ATP:               web4 transfer send alice@thor carol@thor 5
    Across platforms:       web4 transfer lock alice@thor bob@sprout 200
    Check a chain offline:  web4 verify federation/thor
    Audit what was done:    web4 audit federation
    Prove the code:         web4 check prove
    Explore its states:     web4 check explore
    Try it under faults:    web4 simulate

    Client commands look for the federation in --federation, $WEB4_FEDERATION, or ./federation.
    """


for _command in (
    account,
    audit,
    bench,
    check,
    demo,
    export,
    init,
    playground,
    replay,
    run,
    simulate,
    status,
    transfer,
    verify,
):
    commands.add_command(_command)


def main() -> None:
    """Run `web4`."""
    try:
        commands(prog_name="web4")
    except EXPECTED as error:
        click.echo(f"web4: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"web4: {error.filename or 'the system'}: {error.strerror}", err=True)
        sys.exit(1)
