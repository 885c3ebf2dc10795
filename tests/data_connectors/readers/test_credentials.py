"""No password leaves the reader, whatever shape its address has."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_connectors.readers import RawBatch, RawReject
from data_connectors.readers.credentials import is_secret, without_credentials, without_user


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("rtsp://admin:hunter2@10.0.0.5:554/live", "rtsp://10.0.0.5:554/live"),
        ("rtsp://admin@10.0.0.5/live", "rtsp://10.0.0.5/live"),
        ("rtsp://admin:@10.0.0.5/live", "rtsp://10.0.0.5/live"),
        ("rtsp://admin:hunter2@[fe80::1]:554/live", "rtsp://[fe80::1]:554/live"),
        ("rtsp://admin:hu/nt@er2@10.0.0.5/live", "rtsp://10.0.0.5/live"),
        ("rtsp://dom%5Cadmin:hunter2@cam/live", "rtsp://cam/live"),
        ("http://cam/snap.cgi?user=admin&pwd=hunter2&channel=1", "http://cam/snap.cgi?user=&pwd=&channel=1"),
        ("http://cam/snap?loginuse=a&loginpas=hunter2", "http://cam/snap?loginuse=&loginpas="),
        ("https://b.example.com/i.jpg?X-Amz-Credential=A&X-Amz-Signature=hunter2&v=2",
         "https://b.example.com/i.jpg?X-Amz-Credential=&X-Amz-Signature=&v=2"),
        ("see rtsp://a:hunter2@cam1/x and rtsp://cam2/y", "see rtsp://cam1/x and rtsp://cam2/y"),
        ("http://cam.example.gov:8080/a@b.jpg", "http://cam.example.gov:8080/a@b.jpg"),
        ("rtmp://156.74.125.142:1935/live&file=Airport.stream", "rtmp://156.74.125.142:1935/live&file=Airport.stream"),
        ("write to desk@example.gov", "write to desk@example.gov"),
    ],
)  # fmt: skip
def test_an_address_loses_its_credentials_and_nothing_else(given_: str, kept: str) -> None:
    assert without_user(given_) == kept


awkward = st.text(alphabet="abcXYZ0189!#$%^*()_+-=~.,@/:", min_size=1, max_size=20)


@given(user=st.text(alphabet="abcxyz09._-", min_size=1), password=awkward)
def test_no_password_survives_in_an_address(user: str, password: str) -> None:
    secret = f"s3cr3t{password}s3cr3t"
    assert "s3cr3t" not in without_user(f"rtsp://{user}:{secret}@cam.example.gov/live/1")


@pytest.mark.parametrize("header", ["Password", "PASSWD", "pwd", "Camera Pass Word", "a.password", "API_KEY", "Token"])
def test_secret_headers_are_recognised(header: str) -> None:
    assert is_secret(header)


@pytest.mark.parametrize("header", ["Passageway", "Name", "Pinewood Ave", "Tokens seen", "Bypass", "Owner"])
def test_other_headers_are_not(header: str) -> None:
    assert not is_secret(header)


def test_rejects_are_cleaned_and_the_notes_count() -> None:
    table = pa.table({"name": ["a", "b"], "url": ["rtsp://u:hunter2@cam/1", None], "Password": ["hunter2", "hunter2"]})
    rejects = (
        RawReject(4, "bad", {"Password": "hunter2", "url": "rtsp://u:hunter2@cam/1"}),
        RawReject(5, "bad", "x,rtsp://u:hunter2@cam/1"),
    )
    first = RawBatch(table, pa.array([2, 3]), rejects, notes=("other",))
    batches = list(without_credentials(iter([first, RawBatch(table.slice(1), pa.array([9]))])))
    assert "hunter2" not in str(batches) + str([b.columns.to_pylist() for b in batches])
    assert batches[-1].notes == ("left out as secret: Password", "credentials taken out of 1 address")
    assert batches[0].notes == ("other",)
