"""Ray: a cluster, its nodes, and actors on them. No other module imports it."""

from __future__ import annotations

import logging
import os
import socket
from typing import Any

from wergate.environment.extras import installation, is_installed
from wergate.environment.machine import cpu
from wergate.errors import SuiteError
from wergate.scale.worker import Worker

_CONNECT_S = 5.0
_SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # a test run sends nothing to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def require_ray() -> None:
    """Refuse to run on Ray where it is not installed.

    Raises:
        SuiteError: Ray is not installed.
    """
    if not is_installed("ray"):
        raise SuiteError(
            f"--executor ray needs Ray, which is not installed; run {installation('ray')}, or leave out --executor"
        )


class Cluster:
    """A Ray cluster, which this process joins as a driver.

    Attributes:
        name: its address, for messages.
    """

    def __init__(self, address: str, worker: type[Worker] = Worker) -> None:
        """Join a cluster.

        Args:
            address: HOST:PORT of its head; empty for the one of this machine, which is started if there is none.
            worker: class of the workers.

        Raises:
            SuiteError: Ray is not installed, or there is no cluster at the address.
        """
        require_ray()
        self.name = address or "this machine"
        self._cpus = cpu().cores
        for name, value in _SILENT.items():
            os.environ.setdefault(name, value)
        import ray

        self._ray = ray
        if not ray.is_initialized():
            self._join(address)
        self._actor = ray.remote(max_restarts=-1, max_task_retries=-1, num_cpus=self._cpus)(worker)

    def _join(self, address: str) -> None:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        try:
            if address:
                _require_listener(address)  # Ray itself waits for minutes
            self._ray.init(address=address or "auto", **quiet)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            if address:
                raise SuiteError(
                    f"--executor ray:{address} finds no cluster there: {str(error).splitlines()[0]}; HOST:PORT of a "
                    "running head is accepted, as `ray start --head` prints it; start it, or leave out the address"
                ) from error
            self._ray.init(num_cpus=self._cpus, include_dashboard=False, **quiet)

    def capacity(self) -> int:
        """Return the number of workers that the living nodes have room for, each with the cores of this machine."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        return sum(int(node.get("CPU", 0)) // self._cpus for node in nodes)

    def needed(self) -> str:
        """Return what a worker needs, for messages."""
        return f"each needs a node with {self._cpus} CPUs, as this machine has"

    def start(self) -> Any:
        """Start a worker wherever Ray finds room, and return its handle."""
        return self._actor.options(scheduling_strategy="SPREAD").remote()

    def end(self, actor: Any) -> None:
        """End a worker."""
        self._ray.kill(actor)

    def put(self, value: Any) -> Any:
        """Keep a value in the object store, and return a reference to it."""
        return self._ray.put(value)

    def call(self, actor: Any, method: str, *arguments: Any, retries: int = 0) -> Any:
        """Call a method of a worker, and return a reference to its answer.

        Args:
            retries: calls that Ray repeats if the worker ends; -1 for any number.
        """
        return getattr(actor, method).options(max_task_retries=retries).remote(*arguments)

    def wait(self, references: list[Any], timeout_s: float) -> list[Any]:
        """Return those of the references whose answers are there, after at most a time without one."""
        return list(self._ray.wait(references, num_returns=1, timeout=timeout_s)[0]) if references else []

    def outcome(self, reference: Any) -> tuple[str | None, str, bool]:
        """Return an answer, or None with the reason in one line and whether the worker still runs.

        Raises:
            SuiteError: no worker can start.
        """
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference), "", True
        except errors.RayTaskError as error:
            cause = error.cause
            return None, f"{type(cause).__name__}: {' '.join(str(cause).split())}", True
        except errors.RayActorError as error:
            if error.actor_init_failed:
                raise SuiteError(
                    f"workers cannot start on Ray at {self.name}: {str(error).strip().splitlines()[-1]}; install the "
                    "same wergate with the extra [ray] on all nodes"
                ) from error
            return None, "its process was killed, as the kernel does if memory is short", False
        except errors.RayError as error:
            return None, str(error).strip().splitlines()[0], False


def _require_listener(address: str) -> None:
    """Raise an `OSError` unless something listens at an address."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
