"""The IAM verbs that gcloud has, for every kind of resource that takes a policy (SPEC 1.9)."""

import click

from binauthz.cli.documents import read_document
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Json, Session, directory_option
from binauthz.cli.verbs import Kind

_member = click.option("--member", required=True, metavar="MEMBER", help="For example `user:dev@example.com`.")
_role = click.option("--role", required=True, metavar="ROLE", help="For example `roles/viewer`.")
_dry_run = click.option("--dry-run", is_flag=True, help="Print the policy that would be set, and set nothing.")


def add_iam_verbs(group: click.Group, kind: Kind, *, reads_by: str = "GET") -> None:
    """Give a group its IAM verbs; ``reads_by`` is how getIamPolicy is asked, which differs between APIs (SPEC 0.1)."""

    def current(session: Session, name: str) -> tuple[str, Json]:
        path = f"/v1/{kind.full_name(session, name)}"
        body: Json | None = {} if reads_by == "POST" else None
        return path, session.call(reads_by, f"{path}:getIamPolicy", body)

    @group.command("get-iam-policy")
    @kind.named
    @directory_option
    @format_option("yaml")
    def get(directory: str | None, style: str, name: str = "") -> None:
        """Print the IAM policy."""
        show(current(Session.open(directory), name)[1], style)

    @group.command("set-iam-policy")
    @kind.named
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
    @directory_option
    @format_option("yaml")
    def replace(file: str, directory: str | None, style: str, name: str = "") -> None:
        """Replace the IAM policy by FILE (YAML or JSON; `-` is stdin). An etag in it must be the current one."""
        document = read_document(file)
        session = Session.open(directory)
        path = f"/v1/{kind.full_name(session, name)}:setIamPolicy"
        show(session.call("POST", path, {"policy": document}), style)

    @group.command("add-iam-policy-binding")
    @kind.named
    @_member
    @_role
    @_dry_run
    @directory_option
    @format_option("yaml")
    def add(member: str, role: str, dry_run: bool, directory: str | None, style: str, name: str = "") -> None:
        """Grant ROLE to MEMBER."""
        session = Session.open(directory)
        path, policy = current(session, name)
        bindings = policy.setdefault("bindings", [])
        binding = next((each for each in bindings if each["role"] == role), None)
        if binding is None:
            binding = {"role": role, "members": []}
            bindings.append(binding)
        if member not in binding["members"]:
            binding["members"].append(member)
        show(policy if dry_run else session.call("POST", f"{path}:setIamPolicy", {"policy": policy}), style)

    @group.command("remove-iam-policy-binding")
    @kind.named
    @_member
    @_role
    @_dry_run
    @directory_option
    @format_option("yaml")
    def remove(member: str, role: str, dry_run: bool, directory: str | None, style: str, name: str = "") -> None:
        """Take ROLE away from MEMBER."""
        session = Session.open(directory)
        path, policy = current(session, name)
        binding = next((each for each in policy.get("bindings", []) if each["role"] == role), None)
        if binding is None or member not in binding.get("members", []):
            raise click.ClickException(f"`{member}` does not hold `{role}` here")
        binding["members"].remove(member)
        policy["bindings"] = [each for each in policy["bindings"] if each["members"]]
        show(policy if dry_run else session.call("POST", f"{path}:setIamPolicy", {"policy": policy}), style)

    @group.command("test-iam-permissions")
    @kind.named
    @click.argument("permissions", nargs=-1, required=True)
    @directory_option
    @format_option("yaml")
    def test(permissions: tuple[str, ...], directory: str | None, style: str, name: str = "") -> None:
        """Print which of PERMISSIONS the caller holds."""
        session = Session.open(directory)
        path = f"/v1/{kind.full_name(session, name)}:testIamPermissions"
        show(session.call("POST", path, {"permissions": list(permissions)}), style)
