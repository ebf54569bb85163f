"""The files of a cluster: their content, and that no value in them is read as shell code or as a variable."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError
from raydock.deploy.docker.cluster import make_cluster
from raydock.deploy.docker.files import File, compose_lines, configured_no_proxy, render_files, write_files
from raydock.model.variant import parse_name
from raydock.publish.variant_image import VariantImage
from tests.unit.deploy.docker.conftest import CPU, GPU, ROOT, Pin

MODEL = '/data/it\'s $HOME "and" `more`'


def render(
    image: VariantImage, *, variant: str = CPU, gpus: int = 0, workers: tuple[str, ...] = ("gpu02", "gpu03")
) -> Any:
    cluster = make_cluster(parse_name(variant), head="gpu01", workers=workers, gpus=gpus, model=Path(MODEL))
    return {file.name: file for file in render_files(cluster, image, Checkout(ROOT).templates)}


def compose(image: VariantImage, **options: Any) -> Any:
    return yaml.safe_load(render(image, **options)["compose.yaml"].text)


def test_the_names_of_the_files_and_which_are_programs(pin: Pin) -> None:
    found = render(pin())
    assert {name: file.program for name, file in found.items()} == {
        "compose.yaml": False,
        "head.sh": True,
        "raydock-head.service": False,
        "worker.sh": True,
        "raydock-worker.service": False,
    }
    assert all(file.text.endswith("\n") for file in found.values())


def test_compose_has_a_head_and_its_workers(pin: Pin) -> None:
    services = compose(pin())["services"]
    assert list(services) == ["head", "worker-1", "worker-2"]
    assert "--head" in services["head"]["command"]
    assert "--address=head:6379" in services["worker-2"]["command"]
    assert services["worker-1"]["depends_on"] == {"head": {"condition": "service_healthy"}}
    assert all(service["restart"] == "unless-stopped" for service in services.values())
    assert all(service["cap_drop"] == ["ALL"] for service in services.values())


def test_the_image_is_pinned_by_digest_or_by_id(pin: Pin) -> None:
    assert compose(pin())["services"]["head"]["image"] == f"sha256:{'1' * 64}"
    digest = f"sha256:{'2' * 64}"
    assert compose(pin(digest=digest))["services"]["head"]["image"] == f"localhost:5000/raydock@{digest}"
    assert f"\ndigest=localhost:5000/raydock@{digest}\n" in render(pin(digest=digest))["head.sh"].text


def test_compose_replaces_no_variable_in_a_path(pin: Pin) -> None:
    [mount] = compose(pin())["services"]["head"]["volumes"]
    assert mount["source"] == MODEL.replace("$", "$$")
    assert mount["read_only"] is True


@pytest.mark.parametrize(
    ("name", "driver", "first"),
    [("compose.yaml", "cdi", "nvidia.com/gpu={}"), ("compose.nvidia.yaml", "nvidia", "{}")],
)
def test_each_node_of_one_machine_gets_its_own_gpus(pin: Pin, name: str, driver: str, first: str) -> None:
    services = yaml.safe_load(render(pin(GPU), variant=GPU, gpus=2)[name].text)["services"]
    requests = [service["deploy"]["resources"]["reservations"]["devices"] for service in services.values()]
    assert [[device["driver"] for device in devices] for devices in requests] == [[driver]] * 3
    assert [device["device_ids"] for [device] in requests] == [
        [first.format(number) for number in numbers] for numbers in ((0, 1), (2, 3), (4, 5))
    ]
    assert all("--num-gpus=2" in service["command"] for service in services.values())


def test_each_way_to_request_gpus_has_a_compose_file_that_names_its_hosts(pin: Pin) -> None:
    assert "compose.nvidia.yaml" not in render(pin())
    found = render(pin(GPU), variant=GPU, gpus=1)
    assert "CDI" in found["compose.yaml"].text
    assert "`./build.py doctor` shows the command." in found["compose.yaml"].text
    assert "docker compose -f compose.nvidia.yaml up --wait" in found["compose.nvidia.yaml"].text
    lines = list(compose_lines(make_cluster(parse_name(GPU), head="gpu01", workers=["gpu02"], gpus=1)))
    assert [line.split(",")[0] for line in lines] == [
        "compose.yaml",
        "compose.nvidia.yaml",
        "`./build.py doctor` shows which one (check gpu-path)",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            '{"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "a.example,b.example"}}}',
            "a.example,b.example",
        ),
        ('{"proxies": {"default": {"httpProxy": "http://p:1"}}}', ""),
        ('{"proxies": {"tcp://other:2376": {"noProxy": "a"}}}', ""),
        ('{"proxies": []}', ""),
        ("{}", ""),
        ("not JSON", ""),
    ],
)
def test_the_default_no_proxy_of_config_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, found: str
) -> None:
    (tmp_path / "config.json").write_text(text)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert configured_no_proxy() == found


def test_no_probe_of_localhost_goes_through_a_proxy(pin: Pin) -> None:
    found = render(pin())
    services = yaml.safe_load(found["compose.yaml"].text)["services"]
    probes = [service["healthcheck"]["test"][-1] for service in services.values()]
    probes += [line for name in ("head.sh", "worker.sh") for line in found[name].text.splitlines() if "wget" in line]
    assert len(probes) == 5
    for probe in probes:
        assert probe.count("wget") == probe.count("wget --no-proxy")
    for service in services.values():
        assert service["environment"]["NO_PROXY"] == service["environment"]["no_proxy"]
        assert service["environment"]["NO_PROXY"].startswith(
            "localhost,127.0.0.1,::1,head,worker-1,worker-2,10.0.0.0/8"
        )


@pytest.mark.parametrize("script", ["head.sh", "worker.sh"])
def test_a_shell_reads_the_same_values(pin: Pin, script: str) -> None:
    text = render(pin(GPU, min_driver="580.65.06"), variant=GPU, gpus=2)[script].text
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    settings = text.split("# The functions of head.sh and worker.sh.")[0]
    shown = subprocess.run(
        ["bash"],
        input=f'{settings}\nprintf "%s|" "$model" "$min_driver" "$gpus" "${{hosts[*]}}" "${{command[-1]}}"',
        text=True,
        capture_output=True,
        check=True,
    )
    hosts = "gpu01" if script == "head.sh" else "gpu02 gpu03"
    assert shown.stdout == f"{MODEL}|580.65.06|2|{hosts}|--num-gpus=2|"


def test_no_file_requests_privileges(pin: Pin) -> None:
    for file in render(pin(GPU), variant=GPU, gpus=2).values():
        for word in ("privileged", "SYS_ADMIN", "--pid", "--ipc host"):
            assert word not in file.text


def test_the_hash_of_the_settings_depends_on_the_gpus_and_not_on_more_workers(pin: Pin) -> None:
    def settings(**options: Any) -> str:
        text = str(render(pin(GPU), variant=GPU, **options)["worker.sh"].text)
        return next(line for line in text.splitlines() if line.startswith("settings="))

    assert settings(gpus=2) == settings(gpus=2, workers=("gpu02", "gpu03", "gpu04"))
    assert settings(gpus=2) != settings(gpus=1)


def test_forward_compatibility_in_every_file(pin: Pin) -> None:
    def render_texts(**options: Any) -> dict[str, str]:
        cluster = make_cluster(parse_name(GPU), head="gpu01", workers=["gpu02"], gpus=1, **options)
        rendered = render_files(cluster, pin(GPU, min_driver="580.65.06"), Checkout(ROOT).templates)
        return {file.name: file.text for file in rendered}

    def compose(texts: dict[str, str]) -> list[Any]:
        names = ("compose.yaml", "compose.nvidia.yaml")
        return [node for name in names for node in yaml.safe_load(texts[name])["services"].values()]

    folder = "/usr/local/cuda-13.0/compat"
    refused = render_texts()
    assert "\nforward_hosts=()\n" in refused["head.sh"]
    assert f"\ncompat={folder}\n" in refused["head.sh"]  # its refusal names the package
    assert "\ninfiniband=/dev/infiniband\n" in refused["head.sh"]
    assert all("NVIDIA_DISABLE_REQUIRE" not in node["environment"] for node in compose(refused))
    assert all("volumes" not in node for node in compose(refused))
    accepted = render_texts(forward_compat=True)
    assert "\nforward_hosts=(gpu01 gpu02)\n" in accepted["worker.sh"]
    for node in compose(accepted):
        assert node["environment"].items() >= {"LD_LIBRARY_PATH": folder, "NVIDIA_DISABLE_REQUIRE": "true"}.items()
        [mount] = node["volumes"]
        assert (mount["source"], mount["target"], mount["read_only"]) == (folder, folder, True)
    partly = render_texts(accepting={"gpu02", "gpu09"})
    assert "\nforward_hosts=(gpu02)\n" in partly["head.sh"]
    assert all("NVIDIA_DISABLE_REQUIRE" not in node["environment"] for node in compose(partly))


@pytest.mark.parametrize(("variant", "gpus"), [(CPU, None), (GPU, 0), ("ray2.49.1-torch2.8.0-py313-cu121", 1)])
def test_forward_compatibility_without_cuda_or_gpus_is_refused(variant: str, gpus: int | None) -> None:
    options: dict[str, Any] = {"gpus": gpus, "forward_compat": True, "allow_all": True}
    with pytest.raises(ConfigurationError, match="has no forward compatibility"):
        make_cluster(parse_name(variant), head="gpu01", workers=["gpu02"], **options)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("role", ["head", "worker"])
def test_systemd_accepts_the_units(pin: Pin, tmp_path: Path, role: str) -> None:
    found = render(pin())
    script, unit = tmp_path / f"{role}.sh", tmp_path / f"raydock-{role}.service"
    script.write_text(found[script.name].text)
    script.chmod(0o755)
    text = found[unit.name].text.replace("/opt/raydock", str(tmp_path))
    unit.write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(text.replace("Type=", "Tpye="))
    assert "Tpye" in subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_nodes_get_the_token_as_a_file_and_an_open_cluster_has_none(pin: Pin) -> None:
    found = render(pin())
    document = yaml.safe_load(found["compose.yaml"].text)
    assert document["secrets"] == {"ray-token": {"file": "./auth-token"}}
    for node in document["services"].values():
        assert node["secrets"] == ["ray-token"]
        assert node["environment"]["RAY_AUTH_MODE"] == "token"
        assert node["environment"]["RAY_AUTH_TOKEN_PATH"] == "/run/secrets/ray-token"
    variables = "variables=(--env RAY_AUTH_MODE=token --env RAY_AUTH_TOKEN_PATH=/run/secrets/ray-token)\n"
    assert variables in found["head.sh"].text
    assert "/auth-token\n" in found["worker.sh"].text

    cluster = make_cluster(parse_name(CPU), head="gpu01", workers=["gpu02"], gpus=0, allow_all=True)
    opened = {file.name: file.text for file in render_files(cluster, pin(), Checkout(ROOT).templates)}
    document = yaml.safe_load(opened["compose.yaml"])
    assert "secrets" not in str(document)
    assert document["services"]["head"]["environment"]["RAY_AUTH_MODE"] == "disabled"
    assert "\ntoken=\n" in opened["head.sh"]
    assert "variables=(--env RAY_AUTH_MODE=disabled)\n" in opened["head.sh"]

    def settings(text: str) -> str:
        return next(line for line in text.splitlines() if line.startswith("settings="))

    assert settings(opened["head.sh"]) != settings(found["head.sh"].text)


def test_the_files_of_a_different_cluster_are_kept_unless_forced(tmp_path: Path) -> None:
    files = [File(name="compose.yaml", text="new"), File(name="head.sh", text="head", program=True)]
    (tmp_path / "compose.yaml").write_text("running")
    with pytest.raises(ConfigurationError, match=r"the files of a different cluster \(compose\.yaml\)"):
        write_files(tmp_path, files, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["compose.yaml"]
    write_files(tmp_path, files, force=True)
    write_files(tmp_path, files, force=False)  # the same cluster again
    assert (tmp_path / "compose.yaml").read_text() == "new"
    assert (tmp_path / "head.sh").stat().st_mode & 0o777 == 0o755
