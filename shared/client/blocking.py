"""The same client for programs without an event loop: every method waits for its answer."""

from asyncio import Runner
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from shared.client.api import MingquanClient

P = ParamSpec("P")
R = TypeVar("R")


class _Waiting(Generic[P, R]):
    """A method of MingquanClient that is waited for."""

    def __init__(self, method: Callable[Concatenate[MingquanClient, P], Coroutine[Any, Any, R]]) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __get__(self, instance: "BlockingClient", _owner: type["BlockingClient"]) -> Callable[P, R]:
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return instance.runner.run(self._method(instance.client, *args, **kwargs))

        return call


class BlockingClient:
    """`with BlockingClient(MingquanClient(...)) as suite: ...`, in one thread."""

    def __init__(self, client: MingquanClient) -> None:
        self.client = client
        self.runner = Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        with self.runner:
            self.runner.run(self.client.aclose())

    request = _Waiting(MingquanClient.request)
    put_policy = _Waiting(MingquanClient.put_policy)
    get_policy = _Waiting(MingquanClient.get_policy)
    search = _Waiting(MingquanClient.search)
    put_task = _Waiting(MingquanClient.put_task)
    put_publication = _Waiting(MingquanClient.put_publication)
    submit_request = _Waiting(MingquanClient.submit_request)
    track = _Waiting(MingquanClient.track)
    journal = _Waiting(MingquanClient.journal)
    push_policies = _Waiting(MingquanClient.push_policies)
