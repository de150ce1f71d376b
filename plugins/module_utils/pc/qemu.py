# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PC as a QEMU process: its hardware, its console, and its cable.

The caller opens the tap device and hands over its descriptor, so that a guest can be
plugged into a bridge of another network namespace while QEMU itself stays here.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from ansible_collections.diskless.netboot.plugins.module_utils.pc.accelerator import QEMU
from ansible_collections.diskless.netboot.plugins.module_utils.pc.trace import Trace
from ansible_collections.diskless.netboot.plugins.module_utils.pc.wire import (
    CaptureReader,
    WireReader,
)

# What the stages need of a frame: DHCP's options end well before this.
_CAPTURED_BYTES = 512
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass(frozen=True)
class Hardware:
    """A PC's hardware.

    Attributes:
        memory: MiB.
        cpus: processors. With two, in emulation, the timer of the second stood still for a whole
            start of Debian 13 (kernel 6.12.118, QEMU 7.2, 2026-11-29).
        accelerator: ``kvm`` or ``tcg`` (see accelerator.choose).
        uuid: SMBIOS system UUID, or None for QEMU's zeros.
    """

    memory: int = 1024
    cpus: int = 1
    accelerator: str = "tcg"
    uuid: str | None = None

    def arguments(self) -> list[str]:
        """Return QEMU's arguments for this hardware, without disks, cables or console."""
        accel, cpu = self.accelerator, "max"
        if accel == "tcg":
            # What later processors have beyond the first x86-64 costs more than it saves when it is
            # emulated: a Debian 12 PC was ready after 41 s with all of it, and after 31 s without
            # (2026-11-26).
            accel, cpu = "tcg,thread=multi", "qemu64"
        # fmt: off
        return [
            QEMU, "-nodefaults", "-accel", accel, "-cpu", cpu, "-smp", str(self.cpus),
            "-m", str(self.memory), "-display", "none", "-vga", "std",
            "-device", "virtio-rng-pci", *(["-uuid", self.uuid] if self.uuid else []),
        ]
        # fmt: on


def nic_arguments(
    name: str, tap: int, mac: str, model: str, *, boot: bool, rom: bool = True
) -> list[str]:
    """Return QEMU's arguments for one NIC on an open tap descriptor.

    Args:
        name: of the netdev.
        tap: descriptor of the tap device.
        mac: lower case with colons.
        model: QEMU's device name, for example ``virtio-net-pci`` or ``e1000``.
        boot: whether the firmware boots from it; if not, it has no option ROM.
        rom: whether it brings QEMU's option ROM. UEFI drives virtio NICs itself, and the ROM of
            2019 breaks shim's second download ("Malformed binary").
    """
    extra = (",bootindex=1" if boot else "") + ("" if boot and rom else ",romfile=")
    # fmt: off
    return ["-netdev", f"tap,id={name},fd={tap}",
            "-device", f"{model},netdev={name},mac={mac}{extra}"]
    # fmt: on


class Guest:
    """A running QEMU process; use it as a context manager, so that it ends.

    Attributes:
        console: everything the serial console printed so far.
        trace: the stages seen so far.
        wire_bytes: bytes that crossed the captured cable.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        *,
        taps: Sequence[int] = (),
        capture: str | None = None,
        trace: Trace | None = None,
    ) -> None:
        """Power on.

        Args:
            arguments: QEMU's command, from Hardware.arguments and nic_arguments.
            folder: takes console.log, qemu.log and the control socket.
            taps: descriptors that QEMU inherits; closed here once it runs.
            capture: name of the netdev whose frames are followed.
            trace: what takes note of the stages.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.console = ""
        self.trace = trace or Trace()
        self._wire = WireReader()
        self._frames = CaptureReader()
        self._log = (folder / "console.log").open("wb")
        self._control = folder / "control.sock"
        self._control.unlink(missing_ok=True)
        # A PC whose owner was killed goes with it.
        command = [
            *_ENDS_WITH_US,
            *arguments,
            "-serial",
            "stdio",
            "-qmp",
            f"unix:{self._control},server,nowait",
        ]
        self._selector = selectors.DefaultSelector()
        self._capture: int | None = None
        if capture:
            fifo = folder / "wire.fifo"
            fifo.unlink(missing_ok=True)
            os.mkfifo(fifo)
            self._capture = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            command += [
                "-object",
                f"filter-dump,id=wire,netdev={capture},file={fifo},maxlen={_CAPTURED_BYTES}",
            ]
        with (folder / "qemu.log").open("wb") as errors:
            self.process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=taps,
                start_new_session=True,
            )
        self.powered_on = time.monotonic()
        for tap in taps:
            os.close(tap)
        self._selector.register(self._stream(), selectors.EVENT_READ, self._read_console)
        if self._capture is not None:
            self._selector.register(self._capture, selectors.EVENT_READ, self._read_wire)
        # QEMU stands still when nobody takes what it says, so somebody always does.
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    def __enter__(self) -> Guest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def seconds(self) -> float:
        """Seconds since power-on."""
        return time.monotonic() - self.powered_on

    @property
    def wire_bytes(self) -> int:
        return self._wire.bytes

    def watch(self, done: Callable[[], bool], timeout: float) -> bool:
        """Wait for ``done()``, asked anew whenever console or cable say something.

        Returns whether it was done within ``timeout`` seconds; False also when QEMU ended first.
        """
        with self._news:
            self._news.wait_for(lambda: done() or not self._reader.is_alive(), timeout)
        return done()

    def wait_ready(self, timeout: float) -> bool:
        """Follow the boot until the stage ``ready``, at most ``timeout`` seconds."""
        return self.watch(lambda: self.trace.reached("ready"), timeout)

    def wait_end(self, timeout: float) -> bool:
        """Wait until QEMU ended by itself, at most ``timeout`` seconds."""
        self._reader.join(timeout)
        return not self._reader.is_alive()

    def type(self, text: str) -> None:
        """Type on the serial console."""
        if self.process.stdin is not None:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()

    def control(self, command: str, **arguments: object) -> object:
        """Send one QMP command and return its answer (QEMU's QMP reference)."""
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(30)
            channel.connect(str(self._control))
            stream = channel.makefile("rw")
            stream.readline()
            for request in ("qmp_capabilities", command):
                given = arguments if request == command else {}
                stream.write(json.dumps({"execute": request, "arguments": given}))
                stream.flush()
                while "event" in (answer := json.loads(stream.readline())):
                    pass
                if "error" in answer:
                    raise RuntimeError(f"QEMU refused {request}: {answer['error']['desc']}")
            return answer["return"]

    def screenshot(self, picture: Path) -> None:
        """Write what the PC's screen shows to ``picture``, a PNG."""
        self.control("screendump", filename=str(picture.absolute()), format="png")

    def press_power(self) -> None:
        """Press the power button for a moment (ACPI)."""
        self.control("system_powerdown")

    def kill(self) -> None:
        """Pull the plug, if it still runs, and let go of everything."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not stream.closed:
                stream.close()
        if self._capture is not None:
            os.close(self._capture)
            self._capture = None
            (self.folder / "wire.fifo").unlink(missing_ok=True)
        self._control.unlink(missing_ok=True)
        self._log.close()
        self._selector.close()

    def _stream(self) -> IO[bytes]:
        if self.process.stdout is None:
            raise RuntimeError("QEMU was started without a console")
        return self.process.stdout

    def _follow(self) -> None:
        """Read console and cable until QEMU closed its console."""
        reading = True
        while reading:
            for key, _events in self._selector.select():
                with self._news:
                    reading = key.data() and reading
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _read_console(self) -> bool:
        data = os.read(self._stream().fileno(), 65536)
        self._log.write(data)
        self._log.flush()
        text = data.decode("utf-8", "replace")
        self.console += text
        self.trace.on_console(text, self.seconds)
        return bool(data)

    def _read_wire(self) -> bool:
        if self._capture is None:
            return True
        data = os.read(self._capture, 1 << 18)
        if not data:
            self._selector.unregister(self._capture)
        for frame in self._frames.feed(data):
            event = self._wire.feed(frame)
            if event is not None:
                self.trace.on_wire(event, self.seconds)
        return True
