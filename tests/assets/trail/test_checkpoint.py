"""Signed notes: what a signature covers, which texts are none, and who may hold a key."""

import base64
import contextlib
import hashlib
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from assets.errors import FupinError, InvalidValue
from assets.trail import checkpoint
from assets.trail.checkpoint import (
    BadCheckpoint,
    BadKeyFile,
    cosign,
    cosigners,
    create_key,
    key_id_of,
    load_key,
    parse,
    parse_verifier_key,
    read_note,
    sign,
    verifier_key,
    verify,
)

ORIGIN = "fupin.440203.武江区"
ROOT = hashlib.sha256(b"root").digest()
BOOK = Ed25519PrivateKey.from_private_bytes(bytes(32))
TOWN = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes([2]) * 32)
NOTE = sign(ORIGIN, 50, ROOT, BOOK, "武江区账套")


def test_a_checkpoint_is_three_lines_a_blank_one_and_a_signature() -> None:
    lines = NOTE.split("\n")

    assert lines[:4] == [ORIGIN, "50", base64.b64encode(ROOT).decode(), ""]
    assert lines[4].startswith("— 武江区账套 ")
    assert lines[5:] == [""]


def test_the_same_state_signed_again_is_the_same_text() -> None:
    assert sign(ORIGIN, 50, ROOT, BOOK, "武江区账套") == NOTE


def test_a_signed_checkpoint_says_what_was_signed() -> None:
    read = verify(NOTE, BOOK.public_key(), "武江区账套")

    assert (read.origin, read.size, read.root, read.extensions) == (ORIGIN, 50, ROOT, ())
    assert read.text == NOTE[: len(read.text)]
    assert [line.name for line in read.signatures] == ["武江区账套"]


def test_an_empty_log_has_a_checkpoint_too() -> None:
    assert verify(sign("a", 0, ROOT, BOOK, "b"), BOOK.public_key()).size == 0


def test_no_character_of_the_signed_text_can_be_changed() -> None:
    text = parse(NOTE).text
    for place in range(len(text)):
        for other in ("0", "A", "\n"):
            if text[place] != other:
                changed = text[:place] + other + text[place + 1 :] + NOTE[len(text) :]
                with pytest.raises(BadCheckpoint):
                    verify(changed, BOOK.public_key())


def test_a_stranger_or_another_name_has_not_signed() -> None:
    with pytest.raises(BadCheckpoint, match="没有所查密钥的签名"):
        verify(NOTE, STRANGER.public_key())
    with pytest.raises(BadCheckpoint, match="没有所查密钥的签名"):
        verify(NOTE, BOOK.public_key(), "龙归镇")


def test_cosigners_sign_the_same_text_below() -> None:
    cosigned = cosign(NOTE, TOWN, "龙归镇财政所")

    assert cosigned.startswith(NOTE)
    assert verify(cosigned, BOOK.public_key()).root == ROOT
    assert verify(cosigned, TOWN.public_key(), "龙归镇财政所").root == ROOT
    known = [
        verifier_key("龙归镇财政所", TOWN.public_key()),
        verifier_key("区审计局", STRANGER.public_key()),
    ]
    assert cosigners(cosigned, known) == ["龙归镇财政所"]
    assert cosigners(NOTE, known) == []


def test_nobody_signs_twice() -> None:
    with pytest.raises(BadCheckpoint, match="不能重复签名"):
        cosign(NOTE, BOOK, "武江区账套")


def test_a_cosignature_moved_to_another_checkpoint_is_found() -> None:
    line = cosign(NOTE, TOWN, "龙归镇财政所")[len(NOTE) :]
    other = sign(ORIGIN, 51, ROOT, BOOK, "武江区账套") + line

    with pytest.raises(BadCheckpoint, match="签名与正文不符"):
        cosigners(other, [verifier_key("龙归镇财政所", TOWN.public_key())])


def test_extension_lines_are_signed_and_kept() -> None:
    text = parse(NOTE).text + "第二季度\n"
    signature = key_id_of("b", BOOK.public_key()) + BOOK.sign(text.encode())
    note = f"{text}\n— b {base64.b64encode(signature).decode()}\n"

    assert verify(note, BOOK.public_key()).extensions == ("第二季度",)


@pytest.mark.parametrize("origin", ["", "a\n\nb", "a\tb", "\ud800", "a\r", f"a\n5\n{'A' * 43}="])
def test_an_origin_of_no_or_two_lines_cannot_be_signed(origin: str) -> None:
    with pytest.raises(BadCheckpoint):
        sign(origin, 50, ROOT, BOOK, "b")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "甲\u3000乙", "a\u200b", "\ud800"])
def test_a_name_that_reads_as_two_or_none_cannot_sign(name: str) -> None:
    with pytest.raises(BadCheckpoint, match="名称"):
        sign(ORIGIN, 50, ROOT, BOOK, name)
    with pytest.raises(BadCheckpoint, match="名称"):
        verifier_key(name, BOOK.public_key())


LINE = NOTE[len(parse(NOTE).text) + 1 :]
B64 = base64.b64encode(ROOT).decode()


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("\n\n", "\n\n\n"),
        NOTE.replace("\n", "\r\n"),
        f"{ORIGIN}\n050\n{B64}\n\n{LINE}",
        f"{ORIGIN}\n-1\n{B64}\n\n{LINE}",
        f"{ORIGIN}\n٥\n{B64}\n\n{LINE}",
        f"{ORIGIN}\n9223372036854775808\n{B64}\n\n{LINE}",
        f"{ORIGIN}\n50\n{B64[:-1]}\n\n{LINE}",
        f"{ORIGIN}\n50\n{base64.b64encode(ROOT[:31]).decode()}\n\n{LINE}",
        f"{ORIGIN}\n50\n{B64[:-2]}{chr(ord(B64[-2]) + 1)}=\n\n{LINE}",
        f"{ORIGIN}\n50\n\n{LINE}",
        f"\n50\n{B64}\n\n{LINE}",
        f"{ORIGIN}\n50\n{B64}\n\n- b {LINE.split(' ')[2]}",
        f"{ORIGIN}\n50\n{B64}\n\n— b\n",
        f"{ORIGIN}\n50\n{B64}\n\n— b AAAA\n",
        f"{ORIGIN}\n50\n{B64}\n\n— b c {LINE.split(' ')[2]}",
        NOTE + LINE * 64,
        "a" * 65_537,
    ],
)
def test_what_is_not_exactly_a_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(BadCheckpoint, match="存证无效"):
        parse(note)


@given(st.text())
def test_no_text_makes_the_reader_stumble(note: str) -> None:
    with contextlib.suppress(FupinError):
        parse(note)
    with contextlib.suppress(FupinError):
        parse_verifier_key(note)


@given(st.integers(0, len(NOTE)), st.integers(0, 8), st.text(max_size=8))
def test_no_damaged_note_passes_or_makes_the_reader_stumble(at: int, cut: int, put: str) -> None:
    damaged = NOTE[:at] + put + NOTE[at + cut :]
    try:
        read = verify(damaged, BOOK.public_key(), "武江区账套")
    except FupinError:
        return
    assert (read.origin, read.size, read.root) == (ORIGIN, 50, ROOT)


@given(st.binary(max_size=300), st.integers(0, 5))
def test_no_bytes_below_a_blank_line_make_the_reader_stumble(raw: bytes, lines: int) -> None:
    head = "\n".join(NOTE.split("\n")[:lines])
    with contextlib.suppress(FupinError):
        parse(f"{head}\n\n— {raw.decode(errors='replace')}\n")
    with contextlib.suppress(FupinError):
        parse(f"{head}\n\n— b {base64.b64encode(raw).decode()}\n")


def test_a_note_that_went_through_windows_is_still_read(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_bytes(b"\xef\xbb\xbf" + NOTE.replace("\n", "\r\n").encode())

    assert read_note(file) == NOTE


def test_a_note_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    with pytest.raises(BadCheckpoint, match="读不出"):
        read_note(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BadCheckpoint, match="读不出"):
        read_note(file)


# Keys.


def test_a_verifier_key_comes_back_from_its_line() -> None:
    name, public_key = parse_verifier_key(verifier_key("武江区账套", BOOK.public_key()) + "\n")

    assert name == "武江区账套"
    assert verify(NOTE, public_key, name).size == 50


def test_a_published_verifier_key_has_the_published_key_id() -> None:
    """The key of the public checksum database of the Go project."""
    line = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

    name, public_key = parse_verifier_key(line)

    assert (name, key_id_of(name, public_key).hex()) == ("sum.golang.org", "033de0ae")
    assert verifier_key(name, public_key) == line


@pytest.mark.parametrize("place", range(2, 40, 5))
def test_a_miscopied_verifier_key_is_refused(place: int) -> None:
    line = verifier_key("b", BOOK.public_key())
    other = "1" if line[place] != "1" else "2"
    with pytest.raises(InvalidValue, match="公钥"):
        parse_verifier_key(line[:place] + other + line[place + 1 :])


def test_a_verifier_key_of_another_kind_or_length_is_refused() -> None:
    for raw in (b"\x02" + bytes(32), b"\x01" + bytes(31), b""):
        line = f"b+00000000+{base64.b64encode(raw).decode()}"
        with pytest.raises(InvalidValue, match="不是验证公钥"):
            parse_verifier_key(line)


def test_a_verifier_key_with_half_a_character_in_its_name_is_refused() -> None:
    line = verifier_key("b", BOOK.public_key())
    with pytest.raises(InvalidValue, match="公钥无效"):
        parse_verifier_key("\ud800" + line[1:])


def test_a_key_is_kept_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "signing.pem"

    made = create_key(file, bytes(range(32)))

    assert file.stat().st_mode & 0o777 == 0o600
    assert load_key(file).private_bytes_raw() == made.private_bytes_raw() == bytes(range(32))


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "signing.pem"
    create_key(file, bytes(32))

    with pytest.raises(BadKeyFile, match="已存在"):
        create_key(file, bytes(range(32)))
    assert load_key(file).private_bytes_raw() == bytes(32)


def test_a_key_cannot_be_made_where_there_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(BadKeyFile, match="写不进去"):
        create_key(tmp_path / "none" / "signing.pem", bytes(32))
    with pytest.raises(BadKeyFile, match="读不出"):
        load_key(tmp_path / "none" / "signing.pem")


@pytest.mark.skipif(os.name != "posix", reason="file modes exist on POSIX systems only")
def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "signing.pem"
    create_key(file, bytes(32))
    file.chmod(0o640)

    with pytest.raises(BadKeyFile, match="chmod 600"):
        load_key(file)


def test_a_locked_key_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    file = tmp_path / "signing.pem"
    create_key(file, bytes(32), b"open sesame")

    assert load_key(file, b"open sesame").private_bytes_raw() == bytes(32)
    for wrong in (None, b"wrong"):
        with pytest.raises(BadKeyFile, match="口令不对"):
            load_key(file, wrong)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "signing.pem"
    pem = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(pem)
    file.chmod(0o600)

    with pytest.raises(BadKeyFile, match="不是Ed25519密钥"):
        load_key(file)


@pytest.mark.parametrize(
    ("secret", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            b"",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
            "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            b"\x72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
            "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            b"\xaf\x82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
            "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
        (
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            hashlib.sha512(b"abc").digest(),
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ec"
            "fdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
        ),
    ],
    ids=["RFC 8032 test 1", "RFC 8032 test 2", "RFC 8032 test 3", "RFC 8032 test SHA(abc)"],
)
def test_the_rfc_8032_vectors_agree(
    secret: str, public: str, message: bytes, signature: str
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))

    assert key.public_key().public_bytes_raw().hex() == public
    assert key.sign(message).hex() == signature
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
        bytes.fromhex(signature), message
    )


def test_an_error_says_what_to_do() -> None:
    assert str(BadCheckpoint("文件过长")).endswith("请核对存证文件是否完整、是否出自本账套。")
    assert issubclass(checkpoint.BadCheckpoint, FupinError)
