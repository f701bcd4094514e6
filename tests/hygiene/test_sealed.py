from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest


def test_home_and_config_are_not_the_persons_own(sealed_home: Path) -> None:
    assert Path.home() == sealed_home
    assert os.environ["XDG_CONFIG_HOME"].startswith(str(sealed_home))
    assert os.environ["TEXTUAL_ANIMATIONS"] == "none"
    assert not [name for name in os.environ if name.endswith("_API_KEY")]


def test_names_of_other_machines_do_not_resolve() -> None:
    with pytest.raises(socket.gaierror, match="sealed"):
        socket.getaddrinfo("example.com", 443)
    assert socket.getaddrinfo("127.0.0.1", 80)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_a_test_that_reaches_out_fails_even_if_the_code_hides_it(pytester: pytest.Pytester) -> None:
    pytester.makeconftest((Path(__file__).parents[1] / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        """
        import contextlib, socket

        def test_hides_it():
            with contextlib.suppress(OSError), socket.socket() as other:
                other.connect(("192.0.2.1", 9))
        """
    )
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the test tried to reach 192.0.2.1:9*"])
