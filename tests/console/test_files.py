"""What the function `console` serves: the files, their headers, and what browsers may keep."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import azure.functions as func
import pytest

import function_app
from shared.console import files
from tests.console import page_sizes

STATIC = Path(files.__file__).parent / "static"
PAGE, SCRIPT = "/api/console/", f"/api/console/{files.version()}/main.js"
ALWAYS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FOR_GOOD = "public, max-age=31536000, immutable"
OTHER_VERSION = "0123456789ab"
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"'\s]+)["']""")  # in a module, of another
STATIC_IMPORT = re.compile(r'\bfrom "([^"]+)"')  # one that the browser follows before the module runs
PRELOAD = re.compile(r'<link rel="modulepreload" href="{base}/([^"]+)" />'.replace("{base}", r"[^/\"]+"))
LINK = re.compile(r"""\b(?:src|href)="([^"]+)\"""")
FORBIDDEN = {
    "markup from data": re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write"),
    "code from text": re.compile(r"\beval\(|\bnew Function\b"),
    "an inline style": re.compile(r"\bstyle=[\"']"),
    "an inline handler": re.compile(r"\son[a-z]+=[\"']"),
}
NAMESPACE = "http://www.w3.org/2000/svg"  # a name: nothing is loaded from there
ADDRESS = re.compile(r"(?:https?:|wss?:|url\(|@import|[\"'])\s*//[^\s\"')]+|https?://[^\s\"')]+")


def ask(path: str = PAGE, method: str = "GET", headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """What the function answers to a request for a path of the app."""
    file = path.partition("/console")[2].removeprefix("/")
    route = {"file": file} if file else {}
    url = f"https://textdrop.example{path}"
    request = func.HttpRequest(method=method, url=url, headers=headers or {}, route_params=route, body=b"")
    answer: func.HttpResponse = function_app.console(request)
    return answer


def own_files(*endings: str) -> list[Path]:
    """The files that are not other people's."""
    found = sorted(path for path in STATIC.rglob("*") if path.suffix in endings and path.is_file())
    return [path for path in found if "vendor" not in path.relative_to(STATIC).parts]


def sent(answer: func.HttpResponse) -> dict[str, str]:
    """The headers, but for those of the body."""
    return {name: value for name, value in answer.headers.items() if name not in ("Content-Length", "Content-Type")}


@pytest.mark.parametrize(
    ("path", "method", "status", "more"),
    [
        (PAGE, "GET", 200, {"Cache-Control": "no-cache", "ETag": None, "Vary": "Accept-Encoding"}),
        (SCRIPT, "GET", 200, {"Cache-Control": FOR_GOOD, "ETag": None, "Vary": "Accept-Encoding"}),
        (SCRIPT, "HEAD", 200, {"Cache-Control": FOR_GOOD, "ETag": None, "Vary": "Accept-Encoding"}),
        (f"{SCRIPT}.none", "GET", 404, {}),
        (PAGE, "POST", 405, {"Allow": "GET, HEAD"}),
    ],
)
def test_every_header(path: str, method: str, status: int, more: dict[str, str | None]) -> None:
    answer = ask(path, method)
    etag = {"ETag": answer.headers.get("ETag")} if "ETag" in more else {}
    assert answer.status_code == status
    assert sent(answer) == {**ALWAYS, **more, **etag}
    assert re.fullmatch(r'"[0-9a-f]{12}"', etag.get("ETag") or '"000000000000"')


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("main.js", "text/javascript"),
        ("console.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_each_kind_of_file_has_its_type(name: str, content_type: str) -> None:
    answer = ask(f"/api/console/{files.version()}/{name}")
    assert (answer.status_code, answer.mimetype, answer.charset) == (200, content_type, "utf-8")
    assert answer.get_body() == (STATIC / name).read_bytes()


def test_all_files_are_served_and_no_others_lie_there() -> None:
    assert set(files.files()) == {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("version", "status", "caching"),
    [
        (files.version(), 200, FOR_GOOD),
        (OTHER_VERSION, 200, "no-cache"),  # while a deployment is under way, instances of both versions answer
        (OTHER_VERSION[:-1], 404, None),
        (OTHER_VERSION.upper(), 404, None),
        (f"{OTHER_VERSION}\n", 404, None),
        ("latest", 404, None),
    ],
)
def test_only_the_own_version_is_kept_for_good(version: str, status: int, caching: str | None) -> None:
    answer = function_app.console(
        func.HttpRequest(method="GET", url=PAGE, route_params={"file": f"{version}/main.js"}, body=b"")
    )
    assert (answer.status_code, answer.headers.get("Cache-Control")) == (status, caching)


def test_a_file_without_a_version_is_not_found_and_the_page_with_one_neither() -> None:
    for path in ("main.js", "console.css", f"{files.version()}/index.html", files.version()):
        assert ask(f"/api/console/{path}").status_code == 404


def test_the_version_is_another_with_any_other_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files.version()
    for name, file in files.files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(file.content)
    (tmp_path / "icon.svg").write_text("<svg/>")
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    for cached in (files.files, files.version):
        monkeypatch.setattr(files, cached.__name__, cached.__wrapped__)
    assert files.version() != before


@pytest.mark.parametrize("path", [PAGE, SCRIPT])
def test_what_has_not_changed_is_not_sent_again(path: str) -> None:
    first = ask(path)
    for given in (first.headers["ETag"], f'"other", W/{first.headers["ETag"]}'):
        again = ask(path, headers={"If-None-Match": given})
        assert (again.status_code, again.get_body(), sent(again)) == (304, b"", sent(first))
    assert ask(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("br, deflate", False),
        ("x-gzipped", False),
        ("", False),
    ],
)
def test_files_are_compressed_where_gzip_is_accepted(accepted: str, compressed: bool) -> None:
    plain, answer = ask(SCRIPT), ask(SCRIPT, headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == ("gzip" if compressed else None)
    assert answer.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    body = gzip.decompress(answer.get_body()) if compressed else answer.get_body()
    assert body == plain.get_body() == (STATIC / "main.js").read_bytes()
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_sent_to_it(method: str) -> None:
    assert {ask(path, method).status_code for path in (PAGE, SCRIPT)} == {405}


@pytest.mark.parametrize(
    "name",
    [
        "../files.py",
        "../../settings.py",
        "%2e%2e/files.py",
        "..%2ffiles.py",
        "..\\files.py",
        "/etc/passwd",
        "main.js\0",
        "\0",
        "main.js/",
        "./main.js",
        "views",
        "views/",
        "MAIN.JS",
        "views/index.html",
        "",
        "x" * 4000,
    ],
)
def test_what_is_no_file_of_the_page_is_not_found(name: str) -> None:
    for below in (f"{files.version()}/", f"{OTHER_VERSION}/", "") if name else (f"{files.version()}/",):
        answer = ask(f"/api/console/{below}{name}")
        assert answer.status_code == 404
        assert (answer.mimetype, answer.get_body()) == ("text/plain", b"There is no such file.\n")


@pytest.mark.parametrize("address", ["/api/console", "/api/console/", "/api/console/index.html", "/v1/app/console/"])
def test_each_file_that_the_page_names_is_there(address: str) -> None:
    page = ask(address)
    text = page.get_body().decode()
    assert (page.status_code, page.mimetype) == (200, "text/html")
    named = [urlsplit(urljoin(f"https://textdrop.example{address}", link)) for link in LINK.findall(text)]
    console = f"{address.partition('console')[0]}console/"
    assert len(named) > 3
    assert {link.netloc for link in named} == {"textdrop.example"}
    for link in named:
        assert link.path.startswith(f"{console}{files.version()}/")
        assert link.path.partition(f"{files.version()}/")[2] in files.files()


def named_by(name: str, *patterns: re.Pattern[str]) -> set[str]:
    """The files that a module names, by their paths: those that it imports, or those of the patterns."""
    found, text = set(), (STATIC / name).read_text()
    for given in (given for pattern in patterns or (IMPORT,) for given in pattern.findall(text)):
        assert given.startswith("."), f"{name} imports {given}, which no browser can find"
        found.add(urlsplit(urljoin(f"https://textdrop.example/{name}", given)).path.removeprefix("/"))
    return found


def reached(left: list[str], *patterns: re.Pattern[str]) -> set[str]:
    """These modules and all that they name, one through another, whether they are there or not."""
    found = set[str]()
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += named_by(name, *patterns) if name in files.files() else ()
    return found


def test_each_file_that_a_module_names_is_there_and_no_module_is_left_over() -> None:
    scripts = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}
    entries = re.findall(r'<script [^>]*src="{base}/([^"]+)"', (STATIC / "index.html").read_text())
    assert reached(entries) == scripts


def test_the_page_names_the_modules_of_its_first_view_and_no_others() -> None:
    named = PRELOAD.findall(ask().get_body().decode())
    assert len(named) == len(set(named))
    assert set(named) == reached(["main.js", "views/overview/overview.js"], STATIC_IMPORT)
    assert "views/reviews/reviews.js" not in named


def test_what_browsers_load_is_small() -> None:
    assert page_sizes.of_the_first_view() <= page_sizes.MAX_OF_THE_FIRST_VIEW
    assert page_sizes.of_all() <= page_sizes.MAX_OF_ALL


def faults(path: Path) -> Iterator[str]:
    text = path.read_text()
    for what, pattern in FORBIDDEN.items():
        yield from (f"{path.name}: {what}: {found.group()}" for found in pattern.finditer(text))
    yield from (f"{path.name}: an address: {found}" for found in ADDRESS.findall(text) if found != NAMESPACE)


def test_the_page_takes_no_code_from_data_and_nothing_from_elsewhere() -> None:
    assert [fault for path in own_files(".html", ".js", ".css", ".svg") for fault in faults(path)] == []


@pytest.mark.parametrize(
    "line",
    [
        "node.innerHTML = name;",
        'eval("1")',
        '<p style="color: red">',
        "<p onclick='go()'>",
        '<script src="//cdn.example/x.js">',
        'fetch("https://elsewhere.example/")',
        "@import url(//fonts.example/a.css);",
    ],
)
def test_such_a_line_is_noticed(tmp_path: Path, line: str) -> None:
    (tmp_path / "one.js").write_text(line)
    assert list(faults(tmp_path / "one.js"))
