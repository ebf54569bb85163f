"""The meaning of a package index's answers: the same for raydock's client, and for uv through it."""

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from raydock.core.checkout import Checkout
from raydock.core.errors import OutOfReachError, VariantError
from raydock.core.http import RetryPolicy
from raydock.index.addresses import Address
from raydock.index.client import Index, from_environment
from raydock.index.pages import Pages
from raydock.lock.request import LockRequest
from raydock.lock.resolver import Uv
from raydock.model import lock as locks
from raydock.model.variant import Variant
from tests.support.index import Site, serving
from tests.support.wheelindex import Run, versions


@pytest.fixture
def site(own_caches: None) -> Site:
    """An index with ray and what it needs."""
    found = Site()
    found.publish("ray", "2.60.0", ["click>=7"])
    found.publish("virtualenv", "20.1")
    found.publish("click", "8.1")
    found.publish("torch", "2.13.0+cpu", ["click"])
    return found


@pytest.fixture
def index(site: Site) -> Iterator[Index]:
    with serving(site) as url:
        yield Index(address=Address(url=url, source="UV_DEFAULT_INDEX"), timeout=5)


EXPECTED = {"click": "8.1", "ray": "2.60.0", "virtualenv": "20.1"}


def html(site: Site) -> None:
    site.html = True


def html_and_403(site: Site) -> None:
    site.html, site.unknown = True, 403


def no_ranges(site: Site) -> None:
    site.html, site.ranges = True, False


def metadata_promised(site: Site) -> None:
    for name in [name for name in site.files if name.endswith(".metadata")]:
        del site.files[name]
    site.unknown = 403


def some_without_times(site: Site) -> None:
    del site.pages["click"][0]["upload-time"]


def busy(site: Site) -> None:
    site.statuses = [503, 429]


@pytest.mark.parametrize("kind", [html, html_and_403, no_ranges, metadata_promised, some_without_times, busy])
def test_each_kind_of_index_is_resolved_from(site: Site, index: Index, lock_request: LockRequest, kind: Any) -> None:
    kind(site)
    assert versions(Uv(pages=Pages(index)), lock_request) == EXPECTED


def test_a_redirect_is_followed_and_gets_no_credentials(site: Site, lock_request: LockRequest) -> None:
    gate = Site(login="me:secret")
    with serving(gate) as url, serving(site) as elsewhere:
        gate.moved = elsewhere.removesuffix("/simple/").replace("127.0.0.1", "localhost")
        given = from_environment({"UV_DEFAULT_INDEX": url.replace("//", "//me:secret@")})
        assert versions(Uv(pages=Pages(given)), lock_request) == EXPECTED
    assert not any(header.get("Authorization") for header in site.seen)
    assert gate.requests


def test_a_circle_of_redirects_ends(site: Site, index: Index) -> None:
    site.moved = index.address.url.removesuffix("/simple/")
    with pytest.raises(OutOfReachError, match="redirects in a loop"):
        index.page("ray")


def test_local_versions_are_decoded(site: Site, index: Index) -> None:
    """The address of a link counts, as for uv and pip, also if the text of the link is encoded or shortened."""
    site.html = True
    (file,) = index.page("torch").files
    assert (file.filename, file.version) == ("torch-2.13.0+cpu-py3-none-any.whl", "2.13.0+cpu")
    assert "%2B" in file.url
    assert index.metadata(file).startswith(b"Metadata-Version")
    site.text = "torch-2.13..&gt;"
    assert replace(index).page("torch").files == (file,)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "it answered 401 Unauthorized"),
        (403, "it answered 403 Forbidden"),
        (429, "it answered 429 Too Many Requests"),
        (500, "it answered 500 Internal Server Error"),
        (503, "it answered 503 Service Unavailable"),
    ],
)
def test_a_refusal_is_out_of_reach(
    site: Site, index: Index, lock_request: LockRequest, status: int, message: str
) -> None:
    site.status = status
    with pytest.raises(OutOfReachError, match=message) as caught:
        index.page("ray")
    with pytest.raises(OutOfReachError, match=message) as by_uv:
        Uv(pages=Pages(index)).resolve(lock_request, {})
    assert str(by_uv.value) == str(caught.value)
    assert "(named by UV_DEFAULT_INDEX)" in caught.value.what
    if status in {401, 403}:
        assert "UV_INDEX_DEFAULT_PASSWORD" in caught.value.todo


def test_403_for_a_package_means_that_it_is_missing(site: Site, index: Index, lock_request: LockRequest) -> None:
    site.unknown = 403
    wide = replace(lock_request, requirements=("ray", "nothing"))
    with pytest.raises(VariantError, match="nothing was not found") as caught:
        Uv(pages=Pages(index)).resolve(wide, {})
    assert "answered 403 Forbidden for nothing" in caught.value.meaning


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (b"<html><form action=login><input name=user></form></html>", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "cannot be read"),
    ],
)
def test_an_answer_that_is_not_an_index_page(site: Site, index: Index, page: bytes, message: str) -> None:
    site.page = page
    with pytest.raises(OutOfReachError, match=message):
        index.page("ray")


LOGIN = '<html><body><h1>Please log in</h1> <a href="/login">Log in</a></body></html>'
WEB_PAGES = {
    "login form": "<!DOCTYPE html><html><body><form action=login><input name=user></form></body></html>",
    "login link": LOGIN,
    "single sign-on": "<html><head><title>Sign in</title><script src=/sso.js></script></head><body></body></html>",
    "meta refresh": '<html><head><meta http-equiv="refresh" content="0; url=/login"></head><body></body></html>',
    "maintenance": "<html><body><h1>503 Service Unavailable</h1></body></html>",
    "portal": "<title>Guest network</title><h1>Quick links for guests</h1><a href=/terms>Terms</a>",
    "page of a different project": "<title>Links for numpy</title><a href=/login>Log in</a>",
    "folder of a web site": "<title>Index of services</title><a href=/wiki>Wiki</a>",
    "text": "blocked by policy",
    "comment": "<!-- blocked -->",
    "empty": "",
}


@pytest.mark.parametrize("text", WEB_PAGES.values(), ids=WEB_PAGES)
@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", ""])
def test_a_web_page_is_not_an_empty_list(site: Site, index: Index, text: str, kind: str) -> None:
    site.everywhere = (kind, text)
    with pytest.raises(OutOfReachError, match="such as a login page or a proxy's page") as caught:
        index.page("ray")
    assert "in UV_DEFAULT_INDEX" in caught.value.todo
    assert "NO_PROXY" in caught.value.todo


def test_uv_gets_the_same_answer_for_a_login_page(site: Site, index: Index, lock_request: LockRequest) -> None:
    site.everywhere = ("text/html", LOGIN)
    with pytest.raises(OutOfReachError, match="such as a login page or a proxy's page"):
        Uv(pages=Pages(index)).resolve(lock_request, {})


def test_a_redirect_to_a_login_page_names_its_host(site: Site, index: Index) -> None:
    login = Site(everywhere=("text/html", LOGIN))
    with serving(login) as url:
        host = url.split("/")[2].replace("127.0.0.1", "localhost")
        site.moved = f"http://{host}"
        with pytest.raises(OutOfReachError, match=f"such as a login page .* at {host}, to which it refers"):
            index.page("ray")


# Pages of projects without files. Those of warehouse, nexus and devpi are shortened from their sources (2026-11-30).
EMPTY_LISTS = {
    "warehouse": '<html><head><meta name="pypi:repository-version" content="1.4"><title>Links for ray</title></head>',
    "nexus": '<title>Links for ray</title><meta name="api-version" value="2"/></head><body><h1>Links for ray</h1>',
    "simple index": '<html><head><title>Simple Index</title><meta name="api-version" value="2" /></head><body></body>',
    "devpi": "<title>root/pypi: links for ray</title><h1>root/pypi: links for ray</h1><form><input name=refresh>",
    "heading": "<!DOCTYPE html><html><body><h1>Links for ray</h1></body></html>",
    "other spelling": "<html><head><title>Links for Ray</title></head></html>",
    "nginx": "<html><head><title>Index of /simple/ray/</title></head><body><h1>Index of /simple/ray/</h1><a href=../>",
    "http.server": '<html><head><meta charset="utf-8"><title>Directory listing for /simple/ray/</title></head>',
    "no title": '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"></head><body>\n</body></html>\n',
}


@pytest.mark.parametrize("text", EMPTY_LISTS.values(), ids=EMPTY_LISTS)
def test_an_empty_list_is_not_a_web_page(site: Site, index: Index, text: str) -> None:
    site.everywhere = ("text/html", text)
    assert index.page("ray").files == ()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("application/vnd.pypi.simple.v1+html", "<html></html>"),
        ("application/vnd.pypi.simple.v1+json", '{"meta": {"api-version": "1.0"}, "name": "ray", "files": []}'),
        ("text/html", '<a href="ray-0.1-py2.7.egg">ray-0.1-py2.7.egg</a>'),
    ],
)
def test_lists_without_wheels(site: Site, index: Index, kind: str, text: str) -> None:
    site.everywhere = (kind, text)
    assert index.page("ray").files == ()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/octet-stream"])
def test_a_content_type_that_is_not_that_of_an_index(site: Site, index: Index, kind: str) -> None:
    site.everywhere = (kind, '{"error": "no such repository"}')
    with pytest.raises(OutOfReachError, match="its content type is not one of a package index") as caught:
        index.page("ray")
    assert "Error" not in caught.value.what


def test_waiting_is_reported(site: Site, index: Index) -> None:
    site.statuses, site.headers = [429], {"Retry-After": "1"}
    lines: list[str] = []
    start = monotonic()
    heard = replace(index, listener=lambda name, step, **_: lines.append(f"{name} {step}"))
    assert heard.page("ray").files
    assert monotonic() - start >= 1
    assert lines == [f"{index.address.label} answered 429 Too Many Requests; waiting 1 s before the next attempt"]


@pytest.mark.parametrize("wait", ["3600", "Wed, 01 Jan 2200 00:00:00 GMT"])
def test_waiting_is_bounded(site: Site, index: Index, wait: str) -> None:
    site.status, site.headers = 503, {"Retry-After": wait}
    start = monotonic()
    with pytest.raises(OutOfReachError, match=r"it answered 503 Service Unavailable and asks to wait \d+ s"):
        index.page("ray")
    assert monotonic() - start < RetryPolicy().longest / 2
    site.headers = {"Retry-After": "soon"}
    with pytest.raises(OutOfReachError, match="503"):
        index.page("ray")


def test_credentials_are_for_the_indexs_own_host(site: Site, lock_request: LockRequest) -> None:
    """Files on a different host get no credentials of the index."""
    files = Site(files=site.files)
    site.login = "me:p@ss€"
    with serving(files) as elsewhere, serving(site) as url:
        for page in site.pages.values():
            for file in page:
                file["url"] = elsewhere.replace("/simple/", f"/files/{file['filename']}")
        given = from_environment({"UV_DEFAULT_INDEX": url.replace("//", "//me:p%40ss%E2%82%AC@")})
        assert versions(Uv(pages=Pages(given)), lock_request) == EXPECTED
    assert files.requests
    assert not any(header.get("Authorization") for header in files.seen)


CPU = Variant(ray="2.60.0", python="3.11")


def test_a_lock_without_a_cutoff_records_that(run: Run, checkout: Checkout, wheel_index: Any) -> None:
    """Today's packages from an index that gives no upload times, and from one that gives some."""
    wheel_index.add("click", "8.9", uploaded="2026-11-20")
    run(CPU)
    lock = locks.load(checkout.lock(CPU.name))
    assert locks.NO_CUTOFF not in lock.header
    assert lock.version("click") == "8.1"
    for file in wheel_index.files["click"]:
        del file["upload-time"]
    wheel_index.add("filelock", "9.0", uploaded="2026-11-20")
    wheel_index.write("click")
    run(CPU)
    lock = locks.load(checkout.lock(CPU.name))
    assert lock.header[locks.NO_CUTOFF] == "default index (click)"
    assert (lock.version("click"), lock.version("filelock")) == ("8.9", "3.0")
    for project in wheel_index.files:
        for file in wheel_index.files[project]:
            file.pop("upload-time", None)
        wheel_index.write(project)
    run(CPU)
    lock = locks.load(checkout.lock(CPU.name))
    assert lock.header[locks.NO_CUTOFF] == "default index"
    assert lock.version("filelock") == "9.0"
