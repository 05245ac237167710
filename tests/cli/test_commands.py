"""What people type, `python -m local ...` and `make ...`: what it prints, and how it ends when something is missing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local.__main__ import COMMANDS, main
from local.cli import up
from local.development_storage import ACCOUNT, KEY
from local.host.http import key_file
from local.stack import discovery, installation, node

ROOT = Path(__file__).parents[2]
FIND_AZURITE = "from local.stack import installation; installation.azurite_script()"
FIND_NODE = "from local.stack import node; node.find()"


def run(
    command: list[str], folder: Path = ROOT, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Away from the `make` that may have started these tests: it hands its flags down."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        command, cwd=folder, env={**inherited, **(environ or {})}, capture_output=True, text=True, check=False
    )


def local(*words: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "local", *words])


@pytest.fixture
def fresh_clone(tmp_path: Path) -> Path:
    """The files that the set-up needs, and nothing that it makes."""
    clone = tmp_path / "clone"
    made = shutil.ignore_patterns("node_modules", "__pycache__")
    for folder in ("local", "shared"):
        shutil.copytree(ROOT / folder, clone / folder, ignore=made)
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, clone)
    return clone


@pytest.fixture
def bare_python(tmp_path: Path) -> str:
    """A Python with no package at all, not even pip."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    return str(tmp_path / "bare" / "bin" / "python")


def test_alone_it_lists_every_command_in_a_line() -> None:
    listed = local()
    assert listed.returncode == 0
    lines = dict(line.split(maxsplit=1) for line in listed.stdout.splitlines() if line.startswith("  "))
    assert lines == {name: summary for name, (_, summary) in COMMANDS.items()}


def test_a_command_that_does_not_exist() -> None:
    answer = local("lunch")
    assert answer.returncode == 2
    assert "no command 'lunch'" in answer.stderr
    assert "demo" in answer.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    answer = local(name, "--help")
    assert answer.returncode == 0, answer.stderr
    assert f"python -m local {name}" in answer.stdout


def test_listing_the_commands_imports_none_of_them() -> None:
    script = "import sys; before = set(sys.modules); import local.__main__; print(*(set(sys.modules) - before))"
    imported = set(run([sys.executable, "-c", script]).stdout.split())
    assert "local.__main__" in imported
    assert not imported & {module for module, _ in COMMANDS.values()}


def test_ctrl_c_while_a_command_is_imported_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(60)")
    script = "import sys; sys.path.append(sys.argv[1]); from local import __main__ as it; "
    command = f"{script} it.COMMANDS['slow'] = ('slow', ''); it.main(['slow'])"
    answer = run([sys.executable, "-c", command, str(tmp_path)])
    assert (answer.returncode, answer.stdout, answer.stderr) == (-signal.SIGINT, "", "")


def test_azurite_that_is_not_installed(fresh_clone: Path) -> None:
    answer = run(
        [sys.executable, "-c", "from local.stack import installation; installation.azurite_script()"], fresh_clone
    )
    assert "is not installed. Run `make setup`" in answer.stderr


def test_azurite_in_another_version_than_the_pinned(fresh_clone: Path) -> None:
    (fresh_clone / "local" / "node_modules").mkdir()
    (fresh_clone / "local" / "node_modules" / ".package-lock.json").write_text(
        '{"packages": {"node_modules/azurite": {"version": "3.1.0"}}}'
    )
    answer = run(
        [sys.executable, "-c", "from local.stack import installation; installation.azurite_script()"], fresh_clone
    )
    assert "is not installed. Run `make setup`" in answer.stderr


def test_azurite_is_found_in_an_installation_that_lacks_what_is_for_development(fresh_clone: Path) -> None:
    assert run([sys.executable, "-c", FIND_AZURITE], fresh_clone_with(fresh_clone, "azurite")).returncode == 0


@pytest.mark.parametrize("lacking", ["azurite", "axe-core"])
def test_an_installation_that_lacks_one_package_is_completed(fresh_clone: Path, tmp_path: Path, lacking: str) -> None:
    whole = {name for name in installation.pinned() if name != lacking}
    answer = run([sys.executable, "-m", "local", "install"], fresh_clone_with(fresh_clone, *whole), nowhere(tmp_path))
    assert "Installing Azurite" in answer.stdout + answer.stderr
    answer = run(
        [sys.executable, "-m", "local", "install"], fresh_clone_with(fresh_clone, *whole, lacking), nowhere(tmp_path)
    )
    assert (answer.returncode, answer.stderr) == (0, "")


def fresh_clone_with(clone: Path, *packages: str) -> Path:
    """The clone after an installation of these packages, in the pinned versions."""
    versions = {f"node_modules/{name}": {"version": installation.pinned()[name]} for name in packages}
    modules = clone / "local" / "node_modules"
    modules.mkdir(exist_ok=True)
    (modules / ".package-lock.json").write_text(json.dumps({"packages": versions}))
    return clone


def nowhere(folder: Path) -> dict[str, str]:
    """An environment in which npm finds nothing to download."""
    program = node.find().program.parent
    return {
        "PATH": f"{program}{os.pathsep}{os.environ['PATH']}",
        "npm_config_offline": "true",
        "npm_config_cache": str(folder / "empty"),
    }


def test_install_without_a_network(fresh_clone: Path, tmp_path: Path) -> None:
    answer = run([sys.executable, "-m", "local", "install"], fresh_clone, nowhere(tmp_path))
    assert answer.returncode == 1
    assert "check the connection" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_install_with_neither_node_nor_pip(fresh_clone: Path, bare_python: str) -> None:
    answer = run([bare_python, "-m", "local", "install"], fresh_clone, {"PATH": ""})
    assert answer.returncode == 1
    assert "or install Node.js 20 or later with npm" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_node_too_old_or_without_npm_is_not_taken(bare_python: str, tmp_path: Path) -> None:
    for name in ("node", "npm"):
        script = tmp_path / name
        script.write_text("#!/bin/sh\necho v18.19.0\n")
        script.chmod(0o755)
    answer = run([bare_python, "-c", "from local.stack import node; node.find()"], ROOT, {"PATH": str(tmp_path)})
    assert "no Node.js 20 or later" in answer.stderr
    (tmp_path / "node").write_text("#!/bin/sh\necho v24.1.0\n")
    assert (
        run([bare_python, "-c", "from local.stack import node; node.find()"], ROOT, {"PATH": str(tmp_path)}).returncode
        == 0
    )
    (tmp_path / "npm").unlink()
    answer = run([bare_python, "-c", "from local.stack import node; node.find()"], ROOT, {"PATH": str(tmp_path)})
    assert "no Node.js 20 or later" in answer.stderr


def test_make_alone_lists_its_targets() -> None:
    listed = {line.split()[1] for line in run(["make"]).stdout.splitlines() if line.startswith("  make ")}
    declared = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    assert listed == set(declared.split()[1:])


def test_make_with_a_python_too_old(fresh_clone: Path) -> None:
    answer = run(["make", "setup", "PYTHON=false"], fresh_clone)
    assert answer.returncode
    assert "textdrop needs Python 3.11 or later, and false is not" in answer.stderr


def test_make_takes_another_python_into_an_environment_of_its_own(fresh_clone: Path) -> None:
    planned = run(["make", "--dry-run", "check", "PYTHON=python3.13", "VENV=.venvs/3.13"], fresh_clone).stdout
    assert "python3.13 -m venv --clear .venvs/3.13\n" in planned
    assert ".venvs/3.13/bin/python -m mypy\n" in planned
    assert ".venv/" not in planned


def test_make_takes_no_environment_from_a_variable_that_may_mean_another_project(fresh_clone: Path) -> None:
    planned = run(["make", "--dry-run", "check"], fresh_clone, {"VENV": "/home/somebody/theirs"}).stdout
    assert ".venv/bin/python -m mypy\n" in planned
    assert "theirs" not in planned


@pytest.mark.parametrize(("required", "ends_well"), [("", True), ("1", False)])
def test_make_worker_without_a_python_for_it(fresh_clone: Path, required: str, ends_well: bool) -> None:
    answer = run(["make", "worker", "WORKER_PYTHONS=false"], fresh_clone, {"TEXTDROP_REQUIRE_WORKER": required})
    assert answer.stderr.startswith("No Python 3.13 or later here")
    assert (answer.returncode == 0) is ends_well
    assert not (fresh_clone / ".venv-worker").exists()


def test_make_run_takes_the_port(fresh_clone: Path) -> None:
    planned = run(["make", "--dry-run", "run", "PORT=8080"], fresh_clone, {"AUTH": "", "HOST": ""}).stdout
    assert planned.split()[-3:] == ["up", "--port", "8080"]


def test_make_run_hands_on_the_training_data(fresh_clone: Path) -> None:
    command = "PY=sh -c 'echo $$DATA and $$LABELS'"
    said = run(["make", "--old-file=setup", "run", "DATA=own texts", "LABELS=l.json", command], fresh_clone)
    assert said.stdout == "own texts and l.json\n", said.stderr


@pytest.mark.parametrize(("keep", "ending"), [("1", "local demo --keep"), ("", "local demo")])
def test_make_demo_takes_from_the_environment_whether_to_keep_everything(
    fresh_clone: Path, keep: str, ending: str
) -> None:
    planned = run(["make", "--dry-run", "demo"], fresh_clone, {"KEEP": keep}).stdout
    assert planned.rstrip().endswith(ending)


def test_make_clean_refuses_while_it_runs(fresh_clone: Path) -> None:
    (fresh_clone / ".venv").symlink_to(sys.prefix)
    announced = fresh_clone / ".textdrop" / "running.json"
    announced.parent.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        announced.write_text(json.dumps({"url": url, "storage": "", "language": ""}))
        refused = run(["make", "clean"], fresh_clone)
    assert refused.returncode
    assert refused.stderr.startswith("It is still up, and would lose its data: stop it with Ctrl-C")
    assert announced.exists()
    assert run(["make", "clean"], fresh_clone).returncode == 0
    assert not announced.exists()


def test_a_python_without_the_packages_is_told_of_the_set_up(fresh_clone: Path, bare_python: str) -> None:
    answer = run([bare_python, "-m", "local", "demo"], fresh_clone)
    assert answer.returncode == 1
    assert f"Run `make setup` in {fresh_clone} once, then {fresh_clone}/.venv/bin/python -m local" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(("auth", "ending"), [("1", "local up  --auth"), ("", "local up")])
def test_make_run_takes_keys_from_the_environment(fresh_clone: Path, auth: str, ending: str) -> None:
    planned = run(["make", "--dry-run", "run"], fresh_clone, {"AUTH": auth, "HOST": ""}).stdout
    assert planned.rstrip().endswith(ending)


@pytest.mark.parametrize(
    ("source", "words", "what_to_do"),
    [
        ("LogsAndContainerScan", ["--event-grid"], "or restart it: BLOB_TRIGGER_SOURCE=EventGrid make run"),
        ("LogsAndContainerScan", ["--cloud-events"], "leave out --event-grid"),
        ("EventGrid", [], "python -m local drop --event-grid FILE"),
    ],
)
def test_drop_says_how_files_are_noticed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    source: str,
    words: list[str],
    what_to_do: str,
) -> None:
    monkeypatch.setattr(discovery, "STATE", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        discovery.announce(discovery.Stack(f"http://127.0.0.1:{listening.getsockname()[1]}/api", "", "", source=source))
        assert main(["drop", *words, __file__]) == 1
    assert what_to_do in capsys.readouterr().err


def test_drop_of_a_folder_says_that_it_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drop", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path} is a folder: name its files, such as {tmp_path}/*.txt\n"


@pytest.mark.parametrize(("auth", "ending"), [(False, ""), (True, "   (it asks for a key)")])
def test_the_address_of_the_console_is_printed_first_and_never_a_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, auth: bool, ending: str
) -> None:
    keys = key_file.load_or_create(tmp_path / "keys.json", ["manage"])
    up.explain(discovery.Stack("http://127.0.0.1:1/api", "", "", keys=str(tmp_path / "keys.json") * auth), tmp_path)
    printed = capsys.readouterr().out
    assert printed.splitlines()[2] == f"  console       http://127.0.0.1:1/api/console/{ending}"
    assert not [key for key in keys.host.values() if key in printed]
    assert ("for the console and the header x-functions-key" in printed) is auth


def test_the_line_for_curl_has_the_key_read_by_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = key_file.load_or_create(tmp_path / "its keys.json", ["manage"])
    up.explain(discovery.Stack("http://127.0.0.1:1/api", "", "", keys=str(tmp_path / "its keys.json")), tmp_path)
    printed = capsys.readouterr().out
    [line] = [line for line in printed.splitlines() if line.startswith("  ask ")]
    assert not [key for key in keys.host.values() if key in printed]
    words = line.split(maxsplit=1)[1].replace("curl", "printf '%s,'", 1).replace(".venv/bin/python", sys.executable)
    said = run(["sh", "-c", words]).stdout.split(",")
    assert said[:2] == ["-H", f"x-functions-key: {next(iter(keys.host.values()))}"]


def test_azurite_alone_on_given_ports_makes_its_containers_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    script = (
        "import sys; from local.cli import azurite as it; from local.__main__ import main; "
        "from local.stack.azurite import Azurite; "
        "it.DEFAULT_PORTS = Azurite('', 0, 0, 0); sys.exit(main(['azurite', *sys.argv[1:]]))"
    )
    words = [sys.executable, "-c", script, "--container", "documents", "--location", str(tmp_path / "kept")]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            said = process.stdout.readline()
            port = said.split("127.0.0.1:")[1].split(":")[0]
            blobs = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            with BlobServiceClient.from_connection_string(
                f"{blobs}BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
            ) as service:
                assert [one.name for one in service.list_containers()] == ["documents"]
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_a_wrong_trigger_source_is_told_before_anything_starts() -> None:
    answer = run([sys.executable, "-m", "local", "demo"], environ={"BLOB_TRIGGER_SOURCE": "Post"})
    assert (answer.returncode, answer.stderr) == (
        1,
        "BLOB_TRIGGER_SOURCE must be one of LogsAndContainerScan, EventGrid.\n",
    )


@pytest.mark.parametrize(
    ("host", "ending"), [("func", "local up --host func"), ("", "local up"), ("my-laptop", "local up")]
)
def test_make_run_takes_the_host_from_the_environment(fresh_clone: Path, host: str, ending: str) -> None:
    """Some shells export their machine's name as HOST: that is no choice of a Functions host."""
    planned = run(["make", "--dry-run", "run"], fresh_clone, {"HOST": host}).stdout
    assert planned.rstrip().endswith(ending)


def test_a_warning_that_is_let_pass_is_named_by_message_category_and_module() -> None:
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())
    all_are_errors, *let_pass = written["tool"]["pytest"]["ini_options"]["filterwarnings"]
    assert all_are_errors == "error"
    for one in let_pass:
        action, message, category, module = one.split(":")
        assert (action, bool(message), bool(category), bool(module)) == ("ignore", True, True, True)


def test_the_lock_file_names_no_place_to_download_from() -> None:
    """`npm install --omit-lockfile-registry-resolved` keeps it so: then npm asks whatever registry it is set up for."""
    assert '"resolved"' not in (ROOT / "local" / "package-lock.json").read_text()
