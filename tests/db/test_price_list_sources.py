"""Where a merchant's own list may lie: on the web, in a file, in a bucket whose requests are signed."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from include.kaspi.price_list import PriceListError
from include.kaspi.price_list.source import ListUnreachable, Place, fetch

BODY = b"<kaspi_catalog><offers/></kaspi_catalog>"
KEY, SECRET = "AKIDEXAMPLE", "a secret of the test"


def signature_is_good(method: str, path: str, headers: dict[str, str]) -> bool:
    """Check a request's signature as S3 does (Signature Version 4)."""
    found = re.fullmatch(
        rf"AWS4-HMAC-SHA256 Credential={KEY}/(\d+)/([\w-]+)/s3/aws4_request, ?"
        r"SignedHeaders=([\w;-]+), ?Signature=(\w+)",
        headers.get("authorization", ""),
    )
    if found is None:
        return False
    day, region, names, given = found.groups()
    url = urlsplit(path)
    signed = "".join(f"{name}:{headers[name].strip()}\n" for name in names.split(";"))
    request = "\n".join([method, url.path, url.query, signed, names, headers["x-amz-content-sha256"]])
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), given)


@contextmanager
def server(*, signed: bool = False, body: bytes = BODY) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            allowed = signature_is_good("GET", self.path, headers) if signed else True
            there = self.path in ("/shop/lists/base.xml", "/base.xml")
            self.send_response(403 if not allowed else 200 if there else 404)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"1"')
            self.send_header("Last-Modified", "Sat, 14 Nov 2026 05:00:00 GMT")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def bucket(endpoint: str, key: str = "lists/base.xml", **more: Any) -> Place:
    options = {"endpoint": endpoint, "region": "us-east-1"}
    return Place(f"s3://shop/{key}", **{"login": KEY, "password": SECRET, "options": options, **more})


def test_a_list_in_a_bucket_is_read_by_a_signed_request() -> None:
    with server(signed=True) as endpoint:
        assert fetch(bucket(endpoint)) == BODY
        with pytest.raises(ListUnreachable, match=r"s3://shop/lists/base\.xml"):
            fetch(bucket(endpoint, password="another secret"))
        with pytest.raises(ListUnreachable):
            fetch(bucket(endpoint, login=None))
        with pytest.raises(ListUnreachable, match="missing"):
            fetch(bucket(endpoint, key="missing.xml"))
        with pytest.raises(PriceListError, match="larger than 10 bytes"):
            fetch(bucket(endpoint), most_bytes=10)


def test_an_open_bucket_needs_no_key() -> None:
    with server() as endpoint:
        assert fetch(bucket(endpoint, login=None, password=None)) == BODY


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "наш список.xml"
    path.write_bytes(BODY)

    assert fetch(path.as_uri()) == BODY
    with pytest.raises(PriceListError, match="larger"):
        fetch(path.as_uri(), most_bytes=10)
    with pytest.raises(ListUnreachable, match="could not be read"):
        fetch((tmp_path / "none.xml").as_uri())


def test_the_web() -> None:
    with server() as address:
        assert fetch(f"{address}/base.xml") == BODY
        with pytest.raises(ListUnreachable, match="404"):
            fetch(f"{address}/none.xml")


def test_another_kind_of_address_says_what_can_be_written() -> None:
    with pytest.raises(ListUnreachable, match=r"http\(s\)://"):
        fetch("ftp://somewhere/base.xml")


def test_a_secret_is_not_shown() -> None:
    assert SECRET not in repr(bucket("http://x"))
