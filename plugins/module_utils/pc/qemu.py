# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PC as a QEMU process, with its hardware, its console and its network cable.

The caller opens the tap device and passes its descriptor. So a guest can be connected to a bridge
in another network namespace, while QEMU itself runs in this one.
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

# The number of bytes of each frame that are captured. The options of DHCP end well before this.
_CAPTURED_BYTES = 512
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass(frozen=True)
class Hardware:
    """A PC's hardware.

    Attributes:
        memory: RAM in MiB.
        cpus: number of processors. With two processors in emulation, the timer of the second one
            did not run during a whole start of Debian 13 (kernel 6.12.118, QEMU 7.2, 2026-11-29).
        accelerator: ``kvm`` or ``tcg`` (see accelerator.choose).
        uuid: system UUID in the SMBIOS, or None for a UUID of zeros.
    """

    memory: int = 1024
    cpus: int = 1
    accelerator: str = "tcg"
    uuid: str | None = None

    def arguments(self) -> list[str]:
        """Return QEMU's arguments for this hardware, without disks, cables or console."""
        accel, cpu = self.accelerator, "max"
        if accel == "tcg":
            # The emulation of newer instructions takes more time than they save. A PC with Debian
            # 12 was ready after 41 s with all of them, and after 31 s with those of the first
            # x86-64 (2026-11-26).
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
        name: name of the netdev.
        tap: descriptor of the tap device.
        mac: MAC address, lower case with colons.
        model: name of the device in QEMU, for example ``virtio-net-pci`` or ``e1000``.
        boot: whether the firmware boots from it. If not, it has no option ROM.
        rom: whether it has QEMU's option ROM. UEFI has its own driver for virtio NICs, and with the
            ROM of 2019, shim's second download fails ("Malformed binary").
    """
    extra = (",bootindex=1" if boot else "") + ("" if boot and rom else ",romfile=")
    # fmt: off
    return ["-netdev", f"tap,id={name},fd={tap}",
            "-device", f"{model},netdev={name},mac={mac}{extra}"]
    # fmt: on


class Guest:
    """A running QEMU process. Use it as a context manager, so that it ends.

    Attributes:
        console: everything that the serial console has printed so far.
        trace: the stages so far.
        wire_bytes: number of bytes on the captured cable so far.
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
        """Switch the PC on.

        Args:
            arguments: QEMU's command, from Hardware.arguments and nic_arguments.
            folder: folder for console.log, qemu.log and the control socket.
            taps: descriptors of tap devices for QEMU. They are closed here when it runs.
            capture: name of the netdev whose frames are captured, or None.
            trace: collects the stages.
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
        # If the owner of this PC is killed, the kernel kills QEMU too.
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
        # QEMU stops if nobody reads its output, so a thread always reads it.
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
        """Wait until ``done()`` is true. It is called when the console or the cable has new data.

        Returns whether it was true within ``timeout`` seconds, and before QEMU ended.
        """
        with self._news:
            self._news.wait_for(lambda: done() or not self._reader.is_alive(), timeout)
        return done()

    def wait_ready(self, timeout: float) -> bool:
        """Wait for the stage ``ready``, for at most ``timeout`` seconds."""
        return self.watch(lambda: self.trace.reached("ready"), timeout)

    def wait_end(self, timeout: float) -> bool:
        """Wait until QEMU ends by itself, for at most ``timeout`` seconds."""
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
        """Kill QEMU if it is still running, and close all files."""
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
        """Read the console and the cable until QEMU closes its console."""
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
