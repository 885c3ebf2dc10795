"""Commands for those who answer for plate data: the ledger, retention, roles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtcc_analytics.cli.app import StoreOption, app, open_store, print_frame

audit_app = typer.Typer(
    help="The audit ledger: who searched plates, and why.", no_args_is_help=True, rich_markup_mode=None
)
retention_app = typer.Typer(
    help="How long plates are kept: plan, purge, prove.", no_args_is_help=True, rich_markup_mode=None
)
policy_app = typer.Typer(help="Who may do what, and which reasons do.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(audit_app, name="audit")
app.add_typer(retention_app, name="retention")
app.add_typer(policy_app, name="policy")

PolicyOption = Annotated[Path, typer.Option("--policy", metavar="FILE", help="Retention policy, TOML")]


@audit_app.command("show")
def audit_show(
    store: StoreOption,
    reason: Annotated[str, typer.Option(help="Why you look; kept in the ledger")],
    rows: Annotated[int, typer.Option(help="Newest rows shown")] = 50,
    case: Annotated[str, typer.Option(help="Only this case")] = "",
) -> None:
    """The ledger's newest rows, without plates; looking is recorded too."""
    from data_connectors.store import audit_report, policy

    opened = open_store(store)
    policy.require(opened, "read_ledger")
    found = audit_report.audit_rows(opened, reason=reason)
    found = found[found["case_no"] == case] if case else found
    columns = ["sequence", "ts_utc", "user", "action", "search", "case_no", "reason_code", "rows_returned", "outcome"]
    print_frame(found[columns].tail(rows), empty="the ledger is empty")


@audit_app.command("verify")
def audit_verify(
    store: Annotated[str, typer.Option("--store", envvar="RTCC_STORE", metavar="LOCATION", help="The store")] = "",
    exported: Annotated[Path | None, typer.Option(help="An exported ledger instead of a store's")] = None,
    head: Annotated[str, typer.Option(help="A head copied out earlier: is it still in the ledger?")] = "",
) -> None:
    """Recompute the ledger's chain; prints its head to copy elsewhere. Exits with 1 where it is broken."""
    from data_connectors.store import audit_report

    check = audit_report.verify_export(exported) if exported else open_store(store).verify_ledger()
    known = not head or (exported is None and audit_report.head_is_in(open_store(store), head))
    typer.echo(f"{check.rows} rows, chain {'holds' if check.holds else f'breaks at row {check.broken_at}'}")
    if not known:
        typer.echo("the head given is not in this ledger: it was rewritten or cut short since")
    typer.echo(f"head {check.head}")
    if not (check.holds and known):
        raise typer.Exit(1)


@audit_app.command("export")
def audit_export(
    target: Annotated[Path, typer.Argument(help="FILE.jsonl to write")],
    store: StoreOption,
    reason: Annotated[str, typer.Option(help="Why, such as the audit's number")],
) -> None:
    """Write the whole ledger, plates searched included, with the head of its chain."""
    from data_connectors.store import audit_report, policy

    opened = open_store(store)
    policy.require(opened, "read_ledger")
    check = audit_report.export_ledger(opened, target, reason=reason)
    typer.echo(f"{check.rows} rows in {target}\nhead {check.head}")


@audit_app.command("reasons")
def audit_reasons(store: StoreOption, reason: Annotated[str, typer.Option(help="Why you look")]) -> None:
    """Searches whose reason would not convince: empty, repeated, without a case, long look-backs."""
    from data_connectors.store import audit_report, policy

    opened = open_store(store)
    policy.require(opened, "read_ledger")
    rows = audit_report.audit_rows(opened, reason=reason)
    found = audit_report.reason_quality(rows, policy=policy.Policy.of(opened._place))
    print_frame(found.drop(columns="what"), empty="every search has a reason that says something")


@audit_app.command("transparency")
def audit_transparency(
    store: StoreOption,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for page, print and data")] = Path(
        "transparency"
    ),
) -> None:
    """A page for the public: searches by month, purpose and kind; small counts are suppressed."""
    from data_connectors.store import policy
    from rtcc_analytics.lpr.transparency import transparency_report
    from rtcc_analytics.report import save

    opened = open_store(store)
    policy.require(opened, "read_ledger")
    typer.echo(str(save(transparency_report(opened), out).html))


@retention_app.command("plan")
def retention_plan(store: StoreOption, policy: PolicyOption) -> None:
    """What a purge would remove now; nothing is changed."""
    from data_connectors.store import retention

    print_frame(retention.policy_frame(retention.plan(open_store(store), retention.RetentionPolicy.read(policy))))


@retention_app.command("purge")
def retention_purge(
    store: StoreOption,
    policy: PolicyOption,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the certificate here")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Remove what is older than the policy keeps, from every file, and check that it is gone."""
    from data_connectors.store import policy as roles
    from data_connectors.store import retention

    opened, kept = open_store(store), retention.RetentionPolicy.read(policy)
    roles.require(opened, "purge")
    rows = sum(o.rows for o in retention.plan(opened, kept))
    if not yes:
        typer.confirm(f"Remove {rows:,} rows for good?", abort=True)
    certificate = retention.purge(opened, kept)
    typer.echo(
        f"{sum(o.rows for o in certificate.removed):,} rows removed; {certificate.plates_gone:,} plates are in none of "
        f"{certificate.files_checked} files; certificate {certificate.certificate_id}"
    )
    if out:
        out.write_text(certificate.to_json() + "\n", encoding="utf-8")


@retention_app.command("certificate")
def retention_certificate(
    store: StoreOption,
    certificate_id: Annotated[str, typer.Argument(help="Which; the newest where left out")] = "",
) -> None:
    """Print a purge's certificate from the ledger: counts, windows and files, never plates."""
    from data_connectors.errors import RtccError
    from data_connectors.store import retention

    made = [c for c in retention.certificates(open_store(store)) if certificate_id in ("", c.certificate_id)]
    if not made:
        raise RtccError(f"the ledger holds no certificate {certificate_id or 'yet'}: rtcc retention purge makes one")
    typer.echo(made[-1].to_json())


@policy_app.command("roles")
def policy_roles() -> None:
    """Which role may do what."""
    from data_connectors.store.policy import role_frame

    print_frame(role_frame())


@policy_app.command("start")
def policy_start(store: StoreOption) -> None:
    """Write a policy.toml into the store's folder to start from."""
    from data_connectors.store.policy import FILE, write_example

    typer.echo(f"edit it: {write_example(open_store(store)._place.root / FILE)}")


@policy_app.command("grants")
def policy_grants(store: StoreOption) -> None:
    """Print the PostgreSQL script that makes the roles a boundary; run it as the database's owner."""
    from data_connectors.errors import RtccError
    from data_connectors.store.policy import Policy, grant_script

    place = open_store(store)._place
    if place.server is None:
        raise RtccError(
            "an embedded store has no database roles: its boundary is the folder's permissions (chmod 700, one owner). "
            "Give a postgresql:// store"
        )
    typer.echo(
        grant_script(database=place.server.database, data_path=str(place.root), members=Policy.of(place).members)
    )
