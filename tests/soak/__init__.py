"""The soak: a real proxy under load for as long as wanted, while everything around it is killed, hung and moved.

`python -m tests.soak --minutes 60` prints its seed first, its figures last, and ends with 1 where an answer was wrong,
a request was lost without an excuse, or something grew.
"""
