# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of nfsroot_sync on the controller. It shows the progress of a copy.

The module runs as a job of Ansible (async_wrapper), and writes its progress to a small file in its
temporary folder. This plugin reads the file with shell commands, which take much less time than a
module.
"""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.meter import FILE_NAME
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.progress import line, load

# This is evaluated when Ansible's main process loads the plugin. The workers, which run the plugin,
# have no terminal.
TERMINAL = sys.stdout is not None and sys.stdout.isatty()
NO_LIMIT = 10**9  # seconds that the job may take; with 0, it would be ended after five seconds
FIRST, LONGEST = 2.0, 15.0  # seconds before the first line, and at most between two lines
GRACE = 20.0  # seconds to wait for a result after the module has ended
# What async_wrapper adds to a result. If the module returned no result, it adds "data" instead.
OF_THE_JOB = ("ansible_job_id", "results_file", "started", "finished")
LOST = (
    "nfsroot_sync ended without an answer: it was killed, or the boot server was restarted."
    " What it copied so far is kept beside the destination; run it again."
)

display = Display()


class StoppedError(BaseException):
    """Ansible is ending this worker, for example after Control-C."""


class ActionModule(ActionBase):
    """Runs the module, and shows its progress if the output is a terminal."""

    _supports_check_mode = True
    _supports_async = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the module on the target."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        if self._task.async_val:  # Ansible itself waits for the end of the task, or nobody does
            native = self._connection.has_native_async
            return {**result, **self._execute_module(task_vars=variables, wrap_async=not native)}
        try:
            ran = self._watched if self._shown() else self._plain
            return {**result, **ran(variables)}
        finally:
            self._tidy(self._connection._shell.tmpdir)

    def _shown(self) -> bool:
        if self._task.check_mode or self._connection.always_pipeline_modules:
            return False
        asked = self._task.args.get("progress")
        try:
            return TERMINAL if asked is None else boolean(asked)
        except TypeError:
            return False  # the module reports what is wrong with this value

    def _plain(self, variables: dict[str, Any]) -> dict[str, Any]:
        ran: dict[str, Any] = self._execute_module(task_vars=variables)
        return ran

    def _watched(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Run the module as a job. The result is the same as without a job."""
        self._make_tmp_path()
        shell = self._connection._shell
        folder = shell.tmpdir  # the job removes it when it ends
        watch = Watch(_title(self._task, variables), shell.join_path(folder, FILE_NAME))
        job = self._start(variables)
        if "ansible_job_id" not in job:
            self._tidy(folder)
            return job
        with _stoppable():
            try:
                return self._await(job, watch, variables)
            except StoppedError:
                # The job has no terminal, so it would go on running.
                self._command(watch.kill_command)
                raise
            finally:
                self._command(f"rm -f {shlex.quote(job['results_file'])}")

    def _start(self, variables: dict[str, Any]) -> dict[str, Any]:
        self._task.async_val = NO_LIMIT
        try:
            job: dict[str, Any] = self._execute_module(
                module_args={**self._task.args, "progress": True},
                task_vars=variables,
                wrap_async=True,
            )
            return job
        finally:
            self._task.async_val = 0

    def _await(
        self, job: dict[str, Any], watch: Watch, variables: dict[str, Any]
    ) -> dict[str, Any]:
        """Show the progress of the job until it has a result, or until it is lost."""
        pause = 0.2
        while True:
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
            if watch.pid is None or not watch.alive:
                status = self._execute_module(
                    module_name="ansible.legacy.async_status",
                    module_args={
                        "jid": job["ansible_job_id"],
                        "_async_dir": str(Path(job["results_file"]).parent),
                    },
                    task_vars=variables,
                )
                if status.get("finished") and "data" not in status:
                    return {name: status[name] for name in status if name not in OF_THE_JOB}
                if status.get("finished") or status.get("failed") or watch.lost:
                    return {"failed": True, "msg": LOST, "module_stderr": status.get("stderr", "")}
            watch.see(self._command(watch.command))

    def _command(self, words: str) -> dict[str, Any]:
        """Run a shell command on the target. The result has "stdout" and "rc"."""
        said: dict[str, Any] = self._low_level_execute_command(words)  # type: ignore[no-untyped-call]
        return said

    def _tidy(self, folder: str | None) -> None:
        """Remove a temporary folder of Ansible on the target."""
        self._remove_tmp_path(folder)  # type: ignore[no-untyped-call]


class Watch:
    """What the controller knows about a job, and when it shows a line about it."""

    def __init__(self, title: str, file: str) -> None:
        """Begin to watch.

        Args:
            title: the host of the job, as it is shown.
            file: path of the file with the progress, on that host.
        """
        self.pid: int | None = None
        self.alive = False
        self._title = title
        self._file = shlex.quote(file)
        self._started = self._seen = time.monotonic()
        self._next = FIRST

    @property
    def command(self) -> str:
        """A shell command whose output and status are the input of see()."""
        return f"cat {self._file} 2>/dev/null; test -d /proc/{self.pid or 'none'}"

    @property
    def kill_command(self) -> str:
        """A shell command that kills the module, and waits until async_wrapper has noticed."""
        return f"kill -KILL {self.pid} && sleep 0.5" if self.pid else "true"

    @property
    def lost(self) -> bool:
        """Whether the module ended so long ago that there will be no result."""
        return not self.alive and time.monotonic() - self._seen > GRACE

    def see(self, said: dict[str, Any]) -> None:
        """Read the result of the command, and display a line if it is time for the next one."""
        progress = load(said["stdout"])
        now = time.monotonic()
        self.alive = self.pid is not None and said["rc"] == 0
        if progress is not None and self.pid is None:
            self.pid, self.alive = progress.pid, True
        if self.alive:
            self._seen = now
        if progress is not None and now - self._started >= self._next:
            self._next = now - self._started + min(max(FIRST, self._next / 10), LONGEST)
            display.display(f"{self._title}: {line(progress)}")


def _title(task: Any, variables: dict[str, Any]) -> str:
    host = str(variables.get("inventory_hostname", ""))
    return f"{host} -> {task.delegate_to}" if task.delegate_to else host


@contextmanager
def _stoppable() -> Iterator[None]:
    """Raise StoppedError once if a signal ends this worker, so that it can clean up."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(number: int, _frame: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise StoppedError(number)

    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
