"""The monolith's public contract: the four reads of /api/v1/, answered so that no client can tell.

What Django, its REST framework and its filters do at the edges (paging links, refusals, languages, conditional
requests) is written down here once more, small, and only as far as these four reads show it.
"""
