"""``binauthz completion``."""

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL: commands, options, and names that the server knows.

    \b
    Use it as:
      eval "$(binauthz completion bash)"                       in ~/.bashrc
      eval "$(binauthz completion zsh)"                        in ~/.zshrc
      binauthz completion fish > ~/.config/fish/completions/binauthz.fish
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - start-up time

    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"there is no completion for {shell}")
    # The script asks back through the variable that click reads at the start of `binauthz`.
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, "binauthz", "_BINAUTHZ_COMPLETE").source())
