"""What a user sees and gets, with Python's own client."""

from __future__ import annotations

import ftplib
import io
from collections import UserDict
from collections.abc import Callable
from pathlib import Path

import pytest
from ftps_site import ASN, FILES, I2D, OBSERVATION, Site

from topmast_service.ftps.doors import Doors


def fetched(client: ftplib.FTP_TLS, path: str, rest: int | None = None) -> bytes:
    got = io.BytesIO()
    client.retrbinary(f"RETR {path}", got.write, rest=rest)
    return got.getvalue()


def test_every_file_arrives_as_it_is(site: Site) -> None:
    with site.signed_in() as client:
        assert {path: fetched(client, f"/b_abc/{path}") for path in FILES} == FILES


def test_line_ends_survive_even_an_ascii_transfer(site: Site) -> None:
    with site.signed_in() as client:
        client.voidcmd("TYPE A")
        with client.transfercmd(f"RETR /b_abc/{I2D}") as data:
            got = b"".join(iter(lambda: data.recv(65536), b""))
        client.voidresp()
    assert got == FILES[I2D]


def test_a_transfer_resumes_where_it_stopped(site: Site) -> None:
    with site.signed_in() as client:
        assert fetched(client, f"/b_abc/{I2D}", rest=100_001) == FILES[I2D][100_001:]
        with pytest.raises(ftplib.error_perm, match="554"):
            fetched(client, f"/b_abc/{I2D}", rest=len(FILES[I2D]) + 1)


def test_size_and_time_of_a_file(site: Site) -> None:
    with site.signed_in() as client:
        assert client.size(f"/b_abc/{I2D}") == len(FILES[I2D])
        assert client.sendcmd(f"MDTM /b_abc/{I2D}").startswith("213 20")
        with pytest.raises(ftplib.error_perm, match="550"):
            client.size("/b_abc/JWST")


def test_listings_name_boxes_then_folders_then_files(site: Site) -> None:
    with site.signed_in() as client:
        assert {name: facts["type"] for name, facts in client.mlsd("/")} == {"b_abc": "dir"}
        assert {name for name, _ in client.mlsd("b_abc")} == {"MANIFEST.HTML", "JWST"}
        listed = dict(client.mlsd(f"/b_abc/{OBSERVATION}"))
        assert {name: int(facts["size"]) for name, facts in listed.items()} == {
            I2D.rpartition("/")[2]: len(FILES[I2D]),
            ASN.rpartition("/")[2]: len(FILES[ASN]),
        }
        assert sorted(client.nlst(f"/b_abc/{OBSERVATION}")) == sorted(listed)


def test_a_listing_tells_nothing_of_the_host(site: Site) -> None:
    box = site.boxes["alice"]["b_abc"]
    (box.parent / "another").hardlink_to(box / "MANIFEST.HTML")
    lines: list[str] = []
    with site.signed_in() as client:
        client.dir("/b_abc", lines.append)
    row = next(line.split() for line in lines if line.endswith("MANIFEST.HTML"))
    assert row[1:4] == ["1", "topmast", "topmast"]


def test_walking_about(site: Site) -> None:
    with site.signed_in() as client:
        assert client.pwd() == "/"
        client.cwd(f"b_abc/{OBSERVATION}")
        assert client.pwd() == f"/b_abc/{OBSERVATION}"
        client.cwd("../../..")
        assert client.nlst() == ["b_abc"]


def test_a_new_revision_and_a_removed_box_show_at_once(site: Site) -> None:
    with site.signed_in() as client:
        site.publish("alice", "b_abc", {"MANIFEST.HTML": b"revision 2\n"}, revision=2)
        assert fetched(client, "/b_abc/MANIFEST.HTML") == b"revision 2\n"
        assert client.nlst("/b_abc") == ["MANIFEST.HTML"]
        del site.boxes["alice"]["b_abc"]
        assert client.nlst("/") == []
        with pytest.raises(ftplib.error_perm, match="550"):
            fetched(client, "/b_abc/MANIFEST.HTML")


def test_a_box_whose_directory_is_gone_is_not_listed(site: Site) -> None:
    site.boxes["alice"]["b_gone"] = site.stage / "nowhere"
    with site.signed_in() as client:
        assert client.nlst("/") == ["b_abc"]


def test_names_beyond_ascii(site: Site) -> None:
    site.publish("alice", "b_abc", {"über µ.txt": b"1"})
    with site.signed_in() as client:
        assert fetched(client, "/b_abc/über µ.txt") == b"1"


def test_data_ports_stay_in_the_given_range(open_site: Callable[..., Site]) -> None:
    site = open_site(passive_ports=(42_100, 42_119))
    site.publish("alice", "b_abc")
    with site.signed_in() as client:
        ports = {client.makepasv()[1] for _ in range(5)}
    assert all(42_100 <= port <= 42_119 for port in ports)


def test_behind_nat_clients_are_told_the_public_address(open_site: Callable[..., Site]) -> None:
    site = open_site(masquerade_address="203.0.113.7")
    with site.signed_in() as client:
        assert client.sendcmd("PASV").startswith("227 Entering passive mode (203,0,113,7,")


def test_a_long_listing_asks_for_its_box_once(open_site: Callable[..., Site]) -> None:
    asked: list[str] = []

    class Counting(UserDict[str, Path]):
        def __getitem__(self, job: str) -> Path:
            asked.append(job)
            return super().__getitem__(job)

    site = open_site(Doors(lambda _user, _key: True, lambda _user: boxes))
    boxes = Counting({"b_abc": site.publish("alice", "b_abc", {f"{n}.fits": b"" for n in range(200)})})
    with site.signed_in() as client:
        assert len(list(client.mlsd("/b_abc"))) == 200
    assert asked == ["b_abc"]
