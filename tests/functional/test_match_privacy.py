"""A server as a process: a large posted file is held in memory alone, and nothing of it is left anywhere."""

from __future__ import annotations

import http.client
from pathlib import Path

import orjson

from support.posting import BOUNDARY, OWN, as_multipart
from support.records import raw
from support.serving import Running, make_registry, running

WORD = "Zwitscherling"


def post(server: Running, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    """Over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        said = {**OWN, "content-type": f"multipart/form-data; boundary={BOUNDARY}", **headers}
        said.pop("host")
        said["origin"] = server.url
        connection.request("POST", path, body=body, headers=said)
        response = connection.getresponse()
        assert response.getheader("cache-control") == "no-store"
        return response.status, response.read()
    finally:
        connection.close()


def bundle(size: int) -> bytes:
    """A record of so many bytes, the word in each of its resources."""
    one = {
        "resourceType": "Condition", "id": WORD, "code": {"text": f"{WORD} disease"}, "subject": {"reference": f"Patient/{WORD}"},
        "note": [{"text": WORD * 2_000}],
    }  # fmt: skip
    person = {"resourceType": "Patient", "id": WORD, "birthDate": "1980-01-01", "name": [{"family": WORD}]}
    count = size // len(orjson.dumps(one)) + 1
    entries = [
        {"resource": part} for part in (person, *({**one, "id": f"{WORD}{at}"} for at in range(count)))
    ]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def test_a_large_file_leaves_nothing_behind(tmp_path: Path) -> None:
    directory = make_registry(tmp_path / "registry", *map(raw, range(1, 5)))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {
        "TMPDIR": str(temporary),
        "TRIALIST_MAX_PATIENT_BYTES": "6000000",
        "TRIALIST_LOG_QUERIES": "yes",
    }
    with running(directory, environment=environment) as server:
        files = [("file", f"{WORD}.json", bundle(4_000_000))]
        status, page = post(
            server, "/match/trials", as_multipart([("fields", "1"), ("q.condition", "GVHD")], files)
        )
        assert status == 200
        assert f"{WORD} disease".encode() in page
        assert post(server, "/match/trials", as_multipart([("note", WORD * 600_000)]))[0] == 413
        assert post(server, "/match/trials", as_multipart([("fields", "1"), ("top.age", WORD)]))[0] == 400
        assert post(server, "/match/trials", b"kept=" + WORD.encode())[0] == 400
        assert (
            post(server, "/match/trials", as_multipart([("note", WORD)]), **{"sec-fetch-site": "cross-site"})[
                0
            ]
            == 403
        )
        broken = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        broken.putrequest("POST", "/match/trials")
        broken.putheader("content-length", "1000000")
        broken.endheaders()
        broken.send(WORD.encode() * 1_000)
        broken.close()  # in the middle of a request
        figures = server.get("/api/trialist/v1/metrics").body
        code, out, log = server.stop()
    assert code == 0
    assert b"/match/trials" in log
    for told in (figures, out, log):
        assert WORD.lower().encode() not in told.lower()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert WORD.lower().encode() not in file.read_bytes().lower(), file
