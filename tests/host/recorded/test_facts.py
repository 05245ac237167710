"""What was recorded of the blob and timer listeners in words: the test of each fact, or why this host has none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.host.recorded import recordings

HOST = Path(__file__).parents[1]
BLOBS, TIMERS, MONITOR = "blobs/test_blobs.py", "timers/test_timers.py", "timers/test_schedule_monitor.py"
PATTERNS, SINGLETONS = "recorded/test_patterns.py", "test_singletons.py"
TESTS = {
    "scan-path-style": (BLOBS, "test_every_version_once_and_none_again_after_a_restart"),
    "receipt": (BLOBS, "test_a_deleted_receipt_has_its_blob_processed_again"),
    "receipt-states": (BLOBS, "test_an_unfinished_receipt_is_taken_up"),
    "message": ("blobs/test_paths.py", "test_an_order_is_written_as_the_real_host_writes_it"),
    "binding-data": ("blobs/test_trigger_metadata.py", "test_a_parameter_counts_that_is_called_like_a_built_in_name"),
    "reading": (BLOBS, "test_what_a_function_gets"),
    "attempts": (BLOBS, "test_five_attempts_and_then_poison"),
    "poison": (BLOBS, "test_five_attempts_and_then_poison"),
    "again": (BLOBS, "test_every_version_once_and_none_again_after_a_restart"),
    "overwritten-while-queued": (BLOBS, "test_messages_that_mean_nothing_here_are_dropped"),
    "deleted-while-queued": (BLOBS, "test_messages_that_mean_nothing_here_are_dropped"),
    "pattern-greedy": (PATTERNS, "test_every_function_runs_for_the_recorded_blobs_with_the_recorded_parameters"),
    "pattern-braces": (PATTERNS, "test_every_function_runs_for_the_recorded_blobs_with_the_recorded_parameters"),
    "pattern-odd-parameters": (
        PATTERNS,
        "test_every_path_is_accepted_or_refused_as_recorded_but_for_those_that_differ_on_purpose",
    ),
    "pattern-refused": (
        PATTERNS,
        "test_every_path_is_accepted_or_refused_as_recorded_but_for_those_that_differ_on_purpose",
    ),
    "container-refused-by-storage": (PATTERNS, "test_a_container_that_storage_refuses_to_list_stops_the_host"),
    "names-never-found": ("test_listeners.py", "test_a_name_that_never_runs_in_azure_is_not_offered"),
    "restart": (BLOBS, "test_every_version_once_and_none_again_after_a_restart"),
    "sigterm-blob": ("test_stopping.py", "test_what_is_under_way_ends_and_nothing_new_begins"),
    "two-processes": (SINGLETONS, "test_two_hosts_do_each_thing_once_and_a_stop_hands_it_on"),
    "timer-status": (MONITOR, "test_the_blob"),
    "timer-told": (TIMERS, "test_what_a_monitored_function_is_told_and_what_is_kept_though_it_fails"),
    "timer-past-due": (TIMERS, "test_a_run_missed_while_the_host_was_down_is_made_up_for_once"),
    "timer-changed-schedule": (MONITOR, "test_a_status_of_another_schedule_is_made_anew_and_nothing_is_past_due"),
    "timer-monitored": (MONITOR, "test_which_schedules_are_too_rapid_to_be_monitored"),
    "timer-overrun": (TIMERS, "test_occurrences_during_a_long_run_become_one_that_follows_at_once"),
    "timer-unreadable-status": (MONITOR, "test_what_is_no_json_stops_the_host"),
    "timer-stop": (SINGLETONS, "test_a_run_that_is_under_way_keeps_its_lease"),
    "startup": (TIMERS, "test_run_on_startup"),
    "timer-lock": (SINGLETONS, "test_after_a_kill_the_other_goes_on_as_the_leases_run_out"),
}
WITHOUT = {
    "scan-named": "every container is listed in full",
    "latency": "a time",
    "queue-polling": "an idle queue is polled at other times",
    "at-once": "the batches differ in size",
    "killed": "it takes ten minutes",
    "crash-loop": "it takes an hour",
    "kept-hidden": "it takes five minutes",
    "no-container": "the tests of scans make their containers after the host has started",
    "timer-early": "this host waits until the time has come",
    "timer-zone": "schedules are in UTC",
    "ncrontab-3.3": "newer versions, and this host, do not do so",
}


def test_every_fact_has_a_test_or_a_kind_of_difference_or_a_reason_to_have_none() -> None:
    facts = {row["id"] for row in recordings.read("facts")["rows"]}
    on_purpose = set(recordings.on_purpose("facts"))
    assert sorted([*TESTS, *WITHOUT, *on_purpose]) == sorted(facts)


@pytest.mark.parametrize("fact", TESTS)
def test_the_test_of_a_fact_is_there(fact: str) -> None:
    file, name = TESTS[fact]
    functions = ast.parse(HOST.joinpath(file).read_text("utf-8")).body
    assert name in {one.name for one in functions if isinstance(one, ast.FunctionDef)}
