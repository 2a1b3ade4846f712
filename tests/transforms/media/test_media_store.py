"""The store: what is kept comes back as it was, whoever wrote it, or is noticed to be damaged."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.ids import source_digest
from transforms.beamkit.errors import BuildError
from transforms.media.errors import MediaError, PassingError
from transforms.media.modality import Product
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import AudioPolicy, ImagePolicy, MediaPolicy
from transforms.media.store import MediaStore, contents, making
from transforms.media.store.fates import Fate, Limits, code_of, policy_key
from transforms.media.store.making import MediaMaker
from transforms.media.store.sweep import stored

KEY = "normal-1.image.0123456789ab"
LIMITS = Limits(60.0, 4000, "code")
DATA = b"the source"
DIGEST = source_digest(DATA)
MADE = Product({"format": "png", "width": 3}, b"the product", ("orientation", "colour"))
KEPT = Product({"format": "jpeg", "duration_s": 0.1})


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(str(tmp_path / "store"))


def listing(store: MediaStore) -> dict[str, int]:
    counts: dict[str, int] = {}
    for file in stored(store):
        counts[file.kind] = counts.get(file.kind, 0) + 1
    return counts


def test_a_product_lies_beside_its_source(store: MediaStore) -> None:
    assert store.product_of(KEY, DIGEST) is None
    fate = store.keep_product(KEY, DATA, MADE)
    assert fate == Fate(MADE.facts, MADE.changes, source_digest(b"the product"))
    assert store.product_of(KEY, DIGEST) == fate
    assert store.get_product(KEY, DIGEST) == b"the product"
    assert store.get(DIGEST) == DATA
    root = Path(store.root)
    made = source_digest(b"the product")
    assert sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()) == [
        f"product/{made[:2]}/{made}",
        f"products/{KEY}/{DIGEST[:2]}/{DIGEST}.json",
        f"source/{DIGEST[:2]}/{DIGEST}",
    ]


def test_a_source_that_is_kept_is_stored_once(store: MediaStore) -> None:
    fate = store.keep_product(KEY, DATA, KEPT, keep_source=False)
    assert (fate.product, fate.facts) == (None, {"format": "jpeg", "duration_s": 0.1})
    assert store.get_product(KEY, DIGEST) == DATA
    assert listing(store) == {"source": 1, "fate": 1}


def test_a_source_can_be_left_out_once_its_product_is_there(store: MediaStore) -> None:
    store.keep_product(KEY, DATA, MADE, keep_source=False)
    assert store.get_product(KEY, DIGEST) == b"the product"
    assert not store.has(DIGEST)
    assert listing(store) == {"product": 1, "fate": 1}


def test_what_is_published_is_found_by_its_facts(store: MediaStore) -> None:
    made = store.keep_product(KEY, DATA, MADE)
    info = {"digest": DIGEST, "product": made.product}
    kept = {"digest": store.put(b"kept"), "product": None}
    assert store.published(info) == b"the product"
    assert store.published(kept) == b"kept"
    assert store.has_published(info)
    assert store.has_published(kept)
    assert not store.has_published({"digest": DIGEST, "product": "0" * 64})
    with pytest.raises(BuildError, match="missing from the store"):
        store.published({"digest": "0" * 64, "product": None})


def test_equal_products_of_several_sources_are_stored_once(store: MediaStore) -> None:
    store.keep_product(KEY, DATA, MADE)
    store.keep_product(KEY, b"another source", MADE)
    assert listing(store) == {"source": 2, "product": 1, "fate": 2}


def test_the_first_product_stays(store: MediaStore) -> None:
    first = store.keep_product(KEY, DATA, MADE)
    other = replace(MADE, data=b"from another machine")
    assert store.keep_product(KEY, DATA, other) == first
    assert store.get_product(KEY, DIGEST) == b"the product"


def test_policies_have_fates_of_their_own(store: MediaStore) -> None:
    store.keep_product(KEY, DATA, MADE)
    store.keep_product("normal-2.image.0123456789ab", DATA, KEPT)
    assert store.get_product("normal-2.image.0123456789ab", DIGEST) == DATA
    assert store.get_product(KEY, DIGEST) == b"the product"


def test_a_refusal_is_remembered(store: MediaStore) -> None:
    error = MediaError("image_format", "tga is not read")
    store.keep_refusal(KEY, DIGEST, error, LIMITS)
    fate = store.product_of(KEY, DIGEST, Limits(9e9, 10**9, "code"))
    assert fate is not None
    assert fate.error is not None
    assert (fate.error.reason, fate.error.message) == ("image_format", "tga is not read")
    assert listing(store) == {"fate": 1}
    with pytest.raises(BuildError, match="does not know a product"):
        store.get_product(KEY, DIGEST)


@pytest.mark.parametrize("reason", ["video_timeout", "video_memory", "video_crashed"])
def test_a_refusal_for_its_limits_holds_until_they_are_raised(
    store: MediaStore, reason: str
) -> None:
    store.keep_refusal(KEY, DIGEST, MediaError(reason, "no"), LIMITS)
    assert store.product_of(KEY, DIGEST, LIMITS) is not None
    assert store.product_of(KEY, DIGEST, Limits(30.0, 4000, "code")) is not None
    assert store.product_of(KEY, DIGEST, Limits(61.0, 4000, "code")) is None
    assert store.product_of(KEY, DIGEST, Limits(60.0, 4001, "code")) is None
    store.keep_product(KEY, DATA, MADE)
    assert store.get_product(KEY, DIGEST) == b"the product"


def test_other_code_may_take_what_was_refused_but_makes_no_product_anew(
    store: MediaStore,
) -> None:
    mended = replace(LIMITS, code="mended")
    store.keep_refusal(KEY, DIGEST, MediaError("image_undecodable", "no"), LIMITS)
    assert store.product_of(KEY, DIGEST, mended) is None
    store.keep_refusal(KEY, DIGEST, MediaError("image_fault", "TypeError"), LIMITS)
    assert store.product_of(KEY, DIGEST, LIMITS) is None  # a fault is not for ever
    fate = store.keep_product(KEY, DATA, MADE)
    assert store.product_of(KEY, DIGEST, mended) == fate
    assert len({code_of(name) for name in ("image", "video", "audio", "mesh")}) == 4


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"fate": 2}', b'{"fate": 1}', b"\xff"])
def test_a_fate_that_cannot_be_read_is_none(store: MediaStore, damage: bytes) -> None:
    store.keep_product(KEY, DATA, MADE)
    Path(store.fate_path(KEY, DIGEST)).write_bytes(damage)
    assert store.product_of(KEY, DIGEST) is None
    store.keep_product(KEY, DATA, MADE)
    assert store.get_product(KEY, DIGEST) == b"the product"


def test_a_fate_whose_bytes_are_gone_is_none(store: MediaStore) -> None:
    fate = store.keep_product(KEY, DATA, MADE)
    assert fate.product is not None
    os.unlink(store.product_path(fate.product))
    assert store.product_of(KEY, DIGEST) is None
    with pytest.raises(BuildError, match="missing from the store"):
        store.get_product(KEY, DIGEST)


def test_damaged_bytes_are_noticed_and_cut_ones_replaced(store: MediaStore) -> None:
    fate = store.keep_product(KEY, DATA, MADE)
    assert fate.product is not None
    product = Path(store.product_path(fate.product))
    product.write_bytes(b"The product")
    with pytest.raises(BuildError, match="is damaged"):
        store.get_product(KEY, DIGEST)
    Path(store.path(DIGEST)).write_bytes(DATA[:3])
    store.put(DATA)
    assert store.get(DIGEST) == DATA


def test_writers_at_the_same_time_do_no_harm(store: MediaStore) -> None:
    sources = [b"source %d" % (number % 5) for number in range(60)]

    def keep(data: bytes) -> Fate:
        return store.keep_product(KEY, data, Product({"format": "png"}, data * 1000))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, sources))
    assert listing(store) == {"source": 5, "product": 5, "fate": 5}
    for data in sources[:5]:
        assert store.get_product(KEY, source_digest(data)) == data * 1000


def test_a_disk_that_is_full_is_said(store: MediaStore) -> None:
    Path(store.root).parent.mkdir(exist_ok=True)
    Path(store.root).write_bytes(b"a file where a folder should be")
    with pytest.raises(BuildError, match="10 bytes can't be stored"):
        store.put(DATA)


@pytest.mark.parametrize("key", ["", ".", "..", "../x", "a/b", ".hidden", "a\0b", "x" * 200])
def test_keys_and_digests_cannot_lead_out_of_the_store(store: MediaStore, key: str) -> None:
    with pytest.raises(ValueError, match="no key of a policy"):
        store.product_of(key, DIGEST)
    with pytest.raises(ValueError, match="no digest"):
        store.product_of(KEY, "../../etc/passwd")


def test_a_key_tells_policies_apart_whatever_their_version_says() -> None:
    policy = MediaPolicy()
    key = policy_key(policy, "image")
    version, modality, digest = key.split(".")
    assert (version, modality, len(digest)) == ("normal-1", "image", 12)
    assert policy_key(replace(policy, image=ImagePolicy(max_side=512)), "image") != key
    assert policy_key(replace(policy, version="normal-2"), "image") != key
    assert policy_key(policy, "image", {"image": 99}) != key
    same = replace(policy, threads=9, max_decode_seconds=1.0, max_decode_memory_mb=9)
    assert policy_key(same, "image") == key
    assert policy_key(replace(policy, audio=AudioPolicy(max_channels=1)), "image") == key
    for version in ("", "a/b", "..", "-x", "x" * 65):
        with pytest.raises(ValueError, match=r"media\.version"):
            policy_key(replace(policy, version=version), "image")


def test_a_fate_is_the_same_bytes_each_time() -> None:
    fate = Fate({"width": 3, "format": "png"}, ("colour",), DIGEST)
    same = Fate({"format": "png", "width": 3}, ("colour",), DIGEST)
    assert fate.to_json() == same.to_json()
    assert Fate.from_json(fate.to_json()) == fate
    refused = Fate.refused(MediaError("image_timeout", "größer"), LIMITS)
    assert Fate.from_json(refused.to_json()) == refused
    assert Fate.from_json(fate.to_json().replace(DIGEST.encode(), b"../x")) is None


def test_nothing_is_decoded_twice(store: MediaStore) -> None:
    with Sandbox(MediaPolicy(), 0, {"crash": "sandbox_crashes"}) as sandbox:
        maker = MediaMaker(store, sandbox)
        first = maker.info("crash", b"count")
        assert first["digest"] == source_digest(b"count")
        assert maker.info("crash", b"count") == first  # it counts each decode
        assert maker.info("crash", b"upper abc")["bytes"] == 3
        for _ in range(2):
            with pytest.raises(MediaError, match="this"):
                maker.info("crash", b"refuse this")
        sandbox.modules["crash"] = "no_such_module"
        assert maker.info("crash", b"count") == first
        with pytest.raises(MediaError, match="this"):
            maker.info("crash", b"refuse this")


def test_a_source_is_hashed_once_on_its_way_into_the_store(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[bytes] = []

    def counting(data: bytes) -> str:
        hashed.append(data)
        return source_digest(data)

    monkeypatch.setattr(contents, "source_digest", counting)
    monkeypatch.setattr(making, "source_digest", counting)
    with Sandbox(MediaPolicy(), 0, {"crash": "sandbox_crashes"}) as sandbox:
        info = MediaMaker(store, sandbox).info("crash", b"hello")
        assert hashed == [b"hello"]
        assert store.published(info) == b"hello"
        assert hashed == [b"hello"] * 2  # what is read is verified
        MediaMaker(store, sandbox).info("crash", b"upper abc")
        assert hashed[2:] == [b"upper abc", b"ABC"]


def test_what_the_machine_did_is_not_remembered(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Product:
        raise error

    with Sandbox(MediaPolicy(), 0, {"crash": "sandbox_crashes"}) as sandbox:
        maker = MediaMaker(store, sandbox)
        for error in (
            PassingError("crash_crashed", "ended from outside"),
            PassingError("crash_timeout", "not decoded in time"),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(sandbox, "run", fails)
                with pytest.raises(MediaError, match=error.message) as raised:
                    maker.info("crash", b"hello")
            assert raised.value.reason == error.reason
            assert not Path(store.root).exists()
        assert maker.info("crash", b"hello")["frames"] == 5
        error = MediaError("crash_timeout", "not decoded in time")
        monkeypatch.setattr(sandbox, "run", fails)
        with pytest.raises(MediaError, match="in time"):
            maker.info("crash", b"hello!")
        assert listing(store) == {"source": 1, "fate": 2}


def test_what_is_used_again_is_young_again(store: MediaStore) -> None:
    def aged() -> None:
        for file in stored(store):
            os.utime(file.path, (1e9, 1e9))

    def young() -> list[str]:
        ages = {file.kind: file.age for file in stored(store)}
        return sorted(kind for kind, age in ages.items() if age is not None and age < 3600)

    made = store.keep_product(KEY, DATA, MADE)
    aged()
    assert young() == []
    assert store.product_of(KEY, DIGEST) == made
    assert young() == ["fate", "product"]
    aged()
    store.put(DATA)
    assert young() == ["source"]
    aged()
    assert store.has_published({"digest": DIGEST, "product": made.product})
    assert young() == ["product"]


def test_what_lies_in_a_store_is_told_apart(store: MediaStore) -> None:
    store.keep_product(KEY, DATA, MADE)
    for name in (
        f"source/{DIGEST[:2]}/{DIGEST}.attempt-0123",
        f"products/{KEY}/{DIGEST[:2]}/{DIGEST}.json.attempt-0123",
        "notes.txt",
        f"source/00/{DIGEST}",
        "source/ab/abc",
    ):
        path = Path(store.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert listing(store) == {"source": 1, "product": 1, "fate": 1, "temporary": 2, "unknown": 3}
    (fate,) = [file for file in stored(store) if file.kind == "fate"]
    assert (fate.digest, fate.key) == (DIGEST, KEY)
    assert fate.age is not None
    assert fate.age < 3600
    with pytest.raises(BuildError, match="no media store here"):
        list(stored(MediaStore(store.root + "-none")))
