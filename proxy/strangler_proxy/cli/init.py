"""`strangler init`: a first strangler.toml, which passes everything to the monolith."""

from __future__ import annotations

import shlex
import socket
from pathlib import Path

import click
from pydantic_core import PydanticCustomError

from strangler.errors import StranglerError
from strangler_proxy.cli.options import INVENTORY, JSON
from strangler_proxy.cli.output import print_json, print_text, warn
from strangler_proxy.cli.probe import answers
from strangler_proxy.cli.starting_routes import add_routes, routes_for
from strangler_proxy.config.forms import upstream_url
from strangler_proxy.config.upstreams import UpstreamUrl
from strangler_proxy.config.values import Address

__all__ = ["init", "starting_config"]

_CANDIDATE = "http://127.0.0.1:8100"
_PORTS = tuple(range(8080, 8180, 2))

_TEMPLATE = """\
# Strangler stands in front of your monolith. Every request goes there until a route takes it away.
# `strangler check` says whether this file is right; `strangler serve` starts it.

[proxy]
listen = "{listen}"       # where customers are served: point your load balancer here
workers = 2                      # one a core is a good start
# private_cookies = ["sessionid", "csrftoken"]   # the monolith's own: no other upstream sees them

[control]
listen = "{control}"       # for operators: strangler status, flip, back. Keep it on loopback.

[upstreams.monolith]
url = "{monolith}"
# first_byte_timeout = 60        # seconds, or "1.5s", "500ms", "2m"
# keep_alive = 1.5               # below the server's own: gunicorn closes after 2

# A service that you carved out, and the first endpoint that it takes. Customers get the monolith's answers until
# `strangler flip catalog.product-detail canary --share 10% --why "a first tenth"`; before that comes stage `shadow`,
# which asks the service too, and `strangler shadow report` says whether it answers alike.
#
# [upstreams.catalog]
# url = "http://127.0.0.1:8100"
#
# [[routes]]
# name = "catalog.product-detail"
# methods = ["GET"]                        # takes HEAD with it
# path = "/api/v1/products/<int:id>/"      # as in Django's path(), from the first slash on
# candidate = "catalog"
#
# A seam inside the monolith, moved by the same commands:
#
# [[seams]]
# name = "billing.rates"
"""


def starting_config(monolith: UpstreamUrl, listen: Address, control: Address) -> str:
    """The text of a first configuration."""
    return _TEMPLATE.format(monolith=monolith, listen=listen, control=control)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _own_ports(taken: int) -> tuple[int, int]:
    """Two neighbouring ports that nobody listens on, 8080 and 8081 if they are free, and not the monolith's."""
    pairs = ((port, port + 1) for port in _PORTS)
    free = (pair for pair in pairs if taken not in pair and all(_free(port) for port in pair))
    return next(free, (8080, 8081))


def _monolith(_: click.Context, __: click.Parameter, value: str | None) -> UpstreamUrl | None:
    if value is None:
        return None
    try:
        return upstream_url(value.strip())
    except PydanticCustomError as error:
        context = error.context or {}
        raise click.BadParameter(f"it {context['wrong']}: {context['right']}.") from error


@click.command(short_help="Write a first strangler.toml.")
@click.option("--monolith", metavar="URL", callback=_monolith, help="Where your monolith answers.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    help="Where to write; default here.",
)
@click.option("--force", is_flag=True, help="Overwrite a strangler.toml that is there.")
@INVENTORY
@click.option("--app", "app", metavar="LABEL", help="With --inventory: the app whose reads get routes.")
@click.option(
    "--candidate", metavar="URL", default=_CANDIDATE, show_default=True, help="Where the app's service will answer."
)
@JSON
def init(
    monolith: UpstreamUrl | None,
    folder: Path,
    force: bool,
    inventory_file: Path | None,
    app: str | None,
    candidate: str,
    as_json: bool,
) -> None:
    """Write a strangler.toml which works at once with `strangler serve`, for any HTTP server.

    With --inventory and --app it has a route for each read of that app, with the reasons in comments; a strangler.toml
    that is there gets them added at its end.
    """
    file = folder / "strangler.toml"
    if (inventory_file is None) != (app is None):
        raise click.UsageError("--inventory and --app belong together.")
    if inventory_file is not None and app is not None and file.exists() and not force:
        if monolith is not None:
            raise click.UsageError(f"{file} says already where the monolith is: leave --monolith out, or --force.")
        add_routes(file, inventory_file, app, candidate, as_json)
        return
    if monolith is None:
        raise click.UsageError("Missing option '--monolith'.")
    listen, control = (Address("127.0.0.1", port) for port in _own_ports(monolith.address.port))
    text = starting_config(monolith, listen, control)
    if inventory_file is not None and app is not None:
        text = routes_for(text, file, inventory_file, app, candidate).text
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise StranglerError(
            f"{file} is there already, and was left as it is. Write elsewhere with --dir, or over it with --force."
        ) from None
    except OSError as error:
        raise StranglerError(f"{file} cannot be written: {error.strerror}. Name another folder with --dir.") from error
    unreachable = answers(monolith)
    commands = ["strangler check", "strangler serve", f"curl -i http://{listen}/"]
    if folder.resolve() != Path.cwd():
        commands.insert(0, f"cd {shlex.quote(str(folder))}")
    if as_json:
        print_json(
            {
                "file": str(file),
                "listen": str(listen),
                "control": str(control),
                "monolith": str(monolith),
                "reachable": unreachable is None,
                "next": commands,
            }
        )
        return
    if unreachable is not None:
        warn(
            f"{monolith} does not answer ({unreachable}). The file is written all the same; start the monolith"
            " before you serve."
        )
    print_text(f"{file} is written: customers at http://{listen}, the monolith at {monolith}.")
    print_text("Next:")
    for command in commands:
        print_text(f"  {command}")
    print_text("Keep .strangler/ out of version control: the control plane's token will be in there.")
