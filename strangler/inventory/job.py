"""What runs in the monolith without a request: commands, tasks, schedules, and receivers of signals."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Command", "Receiver", "Schedule", "Task"]


@dataclass(frozen=True, slots=True)
class Command:
    """A management command of the project or of an installed package; Django's own are left out."""

    name: str
    app: str
    module: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """A Celery task: `name` is what workers know it by, `function` its dotted path, `queue` empty for the default."""

    name: str
    app: str
    function: str
    queue: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """An entry of Celery's beat schedule: `when` in its own words. `app` is that of the task, empty where unknown."""

    name: str
    task: str
    when: str
    app: str = ""


@dataclass(frozen=True, slots=True)
class Receiver:
    """What is called when a signal is sent. `signal` and `receiver` are dotted paths.

    `app` is the receiver's, `signal_app` that of the module that declares the signal, `sender` the model or class that
    it listens to, empty for all, and `sender_app` that one's app.
    """

    signal: str
    receiver: str
    app: str
    signal_app: str = ""
    sender: str = ""
    sender_app: str = ""
    file: str = ""
    line: int = 0
