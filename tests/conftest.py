"""Sealed tests: a home and config folders of their own, no network but loopback, no keys, no animations.

Invariant: no test can read or change what belongs to the person who runs it, and none can reach another machine.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Read when textual is first imported, so it stands before any test module.
os.environ["TEXTUAL_ANIMATIONS"] = "none"
# Children compile what they import, as they do for a person; without it start-up figures are wrong.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell that starts tests in the background has them ignore ctrl+c, which children would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Children run elsewhere; a path such as `src` must lead them to the same package.
if "PYTHONPATH" in os.environ:
    os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, os.environ["PYTHONPATH"].split(os.pathsep)))

# The pytest plugin is part of the product; its tests run pytest itself.
pytest_plugins = ["pytester"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--interleavings", type=int, default=1_000, help="stories that tests/engine/test_interleavings tells"
    )
    parser.addoption("--mixed", type=int, default=200, help="stories that tests/engine/replay/test_mixed_stories tells")
    parser.addoption("--mixed-from", type=int, default=0, help="the seed of the first of them")


# The same examples on every run; time is measured in tests/benchmarks, never asserted.
settings.register_profile("sealed", derandomize=True, deadline=None)
settings.load_profile("sealed")

_FOLDERS = {
    "HOME": "",
    "USERPROFILE": "",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "XDG_CACHE_HOME": ".cache",
}
_BUILD_SERVERS = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "JENKINS_URL", "TF_BUILD", "TEAMCITY_VERSION")
_CLEARED = (*_BUILD_SERVERS, "EDITOR", "NO_COLOR", "VISUAL")


@pytest.fixture(autouse=True)
def sealed_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh home for each test, and an environment without keys or preferences."""
    home = tmp_path_factory.mktemp("home")
    for name, folder in _FOLDERS.items():
        monkeypatch.setenv(name, str(home / folder))
    for name in list(os.environ):
        if name in _CLEARED or name.startswith("GREENROOM_") or name.endswith(("_API_KEY", "_API_BASE", "_BASE_URL")):
            monkeypatch.delenv(name)
    return home


@pytest.fixture(autouse=True)
def sealed_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse every address but loopback, and fail a test that tried one even if the code under test hid the refusal."""
    tried: list[str] = []
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name), tried))
    monkeypatch.setattr(socket, "getaddrinfo", _resolver(socket.getaddrinfo))
    yield
    assert not tried, f"the test tried to reach {', '.join(tried)}"


def _guarded(real: Callable[..., Any], tried: list[str]) -> Callable[..., Any]:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        address = arguments[-1]
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _loopback(address[0]):
            tried.append(f"{address[0]}:{address[1]}")
            raise ConnectionRefusedError(f"sealed: {address[0]} is not this machine")
        return real(self, *arguments)

    return guarded


def _resolver(real: Callable[..., Any]) -> Callable[..., Any]:
    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _loopback(name) and not _is_address(name):
            raise socket.gaierror(socket.EAI_NONAME, f"sealed: no name service for {name}")
        return real(host, *arguments, **options)

    return resolve


def _loopback(host: str) -> bool:
    return host in ("", "localhost") or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
