import pytest

from local.host.errors import FunctionInError
from local.host.triggers.route_templates import parse


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("hello", "/hello", {}),
        ("hello", "/HeLLo", {}),
        ("hello", "/hello/", {}),
        ("hello", "/hello//", None),
        ("hello", "//hello", None),
        ("hello", "/hello/more", None),
        ("hello", "/", None),
        ("{x}", "/one", {"x": "one"}),
        ("{x}", "/one%20two", {"x": "one two"}),
        ("{x}", "/one%2Ftwo", {"x": "one%2Ftwo"}),
        ("{x}", "/", None),
        ("caf%C3%A9", "/x", None),
        ("café/{x}", "/caf%C3%A9/y", {"x": "y"}),
        ("a/{x}/b", "/a/1/b", {"x": "1"}),
        ("a/{x}/b", "/a//b", None),
        ("a/{x?}", "/a", {}),
        ("a/{x?}", "/a/", {}),
        ("a/{x?}", "/a/1", {"x": "1"}),
        ("a/{x?}", "/a/1/2", None),
        ("a/{x?}/{y?}", "/a/1", {"x": "1"}),
        ("a/{x?}/{y?}", "/a/1/2", {"x": "1", "y": "2"}),
        ("{*rest}", "/", {}),
        ("a/{*rest}", "/a", {}),
        ("a/{*rest}", "/a/", {}),
        ("a/{*rest}", "/a/1", {"rest": "1"}),
        ("a/{*rest}", "/a/1//2/", {"rest": "1//2/"}),
        ("a/{*rest}", "/a/%7B%20", {"rest": "{ "}),
        ("a/{*rest}", "/a//1", None),
        ("a/{*rest}", "/b/1", None),
        ("a/{x}/{*rest}", "/a", None),
    ],
)
def test_match(template: str, path: str, expected: dict[str, str] | None) -> None:
    assert parse("", template).match(path) == expected


def test_the_prefix_is_part_of_the_template() -> None:
    route = parse("api/v1", "hello")
    assert route.template == "api/v1/hello"
    assert route.match("/API/v1/hello") == {}
    assert route.match("/hello") is None


@pytest.mark.parametrize(
    "template",
    [
        "{x:int}",
        "{x=1}",
        "{a}.{b}",
        "pre{x}",
        "{**x}",
        "{*x?}",
        "{}",
        "{x",
        "x}",
        "a?b",
        "/a",
        "a/",
        "a//b",
        "{*rest}/a",
        "{x?}/a",
        "{x}/{X}",
    ],
)
def test_what_is_not_supported_is_refused(template: str) -> None:
    with pytest.raises(FunctionInError, match="the route '"):
        parse("", template)
