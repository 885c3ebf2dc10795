"""Commands about live matching: watch a spool and a webhook, take up and close alerts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtcc_analytics.cli.app import StoreOption, app, open_store, print_frame
from rtcc_analytics.cli.lpr_commands import CaseOption, ReasonOption, _purpose

alerts_app = typer.Typer(
    help="Alerts of wanted plates. Verify before stop.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(alerts_app, name="alerts")


@app.command()
def watch(
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    spool: Annotated[Path, typer.Option(metavar="DIR", help="Folder of waiting reads: one subfolder a profile")],
    port: Annotated[int, typer.Option(help="Also take reads by HTTP on this port; 0 for files alone")] = 0,
    host: Annotated[
        str, typer.Option(help="Address to listen on; put a TLS proxy before any but this machine's")
    ] = "127.0.0.1",
    profile: Annotated[list[str] | None, typer.Option("--profile", help="Profiles taken by HTTP; repeat")] = None,
    category: Annotated[
        list[str] | None, typer.Option("--category", help="Categories allowed; all where left out")
    ] = None,
    token: Annotated[
        str, typer.Option(envvar="RTCC_WEBHOOK_TOKEN", help="The webhook's token, best in the environment")
    ] = "",
    once: Annotated[bool, typer.Option("--once", help="Take what is waiting and stop")] = False,
) -> None:
    """Match reads against the lists as they arrive, alert, then store them. Stop with Ctrl-C; nothing is lost.

    Write a file elsewhere and rename it into the spool, each under a name of its own: one half written waits until it
    has not changed for two seconds.
    """
    import threading

    from rtcc_analytics.lpr.watching import Handled, Watcher
    from rtcc_analytics.lpr.webhook import webhook

    watcher = Watcher(
        open_store(store), _purpose(case, reason, "live matching", ""), spool, tuple(category) if category else None
    )

    def tell(done: Handled) -> None:
        typer.echo(
            f"{done.files} files, {done.reads:,} reads, {done.alerts} alerts, {done.refused} refused, "
            f"{done.oldest_s:.2f} s"
        )

    if once:
        tell(watcher.once())
        return
    if port:
        server = webhook(spool, token=token, profiles=tuple(profile or ()), host=host, port=port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        typer.echo(f"listening on {host}:{server.server_port}")
    watcher.run(stop=lambda: False, tell=tell, say=typer.echo)


@alerts_app.command("list")
def alerts_list(
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    every: Annotated[bool, typer.Option("--every", help="Closed ones too")] = False,
    rows: Annotated[int, typer.Option("--rows", help="Newest so many")] = 50,
) -> None:
    """Alerts not closed yet, newest first, with the list's age."""
    from rtcc_analytics.lpr.alerts import alerts

    with open_store(store).sightings(_purpose(case, reason, "", "")) as sightings:
        found = alerts(sightings, every=every, most=rows)
    columns = ["alert_id", "made_at", "plate", "region", "camera_name", "category", "case_number", "list_name",
               "list_age_hours", "acknowledged_by", "disposition", "action"]  # fmt: skip
    print_frame(found[columns], empty="no open alert")
    typer.echo("Lead only, not probable cause.")


@alerts_app.command("ack")
def alerts_ack(alert_id: Annotated[str, typer.Argument(help="From `rtcc alerts list`")], store: StoreOption) -> None:
    """Take an alert up."""
    from rtcc_analytics.lpr.alerts import acknowledge

    acknowledge(open_store(store), alert_id)
    typer.echo("taken up")


@alerts_app.command("close")
def alerts_close(
    alert_id: Annotated[str, typer.Argument(help="From `rtcc alerts list`")],
    store: StoreOption,
    disposition: Annotated[str, typer.Option(help="verified, misread, wrong_state, stale_entry, not_located or other")],
    note: Annotated[str, typer.Option(help="In words")] = "",
) -> None:
    """Close an alert with what became of it."""
    from rtcc_analytics.lpr.alerts import close

    close(open_store(store), alert_id, disposition=disposition, note=note)
    typer.echo("closed")


@alerts_app.command("counts")
def alerts_counts(store: StoreOption, case: CaseOption, reason: ReasonOption) -> None:
    """For each list: alerts, verified and false, and how far the list can be trusted."""
    from rtcc_analytics.lpr.alerts import hit_counts

    with open_store(store).sightings(_purpose(case, reason, "", "")) as sightings:
        print_frame(hit_counts(sightings).round(3), empty="no alert yet")
