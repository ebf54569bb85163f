"""What the bench `contents` counts, on a small site-packages folder."""

import hashlib
from pathlib import Path

from benchmarks.contents import EQUAL, compressed, left_out


def test_what_is_left_out_is_counted_by_rule(tmp_path: Path) -> None:
    large = hashlib.sha256(b"x").digest() * 10_000
    files = {"ray/jars/ray_dist.jar": b"jar", "ray/kept.py": b"kept", "z3/libz3.so": large, "z3/libz3.so.4": large}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    rows = [f"{path},sha256={hashlib.sha256(data).hexdigest()},{len(data)}" for path, data in files.items()]
    record = tmp_path / "ray-1.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("\n".join([*rows, "ray-1.dist-info/RECORD,,"]))
    sizes = {rule: size for rule, size in left_out(tmp_path).items() if size}
    assert sizes == {"ray/jars/ray_dist.jar": compressed(b"jar"), EQUAL: compressed(large)}
