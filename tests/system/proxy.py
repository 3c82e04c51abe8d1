"""A proxy between the product and its database, for everything that can go wrong on the way."""

import contextlib
import select
import socket
import threading
import time


class Proxy:
    """Forwards TCP connections of loopback to PostgreSQL's socket, until it is told to do something worse."""

    def __init__(self, target: str) -> None:
        """`target` is the path of PostgreSQL's Unix socket."""
        self._target = target
        self._listener: socket.socket | None = None
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._silent = threading.Event()
        self._seconds = 0.0
        self.port = 0
        self.heal()

    def heal(self) -> None:
        """Forwards again, on the same port."""
        self._silent.clear()
        self._seconds = 0.0
        if self._listener is not None:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self._listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Ends every connection; new ones are still accepted."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def refuse(self) -> None:
        """The server is gone: every connection ends, and new ones are refused."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def go_silent(self) -> None:
        """A black hole: connections stay open, and nothing passes in either direction. New ones are accepted and get no answer."""
        self._silent.set()

    def delay(self, seconds: float) -> None:
        """Whatever arrives is passed on so much later, until `heal`."""
        self._seconds = seconds

    close = refuse

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self._target)
            except OSError:  # the server was killed
                near.close()
                far.close()
                continue
            with self._lock:
                self._pairs.add((near, far))
            threading.Thread(target=self._forward, args=(near, far), daemon=True).start()

    def _forward(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                readable, _, _ = select.select([near, far], [], [], 0.5)
                for end in readable:
                    data = end.recv(65536)
                    time.sleep(self._seconds)
                    while self._silent.is_set():
                        time.sleep(0.05)
                    if not data:
                        raise OSError
                    (far if end is near else near).sendall(data)
        near.close()
        far.close()
        with self._lock:
            self._pairs.discard((near, far))
