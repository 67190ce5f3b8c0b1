"""How the shop is served under WSGI: threads, as most monoliths are. The environment may say otherwise."""

import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
# Longer than the proxy keeps an unused connection, so that the proxy is the one to close it.
keepalive = 5
loglevel = os.environ.get("LOG_LEVEL", "warning").lower()
control_socket_disable = True
