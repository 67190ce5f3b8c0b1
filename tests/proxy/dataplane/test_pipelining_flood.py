"""Requests sent on and on without waiting for answers."""

from __future__ import annotations

import threading
from contextlib import suppress

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, config
from tests.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_flood_of_pipelined_requests_waits_with_the_client(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    answered = [0]

    def each(connection: Connection) -> None:
        connection.remembers = False
        while True:
            connection.head()
            answered[0] += 1
            connection.send(OK)

    proxy = make_proxy(config(make_upstream(each).port))
    with proxy.client() as client:
        client.remembers = False

        def flood() -> None:
            with suppress(OSError):
                while answered[0] < 100:
                    client.send(GET * 2000)

        def take() -> None:
            with suppress(OSError):
                while client.socket.recv(65536):
                    pass

        threads = [threading.Thread(target=each, daemon=True) for each in (flood, take)]
        for thread in threads:
            thread.start()
        until(lambda: answered[0] >= 60)
        gateway = proxy.worker.gateway
        held = proxy.call(lambda: max((len(each._buffer) for each in gateway.clients), default=0))
        client.reset()
        for thread in threads:
            thread.join(10)
    assert held < 1 << 20
