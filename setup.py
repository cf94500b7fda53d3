"""Builds the C core; everything else about the package is in pyproject.toml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CORE = Path("csrc")
ORDER = Path("lineage/canon/order.toml")
VALUES = Path("lineage/canon/values.toml")
DELTA = CORE / "delta.c"  # knows nothing of XML, and the rest nothing of it
GENERATOR = CORE / "gen_order.py"


class BuildCore(build_ext):
    """Generates the order tables before it compiles; leaves nothing generated in the source."""

    def initialize_options(self) -> None:
        """Let Cython write its C below the build directory."""
        super().initialize_options()
        self.cython_c_in_temp = True

    def build_extension(self, ext: Extension) -> None:
        """Generate the tables' header if the core is to be built, then compile as usual."""
        if str(ORDER) in ext.depends:
            generated = Path(self.build_temp)
            header = generated / "order_table.h"
            subprocess.run([sys.executable, GENERATOR, ORDER, VALUES, header], check=True)
            ext.include_dirs.append(str(generated))
        super().build_extension(ext)


def flags() -> list[str]:
    """Compiler flags; LINEAGE_DEBUG and LINEAGE_SANITIZE (to any value) ask for other builds."""
    common = ["-std=c11", "-fvisibility=hidden"]
    if os.environ.get("LINEAGE_SANITIZE"):
        return [*common, "-O1", "-g", "-fno-omit-frame-pointer", *SANITIZERS]
    if os.environ.get("LINEAGE_DEBUG"):
        return [*common, "-O0", "-g", "-UNDEBUG"]
    return [*common, "-O3"]


SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
LINK = SANITIZERS if os.environ.get("LINEAGE_SANITIZE") else []

setup(
    cmdclass={"build_ext": BuildCore},
    ext_modules=[
        Extension(
            "lineage.canon._core",
            sources=[
                "lineage/canon/_core.pyx",
                *sorted(str(path) for path in CORE.glob("*.c") if path != DELTA),
            ],
            include_dirs=[str(CORE)],
            depends=[
                *sorted(str(path) for path in CORE.glob("*.h")),
                *sorted(str(path) for path in CORE.glob("*.def")),
                *sorted(str(path) for path in Path("lineage/canon").glob("*.px[di]")),
                str(GENERATOR),
                str(ORDER),
                str(VALUES),
            ],
            extra_compile_args=flags(),
            extra_link_args=LINK,
        ),
        Extension(
            "lineage.log._delta",
            sources=["lineage/log/_delta.pyx", str(DELTA)],
            include_dirs=[str(CORE)],
            depends=[str(DELTA.with_suffix(".h")), str(CORE / "lineage_xml.h")],
            extra_compile_args=flags(),
            extra_link_args=LINK,
        ),
        Extension(
            "lineage.log._packing",
            sources=["lineage/log/_packing.pyx"],
            define_macros=[("_GNU_SOURCE", None)],  # memmem
            extra_compile_args=flags(),
            extra_link_args=LINK,
        ),
        Extension(
            "lineage.sources._blocks",
            sources=["lineage/sources/_blocks.pyx"],
            extra_compile_args=flags(),
            extra_link_args=LINK,
        ),
    ],
)
