import resource
import time
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from raydock.core.checkout import Checkout
from raydock.core.errors import OutOfReachError, VariantError
from raydock.core.events import Span
from raydock.index.pages import Pages
from raydock.lock.locker import Locker, LockResult, lock
from raydock.lock.resolver import Uv
from raydock.lock.stale import StaleReason, check, earlier, orphans
from raydock.model import lock as locks
from raydock.model import matrix as matrix_file
from raydock.model import sealed
from raydock.model.facts import Facts
from raydock.model.matrixfile import Point
from raydock.model.variant import Axis, Variant
from raydock.plan.rules.verdict import RuleInputs
from tests.support.wheelindex import COMPILER, Run

CPU = Variant(ray="2.60.0", python="3.11")
TORCH = Variant(ray="2.60.0", python="3.11", cuda="13.0", torch="2.13.0")
VLLM = replace(TORCH, vllm="0.32.0")


def altered(rule_inputs: RuleInputs, **changes: Any) -> RuleInputs:
    """The same with changes in the matrix."""
    return replace(rule_inputs, matrix=replace(rule_inputs.matrix, **changes))


def texts(checkout: Checkout) -> dict[str, str]:
    return {path.name: path.read_text() for path in checkout.lockfiles.iterdir()}


def test_a_lock_pins_the_wheel_of_its_variant(
    run: Run, checkout: Checkout, rule_inputs: RuleInputs, wheel_index: Any
) -> None:
    assert run(CPU) == (LockResult(name=CPU.name, changed=True),)
    found = locks.load(checkout.lock(CPU.name))
    hashes = {file["filename"]: file["hashes"]["sha256"] for file in wheel_index.files["ray"]}
    assert found.pins["ray"].text == (
        "ray==2.60.0 \\\n"
        f"    --hash=sha256:{hashes['ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl']}\n"
        "    # via -r matrix.yaml\n"
    )
    assert {name: pin.version for name, pin in found.pins.items()} == {
        "click": "8.1",  # the newest would be 9.0: the sibling with vllm cannot have it
        "filelock": "3.0",
        "ray": "2.60.0",
        "virtualenv": "20.1",
    }
    assert found.pins["click"].via == ("ray",)
    assert found.header["variant"] == CPU.name
    sizes = {file["filename"]: file["size"] for files in wheel_index.files.values() for file in files}
    expected = ("click-8.1-py3", "filelock-3.0-py3", "ray-2.60.0-cp311", "virtualenv-20.1-py3")
    assert int(found.header["download-bytes"]) == sum(size for name, size in sizes.items() if name.startswith(expected))
    assert check(rule_inputs, checkout, [CPU]) == {}


def test_siblings_agree_and_jobs_do_not_matter(run: Run, checkout: Checkout, siblings: tuple[Variant, ...]) -> None:
    run(*siblings, jobs=1)
    alone = texts(checkout)
    assert {locks.parse(text).version("click") for text in alone.values()} == {"8.1"}
    for path in checkout.lockfiles.iterdir():
        path.unlink()
    run(*reversed(siblings), jobs=4)
    assert texts(checkout) == alone
    assert not any(outcome.changed for outcome in run(*siblings))
    assert texts(checkout) == alone


def test_a_lock_with_its_own_cutoff_neither_leads_nor_is_led(
    checkout: Checkout, rule_inputs: RuleInputs, siblings: tuple[Variant, ...], wheel_index: Any
) -> None:
    wheel_index.add("ray", "2.50.0", ["click>=7"], uploaded="2025-01-01")
    for version, day in (("7.0", "2025-01-01"), ("7.9", "2025-02-01")):
        wheel_index.add("click", version, uploaded=day)
    wheel_index.add("virtualenv", "20.0", uploaded="2025-01-01")
    old = replace(CPU, ray="2.50.0")
    own = altered(rule_inputs, points=(Point(**old.axes, groups=("legacy",), cutoff=date(2025, 1, 15)),))
    with Pages(wheel_index.index) as pages:
        resolver = Uv(pages=pages)
        locker = Locker(rule_inputs=own, checkout=checkout, siblings=(*siblings, old), resolver=resolver)
        locker.lock([old, CPU], 2)
    assert locks.load(checkout.lock(old.name)).version("click") == "7.0"
    assert locks.load(checkout.lock(CPU.name)).version("click") == "8.1"
    assert check(own, checkout, [old, CPU]) == {}
    assert check(altered(own, cutoff=date(2026, 11, 14)), checkout, [old, CPU]) == {CPU.name: StaleReason.INPUTS}


LATER = date(2026, 11, 20)


def test_a_later_cutoff_keeps_locks_and_a_new_lock_has_their_versions(
    checkout: Checkout, rule_inputs: RuleInputs, siblings: tuple[Variant, ...], wheel_index: Any
) -> None:
    new = replace(CPU, ray="2.61.0")
    with Pages(wheel_index.index) as pages:
        locker = Locker(rule_inputs=rule_inputs, checkout=checkout, siblings=siblings, resolver=Uv(pages=pages))
        locker.lock(siblings, 2)
    before = texts(checkout)
    wheel_index.add("ray", "2.61.0", ["click>=8", "filelock"], uploaded="2026-11-18")
    wheel_index.add("click", "8.2", uploaded="2026-11-17")
    later = altered(rule_inputs, cutoff=LATER)
    assert check(later, checkout, [*siblings, new]) == {new.name: StaleReason.MISSING}
    assert earlier(later, checkout, siblings) == {sibling.name: StaleReason.EARLIER for sibling in siblings}

    with Pages(wheel_index.index) as pages:
        locker = Locker(rule_inputs=later, checkout=checkout, siblings=(*siblings, new), resolver=Uv(pages=pages))
        [outcome] = locker.lock([new], 2)
        assert outcome.error is None
        made = locks.load(checkout.lock(new.name))
        assert made.header["cutoff"] == "2026-11-20"
        assert made.version("click") == "8.1"  # as the locks that keep their day, so that images share the layer
        assert {**texts(checkout), f"{new.name}.txt": ""} == {**before, f"{new.name}.txt": ""}

        replace(locker, upgrade=True).lock([*siblings, new], 2)
    assert check(later, checkout, [*siblings, new]) == earlier(later, checkout, [*siblings, new]) == {}
    assert {locks.parse(text).header["cutoff"] for text in texts(checkout).values()} == {"2026-11-20"}
    assert locks.load(checkout.lock(new.name)).version("click") == "8.2"


def test_a_lock_is_stale_if_the_cutoff_moves_back(run: Run, checkout: Checkout, rule_inputs: RuleInputs) -> None:
    run(CPU)
    sooner = altered(rule_inputs, cutoff=date(2026, 11, 1))
    assert check(sooner, checkout, [CPU]) == {CPU.name: StaleReason.INPUTS}


def test_a_lock_without_a_recorded_cutoff_has_the_one_of_the_matrix(
    run: Run, checkout: Checkout, rule_inputs: RuleInputs
) -> None:
    """Locks of raydock 0.1 have none."""
    run(CPU)
    path = checkout.lock(CPU.name)
    header, body = sealed.split(path.read_text()) or ({}, "")
    del header["cutoff"]
    path.write_text(sealed.compose(header, body))
    assert check(rule_inputs, checkout, [CPU]) == {}
    assert check(altered(rule_inputs, cutoff=LATER), checkout, [CPU]) == {CPU.name: StaleReason.INPUTS}


def test_a_variant_with_packages_of_its_own_is_led_and_never_leads(
    checkout: Checkout, rule_inputs: RuleInputs, siblings: tuple[Variant, ...], wheel_index: Any
) -> None:
    wheel_index.add("trees", "1.0", ["click>=8"])
    trees = replace(VLLM, flavor="trees")
    own = altered(
        rule_inputs,
        groups={"trees": {}},
        flavors={"trees": replace(rule_inputs.matrix.packages, added=("trees", "click"))},
    )
    with Pages(wheel_index.index) as pages:
        resolver = Uv(pages=pages)
        locker = Locker(rule_inputs=own, checkout=checkout, siblings=(trees, *siblings), resolver=resolver)
        outcomes = locker.lock([trees, CPU, replace(CPU, flavor="trees")], 2)
    assert not any(outcome.error for outcome in outcomes)
    assert {locks.parse(text).version("click") for text in texts(checkout).values()} == {"8.1"}
    assert locks.load(checkout.lock(trees.name)).version("trees") == "1.0"
    assert locks.load(checkout.lock(CPU.name)).version("trees") is None
    assert check(own, checkout, [trees, CPU]) == {}
    later = altered(own, flavors={"trees": rule_inputs.matrix.packages})
    assert check(later, checkout, [trees, CPU]) == {trees.name: StaleReason.INPUTS}


def test_a_failure_names_what_a_group_adds_and_where(
    checkout: Checkout, rule_inputs: RuleInputs, wheel_index: Any
) -> None:
    odd = replace(CPU, flavor="odd")
    packages = replace(rule_inputs.matrix.packages, added=("torch-for-cuda-12",), place="matrix.yaml:7")
    own = altered(rule_inputs, groups={"odd": {}}, flavors={"odd": packages})
    with Pages(wheel_index.index) as pages:
        locker = Locker(rule_inputs=own, checkout=checkout, siblings=[CPU], resolver=Uv(pages=pages))
        [outcome] = locker.lock([odd], 1)
    assert outcome.error is not None
    assert "torch-for-cuda-12" in outcome.error.what + outcome.error.meaning
    assert "matrix.yaml:7: this variant is of the group odd, with ray" in outcome.error.meaning


def test_one_failure_does_not_stop_the_others(run: Run, checkout: Checkout) -> None:
    impossible = replace(CPU, ray="2.48.0")
    failed, locked = run(impossible, CPU)
    assert isinstance(failed.error, VariantError)
    assert failed.error.what.endswith(
        "there is no version of ray[default]==2.48.0 and you require ray[default]==2.48.0."
    )
    assert locked == LockResult(name=CPU.name, changed=True)
    assert [path.stem for path in checkout.lockfiles.iterdir()] == [CPU.name]


def test_a_lead_without_an_answer_leaves_the_lead_to_the_next(run: Run, checkout: Checkout, wheel_index: Any) -> None:
    del wheel_index.files["vllm"]
    (wheel_index.folder / "simple" / "vllm" / "index.json").unlink()
    failed, locked = run(VLLM, CPU)
    assert failed.error is not None
    assert "vllm was not found" in failed.error.what
    assert locked.changed
    assert locks.load(checkout.lock(CPU.name)).version("click") == "9.0"


def test_a_set_against_a_rule_is_not_written(run: Run, checkout: Checkout, wheel_index: Any) -> None:
    checkout.lockfiles.mkdir()
    checkout.lock(TORCH.name).write_text("as it was")
    wheel_index.add("ray", "2.60.1", ["cupy-cuda12x"], yanked="broken")
    wheel_index.add("cupy-cuda12x", "13.0", **{"requires-python": "<3.11"})
    error = run(replace(TORCH, ray="2.60.1"), TORCH)[0].error
    assert isinstance(error, VariantError)
    assert "cupy-cuda12x 13.0 is for Python <3.11, not 3.11" in error.what
    assert "ray 2.60.1 was yanked by its author" in error.what
    assert "cupy-cuda12x 13.0 is for CUDA 12, and the variant for CUDA 13.0" in error.what
    assert list(texts(checkout)) == [f"{TORCH.name}.txt"]


def test_an_index_out_of_reach_leaves_the_locks(
    run: Run,
    checkout: Checkout,
    rule_inputs: RuleInputs,
    siblings: tuple[Variant, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(CPU)
    before = texts(checkout)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    for resolver in ("uv", "pip-tools"):
        with pytest.raises(OutOfReachError, match="the package index 127"):
            lock(rule_inputs, checkout, [CPU, TORCH], siblings=siblings, jobs=2, resolver=resolver)
    assert texts(checkout) == before


def test_check_finds_stale_locks(run: Run, checkout: Checkout, rule_inputs: RuleInputs) -> None:
    run(CPU, TORCH)
    assert check(rule_inputs, checkout, [CPU, TORCH, VLLM]) == {VLLM.name: StaleReason.MISSING}
    path = checkout.lock(CPU.name)
    path.write_text(path.read_text().replace("click==8.1", "click==9.0"))
    assert check(rule_inputs, checkout, [CPU, TORCH]) == {CPU.name: StaleReason.EDITED}
    wider = altered(rule_inputs, packages=replace(rule_inputs.matrix.packages, always=("pip", "virtualenv")))
    assert check(wider, checkout, [TORCH]) == {TORCH.name: StaleReason.INPUTS}
    checkout.lock(VLLM.name).write_bytes(checkout.lock(TORCH.name).read_bytes())
    assert check(rule_inputs, checkout, [VLLM]) == {VLLM.name: StaleReason.INPUTS}
    assert orphans(checkout, [TORCH, VLLM]) == {CPU.name: StaleReason.ORPHANED}


def test_an_edited_header_is_noticed(run: Run, checkout: Checkout, rule_inputs: RuleInputs) -> None:
    run(CPU)
    path = checkout.lock(CPU.name)
    for old, new in (("# download-bytes: ", "# download-bytes: 1"), ("do not edit", "edit"), ("\n\n", "\n# a: b\n\n")):
        text = path.read_text()
        path.write_text(text.replace(old, new, 1))
        assert check(rule_inputs, checkout, [CPU]) == {CPU.name: StaleReason.EDITED}
        path.write_text(text)
    assert check(rule_inputs, checkout, [CPU]) == {}


def test_a_full_disk_leaves_the_lock(
    rule_inputs: RuleInputs, checkout: Checkout, siblings: tuple[Variant, ...], wheel_index: Any
) -> None:
    checkout.lockfiles.mkdir()
    checkout.lock(CPU.name).write_text("as it was")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(
        name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
    ) -> None:
        if step == "reading the index":
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))

    with Pages(wheel_index.index) as pages:
        resolver = Uv(pages=pages)
        locker = Locker(rule_inputs=rule_inputs, checkout=checkout, siblings=siblings, resolver=resolver, listener=fill)
        try:
            with pytest.raises(OutOfReachError, match="could not be written: File too large"):
                locker.lock([CPU], 1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert texts(checkout) == {f"{CPU.name}.txt": "as it was"}


def test_checking_a_thousand_locks_is_quick(run: Run, checkout: Checkout, rule_inputs: RuleInputs) -> None:
    run(CPU)
    text = checkout.lock(CPU.name).read_text() + "# padding\n" * 3000  # as long as a lock with vllm
    many = [replace(CPU, ray=f"2.{minor}.{micro}") for minor in range(100) for micro in range(10)]
    wide = altered(rule_inputs, axes={**rule_inputs.matrix.axes, Axis.RAY: tuple(variant.ray for variant in many)})
    for variant in many:
        checkout.lock(variant.name).write_text(text)
    start = time.process_time()
    stale = check(wide, checkout, many)
    seconds = time.process_time() - start
    assert len(stale) == len(many)
    assert seconds < 1


def test_the_compiler_of_a_lock_is_of_its_cuda(run: Run, checkout: Checkout) -> None:
    run(TORCH, CPU)
    pins = locks.load(checkout.lock(TORCH.name)).pins
    assert {pins[name].version for name in COMPILER} == {"13.0.88"}  # the index has 13.5.37 too
    assert pins["ninja"].version == "1.13"
    assert not set(COMPILER) & locks.load(checkout.lock(CPU.name)).pins.keys()


def test_a_group_whose_package_needs_a_different_compiler_is_named_with_its_line(
    checkout: Checkout, wheel_index: Any, siblings: tuple[Variant, ...]
) -> None:
    wheel_index.add("kernels", "1.0", ["nvidia-cuda-nvcc>=13.5"])
    text = checkout.matrix.read_text()
    line = len(text.splitlines()) + 2
    checkout.matrix.write_text(f"{text}groups:\n  mine: {{torch: '2.13.0', packages: [kernels]}}\n")
    rule_inputs = RuleInputs(matrix_file.load(checkout.matrix), Facts({}))
    mine = replace(TORCH, flavor="mine")
    with Pages(wheel_index.index) as pages:
        locker = Locker(
            rule_inputs=rule_inputs, checkout=checkout, siblings=(*siblings, mine), resolver=Uv(pages=pages)
        )
        [outcome] = locker.lock([mine], 1)
    assert outcome.error is not None
    assert outcome.error.what.startswith(f"{checkout.matrix}:{line}: kernels and the CUDA compiler of {mine} conflict")
    assert "nvidia-cuda-nvcc==13.0.*" in outcome.error.meaning
