"""Operations of Service Usage, by unguessable names, and of fleets, by their projects (google.longrunning).

All of them are over when their callers are given them: there is nothing left to cancel, and what deleting removes is
the record alone.
"""

from binauthz.base import names
from binauthz.services import fleet_operations
from binauthz.services.authorization import demand
from binauthz.services.context import Context
from binauthz.services.names import not_found, project_of
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import Operation


async def get_operation(ctx: Context, name: str) -> Operation:
    """One operation; raises NOT_FOUND."""
    if name.startswith("projects/"):
        return await fleet_operations.get_operation(ctx, name)
    return await ctx.store.read(lambda tx: _of_services(tx, name))


async def delete_operation(ctx: Context, name: str) -> None:
    """Forget an operation; what it did stays done."""
    operation = await get_operation(ctx, name)

    def body(tx: Writer) -> None:
        _demand(tx, ctx, operation, "delete")
        tx.delete(Operation, operation.name)

    await ctx.store.write(body)


async def cancel_operation(ctx: Context, name: str) -> None:
    """Cancel what is left of an operation, which is nothing: it stays done, as its caller can see by getting it."""
    operation = await get_operation(ctx, name)
    await ctx.store.read(lambda tx: _demand(tx, ctx, operation, "cancel"))


def owner(tx: Reader, name: str) -> str:
    """The project whose operation has the name; empty where there is none."""
    operation = tx.get(Operation, name)
    return "" if operation is None else _owner(operation)


def _owner(operation: Operation) -> str:
    return project_of(operation.name) or project_of(operation.metadata["resourceNames"][0])


def _of_services(tx: Reader, name: str) -> Operation:
    names.OPERATION.parse(name)
    operation = tx.get(Operation, name)
    if operation is None:
        raise not_found(name)
    return operation


def _demand(tx: Reader, ctx: Context, operation: Operation, verb: str) -> None:
    of_fleet = operation.name.startswith("projects/")
    resource = operation.name if of_fleet else _owner(operation)
    demand(tx, ctx.caller, f"{'gkehub' if of_fleet else 'serviceusage'}.operations.{verb}", resource)
