"""The ``binauthz`` command: one group whose command modules are imported when they are used (DESIGN section 7).

Exit codes: 0 done or admitted, 1 an error of ours or the caller's, 2 refused or non-conformant, 3 could not tell.
"""

import importlib
import sys
from typing import TYPE_CHECKING

import click

from binauthz import __version__
from binauthz.cli.output import talk

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "up": ("binauthz.cli.up", "Run a laptop installation: control plane and local cluster."),
    "serve": ("binauthz.cli.serve", "Run the control plane alone."),
    "env": ("binauthz.cli.env", "Print what gcloud and kubectl need to use this installation."),
    "policy": ("binauthz.cli.policy", "Export, import, check and compare the project's policy."),
    "platform-policies": ("binauthz.cli.platform_policies", "Manage and evaluate platform policies."),
    "continuous-validation": ("binauthz.cli.continuous_validation", "Say whether running Pods are checked again."),
    "attestors": ("binauthz.cli.attestors", "Manage attestors, their notes and public keys."),
    "attestations": ("binauthz.cli.attestations", "Sign, create, list and verify attestations."),
    "notes": ("binauthz.cli.notes", "Manage notes, which attestations hang off."),
    "occurrences": ("binauthz.cli.occurrences", "Manage occurrences of every kind."),
    "keys": ("binauthz.cli.keys", "Generate signing keys."),
    "kms": ("binauthz.cli.kms", "Keep signing keys on the server, and sign with them."),
    "clusters": ("binauthz.cli.clusters", "Create, change and delete local clusters, and get credentials for any."),
    "memberships": (
        "binauthz.cli.memberships",
        "Register clusters with the fleet, and get credentials for its members.",
    ),
    "fleet": ("binauthz.cli.fleet", "Set up the project's fleet, which clusters are members of."),
    "operations": ("binauthz.cli.operations", "List and cancel operations on clusters."),
    "artifacts": ("binauthz.cli.artifacts", "Look into the container registries that the server reads."),
    "locations": ("binauthz.cli.locations", "List the locations where the project has something."),
    "projects": ("binauthz.cli.projects", "List projects, and say who may do what."),
    "services": ("binauthz.cli.services", "List, enable and disable APIs."),
    "tokens": ("binauthz.cli.tokens", "Issue, list and revoke bearer tokens."),
    "evaluate": ("binauthz.cli.evaluate", "Ask whether images or manifests would be admitted."),
    "explain": ("binauthz.cli.explain", "Say why an image would be admitted or refused."),
    "logs": ("binauthz.cli.logs", "Read, write, list and delete logs."),
    "api": ("binauthz.cli.api", "Call any served method, and list them."),
    "completion": ("binauthz.cli.completion", "Print a shell's completion script."),
    "doctor": ("binauthz.cli.doctor", "Print what is in force, and what is wrong."),
}

OK, FAILED, REFUSED, UNKNOWN = 0, 1, 2, 3


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"`{cmd_name}` is not a command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Commands by their table, without importing them."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - start-up time

        named = {name: text for name, (_, text) in _COMMANDS.items() if name.startswith(incomplete)}
        return [CompletionItem(name, help=text) for name, text in named.items()] or super().shell_complete(
            ctx, incomplete
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="binauthz")
def command() -> None:
    """Binary Authorization anywhere.

    \b
    Start here:
      binauthz up                      run everything on this machine
      eval "$(binauthz env)"           point gcloud and kubectl at it
      gcloud container clusters get-credentials --zone us-central1-a local-cluster
      kubectl run hello --image IMAGE@sha256:DIGEST
    """


def main() -> None:
    """Run the command line; usage errors end with 1, because 2 means refused."""
    try:
        code = command.main(prog_name="binauthz", standalone_mode=False)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.Abort:
        click.echo("aborted", err=True)
        code = FAILED
    except click.UsageError as error:
        error.show()
        code = FAILED
    except click.ClickException as error:
        # A message may repeat what a server or a file said.
        talk(f"Error: {error.format_message()}")
        code = FAILED
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; there is nobody left to tell.
        sys.stderr.close()
        code = FAILED
    except OSError as error:
        talk(f"Error: `{error.filename}`: {error.strerror}" if error.filename else f"Error: {error}")
        code = FAILED
    sys.exit(code if isinstance(code, int) else OK)
