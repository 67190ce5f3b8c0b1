"""What wrk printed is read, and trouble that it tells of is not overlooked."""

from __future__ import annotations

import pytest

from benchmarks.wrk import Said, WrkError, parse

REPORT = """Running 3s test @ http://127.0.0.1:8080/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.74ms    2.81ms  31.20ms   92.11%
    Req/Sec    13.42k     1.07k   15.61k    68.97%
  Latency Distribution
     50%  812.00us
     75%    1.55ms
     90%    2.90ms
     99%    1.20s
  40021 requests in 3.01s, 50.10MB read
Requests/sec:  13297.02
Transfer/sec:     16.64MB
"""


def test_count_rate_and_quantiles_are_read_in_milliseconds() -> None:
    assert parse(REPORT) == Said(count=40021, rate=13297.02, p50=0.812, p99=1200.0)


@pytest.mark.parametrize(
    "trouble",
    ["  Non-2xx or 3xx responses: 12\n", "  Socket errors: connect 0, read 3, write 0, timeout 1\n"],
)
def test_a_run_with_bad_answers_or_broken_connections_counts_for_nothing(trouble: str) -> None:
    with pytest.raises(WrkError, match=trouble.strip()):
        parse(REPORT.replace("Requests/sec", f"{trouble}Requests/sec"))


def test_what_is_not_a_report_is_told_whole() -> None:
    with pytest.raises(WrkError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:1 Connection refused")
