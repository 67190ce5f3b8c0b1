from __future__ import annotations

from strangler_proxy.config.groups import Group
from strangler_proxy.membership import Membership

GROUPS = Membership(
    [
        Group("staff", frozenset({"ada"}), {"X-Staff": "yes"}),
        Group("partners", headers={"X-Partner": None}),
        Group("early", frozenset({"ada", "ben"})),
    ]
)


def test_a_subject_belongs_to_the_groups_that_name_it_in_their_order() -> None:
    assert GROUPS.of("ada", [], trusted=False) == ["staff", "early"]
    assert GROUPS.of("ben", [], trusted=False) == ["early"]
    assert GROUPS.of("cid", [], trusted=True) == []
    assert GROUPS.first("ada", [], trusted=False) == "staff"
    assert GROUPS.first("cid", [], trusted=False) == ""


def test_a_header_of_an_edge_that_is_trusted_makes_a_member() -> None:
    assert GROUPS.of("", [b"Host: a", b"x-staff:  yes\t"], trusted=True) == ["staff"]
    assert GROUPS.of("", [b"X-Partner: anything"], trusted=True) == ["partners"]
    assert GROUPS.of("", [b"X-Staff: no"], trusted=True) == []


def test_a_header_of_anybody_else_makes_none() -> None:
    assert GROUPS.of("", [b"X-Staff: yes", b"X-Partner: me"], trusted=False) == []
