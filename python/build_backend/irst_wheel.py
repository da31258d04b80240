"""Makes the wheel (PEP 517): builds libirst with the Makefile above this folder and packs it with the package.

Needs what `make library` needs and nothing from the network. The library stays linked to the system's HDF5, OpenBLAS
and image libraries, so the wheel is for machines that have those."""

import base64
import hashlib
import os
import re
import subprocess
import sysconfig
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
TREE = HERE.parent


def _version():
    return re.search(r"^VERSION\s*:=\s*(\S+)", (TREE / "Makefile").read_text(), re.M).group(1)


def _platform():
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def _metadata(version):
    return (
        "Metadata-Version: 2.1\nName: irst\n"
        f"Version: {version}\n"
        "Summary: Finds small targets in infrared images\nLicense: MIT\n"
        "Requires-Python: >=3.8\nRequires-Dist: numpy\n"
    )


def _library(settings):
    """The library: the one that is named (`--config-settings library=FILE`), or one that is built now."""
    named = (settings or {}).get("library")
    if named:
        return Path(named)
    # A variable BUILD of the environment would have it built elsewhere than it is read from.
    subprocess.run(["make", "-C", str(TREE), f"-j{os.cpu_count() or 1}", "BUILD=build", "library"], check=True)
    return TREE / "build" / "lib" / "libirst.so.0"


def _line_of(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = Path(metadata_directory) / f"irst-{_version()}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "METADATA").write_text(_metadata(_version()))
    return folder.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    version = _version()
    tag = f"py3-none-{_platform()}"
    info = f"irst-{version}.dist-info"
    files = {f"irst/{p.name}": p.read_bytes() for p in sorted((HERE / "irst").glob("*")) if p.suffix in (".py", ".typed")}
    files["irst/libirst.so.0"] = _library(config_settings).read_bytes()
    files[f"{info}/METADATA"] = _metadata(version).encode()
    files[f"{info}/LICENSE"] = (TREE / "LICENSE").read_bytes()
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: irst\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    )
    record = "".join(_line_of(name, data) for name, data in files.items()) + f"{info}/RECORD,,\n"
    wheel = f"irst-{version}-{tag}.whl"
    with zipfile.ZipFile(Path(wheel_directory) / wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**files, f"{info}/RECORD": record.encode()}.items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name.endswith(".so.0") else 0o644) << 16
            archive.writestr(entry, data)
    return wheel
