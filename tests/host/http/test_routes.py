import pytest

from local.host.errors import FunctionInError, HostInError
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
        ("{x}", "/one%2Ftwo", {"x": "one%2Ftwo"}),
        ("{x}", "/", None),
        ("caf%C3%A9", "/x", None),
        ("café/{x}", "/CAFÉ/y", {"x": "y"}),
        ("pre{x}", "/prepre1", None),  # the literal is taken where it occurs last, and nothing may stand before it
        ("{x=1}/{y:int?}", "/", {"x": "1"}),
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
        "{*x?}",
        "{}",
        "{x",
        "x}",
        "a?b",
        "a//b",
        "~a",
        "{*rest}/a",
        "a{*rest}",
        "{a}{b}",
        "{a}-{b?}",
        "{x}/{X}",
        "{x=1?}",
        "{x:none}",
        "{x:int(1)}",
        "{x:min(a)}",
        "{x:length(3,2)}",
        "{x:range(5,1)}",
    ],
)
def test_what_cannot_be_made_stops_the_host(template: str) -> None:
    with pytest.raises(HostInError, match=r"the route '.*' cannot be made: ."):
        parse("", template)


@pytest.mark.parametrize("template", ["{x:datetime}", "{x:int:regex(^1)}", "{x:REGEX(a,b)?}"])
def test_what_is_not_supported_is_refused(template: str) -> None:
    with pytest.raises(
        FunctionInError, match=r"the route '.*' has the constraint '.*', which this host does not support"
    ):
        parse("", template)


@pytest.mark.parametrize(
    ("template", "link"),
    [("a/b", "/a/b"), ("a/{*x}", "/a/"), ("a/{x?}", None), ("a/{x}", None), ("a{x}", None), ("é", "/%C3%A9")],
)
def test_link(template: str, link: str | None) -> None:
    assert parse("", template).link == link
