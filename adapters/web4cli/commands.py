"""`web4`: the group of all commands, and the reports of their errors.

Each command lives in a module of its own, which is imported when the command is named. This module
turns every expected error into one line and an exit code: 0 holds, 1 internal error, 2 usage, 3
inconclusive, 12 a safety property fails, 13 a liveness property fails; 128 plus the number of the
signal that has ended it.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version

import click

from web4adapters.errors import one_line
from web4cli.catalogue import COMMANDS
from web4cli.common import EXPECTED


def loaded(name: str) -> click.Command:
    """Import the command of this name."""
    command: click.Command = getattr(importlib.import_module(COMMANDS[name].module), name)
    return command


class LazyGroup(click.Group):
    """A group that knows its commands by their line of help, and imports one when it is named."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Put the command itself in the place of its line of help."""
        name, line, rest = super().resolve_command(ctx, args)
        return name, line if name is None else loaded(name), rest


@click.group(
    cls=LazyGroup,
    commands=[click.Command(name, help=entry.help) for name, entry in COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
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


def carry_out() -> int:
    """Run `web4`; its exit code. A signal that ends it is raised, as `KeyboardInterrupt`."""
    try:
        code = commands(prog_name="web4", standalone_mode=False)
    except click.Abort as abort:
        cause = abort.__cause__ or abort.__context__
        if isinstance(cause, KeyboardInterrupt):
            raise cause from None
        click.echo("web4: aborted", err=True)
        return 1
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except EXPECTED as error:
        click.echo(f"web4: {one_line(error)}", err=True)
        return 1
    return code if isinstance(code, int) else 0
