"""GPU checks on a real engine with CDI and a fake driver."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from raydock.core.errors import ConfigurationError, VariantError
from raydock.engine.container import Limits
from raydock.model.report import Check, Status
from raydock.smoke import foreign_image, gpus
from raydock.smoke.gpus import GpuPolicy, GpuRequest
from raydock.smoke.smoke import smoke
from tests.support.engine import SpareEngine, spare_engine
from tests.support.fakedriver import compile_driver

pytestmark = pytest.mark.engine

REQUIRE = GpuRequest(policy=GpuPolicy.REQUIRE)
Specify = Callable[..., None]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_driver(tmp_path_factory.mktemp("driver"))


@pytest.fixture(scope="module")
def engine(
    client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SpareEngine, Path]]:
    """A second engine with CDI and the base, and its specification folder."""
    folder = tmp_path_factory.mktemp("cdi-engine")
    specs = folder / "cdi"
    specs.mkdir()
    settings = {"features": {"cdi": True}, "cdi-spec-dirs": [str(specs)]}
    with spare_engine(client, folder, settings=settings) as found:
        found.load(client.images.get(base).save(named=base))
        yield found, specs


@pytest.fixture
def specify(engine: tuple[SpareEngine, Path], driver: Path) -> Specify:
    """Write a specification of one GPU.

    `device`: a device of the host; `mounted`: with the driver; `fake`: the environment of the fake driver.
    """

    def write(device: str = "/dev/null", *, mounted: bool = True, **fake: str) -> None:
        edits: dict[str, object] = {"deviceNodes": [{"path": "/dev/nvidia0", "hostPath": device}]}
        variables = [f"{name}={value}" for name, value in fake.items()]
        if mounted:
            edits["mounts"] = [{"hostPath": str(driver), "containerPath": "/driver", "options": ["ro", "bind"]}]
            variables.append("LD_LIBRARY_PATH=/driver")
        if variables:
            edits["env"] = variables
        devices = [{"name": name, "containerEdits": edits} for name in ("0", "all")]
        document = {"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": devices}
        (engine[1] / "nvidia.yaml").write_text(json.dumps(document))

    return write


@pytest.fixture
def run_check(engine: tuple[SpareEngine, Path], base: str) -> Iterator[Callable[..., Check]]:
    """Run `gpu-driver` on the base, with a copy of the probe, as on a foreign image."""
    client = engine[0].client()

    def run(request: GpuRequest = REQUIRE, python: str | None = None) -> Check:
        [check] = foreign_image.smoke(client, base, request=request, python=python).checks
        assert client.api.containers(all=True) == []
        return check

    yield run
    client.close()


def test_a_gpu_of_cdi_is_checked(specify: Specify, run_check: Callable[..., Check]) -> None:
    specify(FAKE_HELD="20")
    check = run_check()
    assert check.status is Status.PASSED, check.detail
    assert check.detail.startswith("by CDI nvidia.com/gpu=all: driver ")
    assert "1 x Fake GPU (sm_90, 80.0 GiB); a vector add is correct on each" in check.detail
    assert check.warnings[0].startswith("GPU 0: 20.0 of 80.0 GiB are in use by a different process")


def test_a_specification_with_a_missing_device_is_named(specify: Specify, run_check: Callable[..., Check]) -> None:
    specify("/dev/nvidia7")
    check = run_check()
    assert check.status is Status.FAILED
    assert "the CDI specification names the device /dev/nvidia7, which no longer exists" in check.detail
    assert "nvidia-ctk cdi generate" in check.detail


def test_no_driver_is_skipped_unless_required(specify: Specify, run_check: Callable[..., Check]) -> None:
    specify(mounted=False)
    for request, status in ((GpuRequest(), Status.SKIPPED), (REQUIRE, Status.FAILED)):
        check = run_check(request)
        assert check.status is status
        assert "libcuda.so.1 is missing" in check.detail


def test_a_missing_uvm_device_is_named(specify: Specify, run_check: Callable[..., Check]) -> None:
    """The fake driver fails as a real one does without /dev/nvidia-uvm."""
    specify(FAKE_CALL="cuInit", FAKE_CODE="999")
    check = run_check()
    assert check.status is Status.FAILED
    assert "cuInit returned 999 (CUDA_ERROR_UNKNOWN)" in check.detail
    assert "/dev/nvidia-uvm is missing" in check.detail


def test_a_driver_that_hangs_is_stopped_and_reported(
    specify: Specify, run_check: Callable[..., Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    specify(FAKE_HANG="1")
    monkeypatch.setattr(gpus, "LIMITS", Limits(probe=3))
    with pytest.raises(VariantError) as caught:
        run_check()
    assert caught.value.meaning == "It was stopped after 3 s."


def test_a_gpu_that_no_specification_names_is_refused(specify: Specify, run_check: Callable[..., Check]) -> None:
    specify()
    with pytest.raises(ConfigurationError, match="the engine has no GPU '7'"):
        run_check(GpuRequest(names=("7",)))


def test_a_gpu_that_no_specification_names_is_refused_before_the_first_check(
    engine: tuple[SpareEngine, Path], specify: Specify, base: str
) -> None:
    specify()
    client, events = engine[0].client(), []
    request = GpuRequest(names=("7",))
    with pytest.raises(ConfigurationError, match="the engine has no GPU '7'"):
        smoke(
            client,
            base,
            name="ray2.60.0-torch2.13.0-py311-cu130",
            fingerprint="",
            request=request,
            on_event=lambda *event, **_: events.append(event),
        )
    assert events == []
    client.close()


def test_without_a_specification_the_fix_is_named(
    engine: tuple[SpareEngine, Path], specify: Specify, run_check: Callable[..., Check]
) -> None:
    specify()
    (engine[1] / "nvidia.yaml").unlink()
    check = run_check()
    assert check.status is Status.FAILED
    assert "reads CDI, but no specification" in check.detail
    assert check.detail.endswith("nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml")


def test_a_missing_python_is_named(specify: Specify, run_check: Callable[..., Check]) -> None:
    specify()
    with pytest.raises(VariantError, match="has no `/opt/python`") as caught:
        run_check(python="/opt/python")
    assert "--python" in caught.value.todo
