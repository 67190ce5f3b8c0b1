"""Notices: what people are told of without asking, and how it reaches them."""

from strangler_proxy.notify.notice import Notice, NoticeKind
from strangler_proxy.notify.notifier import MemoryNotifier, Notifier, Silent
from strangler_proxy.notify.settings import NotifySettings
from strangler_proxy.notify.webhook import Webhook

__all__ = ["MemoryNotifier", "Notice", "NoticeKind", "Notifier", "NotifySettings", "Silent", "Webhook"]
