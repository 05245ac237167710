"""Which endpoints are taken, how names become paths, and what is believed of a link."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidResponse, Rejected, SettingsError
from shared.language.endpoint import Endpoint, path

HOST = "https://name.cognitiveservices.azure.com"
quick = settings(database=None, deadline=None)


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        (HOST, HOST),
        (HOST + "/", HOST),
        ("HTTPS://Name.CognitiveServices.Azure.com", "HTTPS://Name.CognitiveServices.Azure.com"),
        ("https://gateway.example:8443/language-service/", "https://gateway.example:8443/language-service"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_an_endpoint_is_https_or_this_machine(setting: str, url: str) -> None:
    assert Endpoint.of(setting).url == url


@pytest.mark.parametrize(
    "setting",
    [
        "http://name.cognitiveservices.azure.com",
        "HTTP://name.cognitiveservices.azure.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://2130706433",
        "http://[::2]",
    ],
)
def test_an_endpoint_without_tls_elsewhere_is_refused(setting: str) -> None:
    with pytest.raises(SettingsError, match="must begin with https://"):
        Endpoint.of(setting)


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "name",
        "name.cognitiveservices.azure.com",
        "ftp://name.example",
        "https://",
        "https:///path",
        "https://user:hunter2@name.example",
        "https://hunter2@name.example",
        "https://name.example\\@hunter2",
        "https://name.example?key=hunter2",
        "https://name.example#hunter2",
        "https://name.example/../hunter2",
        "https://name.example:99999",
        "https://name.example:0",
        "https://name.example:port",
        "https://na me.example",
        "https://name.example\n",
        "\nhttps://name.example",
        "https://[::1",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(setting: str) -> None:
    with pytest.raises(SettingsError, match="LANGUAGE_ENDPOINT is not an address") as caught:
        Endpoint.of(setting)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("MyProject", "MyProject"),
        ("my.project_1-a~b", "my.project_1-a~b"),
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("...", "..."),
        ("%2f", "%252f"),
        ("%2e%2e", "%252e%252e"),
        ("a?b=c&d#e", "a%3Fb%3Dc%26d%23e"),
        (":import", "%3Aimport"),
        ("a\nb\r\n", "a%0Ab%0D%0A"),
        ("back\\slash", "back%5Cslash"),
        ("😀é", "%F0%9F%98%80%C3%A9"),
        ("{project}", "%7Bproject%7D"),
    ],
)
def test_a_name_is_one_segment(name: str, segment: str) -> None:
    assert path("/projects/{project}/:train", project=name) == f"/projects/{segment}/:train"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_be_folded_away_is_refused(name: str) -> None:
    with pytest.raises(Rejected, match="cannot be the name of anything"):
        path("/projects/{project}", project=name)


def test_a_name_with_half_a_character_is_refused() -> None:
    with pytest.raises(Rejected, match="half a character"):
        path("/projects/{project}", project="a\ud800")


@quick
@given(st.text(min_size=1).filter(lambda name: name not in {".", ".."}))
def test_any_name_comes_back_from_its_segment(name: str) -> None:
    _, _, segment, last = path("/projects/{project}/train", project=name).split("/")
    assert (unquote(segment), last) == (name, "train")


@pytest.mark.parametrize(
    ("link", "job"),
    [
        (f"{HOST}/language/analyze-text/jobs/e1ac6b4e-5a75-4a91?api-version=2022-05-01", "e1ac6b4e-5a75-4a91"),
        (f"{HOST}:443/projects/P/import/jobs/d114_638883936000000000", "d114_638883936000000000"),
        ("HTTPS://NAME.cognitiveservices.azure.com/jobs/123456789/", "123456789"),
        ("/jobs/relative", "relative"),
    ],
)
def test_a_job_id_is_the_last_part_of_its_link(link: str, job: str) -> None:
    assert Endpoint.of(HOST).job_id(link) == job


@pytest.mark.parametrize(
    "link",
    [
        f"{HOST}:port/jobs/1",
        "https://other.example/jobs/1",
        "http://name.cognitiveservices.azure.com/jobs/1",
        f"{HOST}:8443/jobs/1",
        "https://name.cognitiveservices.azure.com.other.example/jobs/1",
        "https://name.cognitiveservices.azure.com@other.example/jobs/1",
        "//other.example/jobs/1",
        "file:///jobs/1",
    ],
)
def test_of_a_link_to_another_host_only_the_id_and_the_query_are_taken(link: str) -> None:
    endpoint = Endpoint.of(HOST)
    assert endpoint.job_id(link) == "1"
    assert endpoint.page_query(link + "?top=5") == {"top": "5"}


def test_a_link_that_is_no_address_is_garbled() -> None:
    with pytest.raises(InvalidResponse, match="cannot be read"):
        Endpoint.of(HOST).job_id("https://[/jobs/1")


@pytest.mark.parametrize("last", ["", "..", ".", "%2e%2e", "a%2Fb", "a%0Ab", "a%20b", "x" * 201, "é"])
def test_a_job_id_that_is_no_plain_word_is_garbled(last: str) -> None:
    with pytest.raises(InvalidResponse):
        Endpoint.of(HOST).job_id(f"{HOST}/jobs//{last}" if last else HOST)


@quick
@given(st.text())
def test_any_link_gives_an_id_or_is_garbled(link: str) -> None:
    try:
        assert Endpoint.of(HOST).job_id(link).isascii()
    except InvalidResponse:
        return


def test_of_a_link_to_a_next_page_only_the_query_is_taken() -> None:
    link = f"{HOST}/somewhere/else/..?$skip=20&$top=5&token=a%26b%2Fc"
    assert Endpoint.of(HOST).page_query(link) == {"$skip": "20", "$top": "5", "token": "a&b/c"}


def test_a_next_page_with_an_endless_query_is_garbled() -> None:
    with pytest.raises(InvalidResponse):
        Endpoint.of(HOST).page_query(HOST + "?" + "&".join(f"a{number}=1" for number in range(21)))
