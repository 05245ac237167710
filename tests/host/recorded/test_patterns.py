"""Blob paths: this host against what the blob trigger of the WebJobs SDK made of them."""

from __future__ import annotations

import pytest

from local.host.errors import FunctionInError, HostInError
from local.host.triggers import path_pattern
from tests.host.recorded import recordings


def path_starts(path: str) -> bool:
    try:
        path_pattern.parse(path)
    except FunctionInError:
        return False
    return True


@pytest.mark.fact("pattern-odd-parameters", "pattern-refused")
def test_every_path_is_accepted_or_refused_as_recorded_but_for_those_that_differ_on_purpose() -> None:
    single = recordings.read("patterns")["single"]
    differing = {path for path, refused in single.items() if path_starts(path) != (refused is None)}
    assert differing == set(recordings.on_purpose("patterns"))


@pytest.mark.fact("pattern-greedy", "pattern-braces")
def test_every_function_runs_for_the_recorded_blobs_with_the_recorded_parameters() -> None:
    recorded = recordings.read("patterns")
    paths = {name: path for name, path in recorded["paths"].items() if path_starts(path)}
    assert set(recorded["paths"]) - set(paths) == {"same_twice"}
    for function, path in paths.items():
        pattern = path_pattern.parse(path)
        offered = [name for name in recorded["names"] if not path_pattern.never_runs(name)]
        matches = {name: match for name in offered if (match := pattern.match(name)) is not None}
        assert matches == recorded["ran"][function], path


@pytest.mark.fact("container-refused-by-storage")
@pytest.mark.parametrize("container", ["LAND", "la", "la_x", "la--nd"])
def test_a_container_that_storage_refuses_to_list_stops_the_host(container: str) -> None:
    with pytest.raises(HostInError, match=f"storage refuses the container name '{container}'"):
        path_pattern.check_container(path_pattern.parse(f"{container}/{{name}}"))
