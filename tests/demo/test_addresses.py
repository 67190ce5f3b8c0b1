"""Choosing ports."""

from __future__ import annotations

import socket
from dataclasses import astuple

from demo.addresses import Addresses


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", Addresses().shop))
        except OSError:
            pass  # somebody else holds it already, which serves as well
        else:
            other.listen()
        assert Addresses.choose().shop != Addresses().shop


def test_free_ports_are_all_different_and_none_is_a_usual_one() -> None:
    ports = astuple(Addresses.free())
    assert len(set(ports)) == len(ports)
    assert not set(ports) & set(astuple(Addresses()))
