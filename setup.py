"""The distribution `omni-reward-data`: what a person installs, and what a remote worker installs.

The recipe and the data cards live at the top of the checkout, where people edit them; the build
step copies them into the package, so that an installed `omnireward` has them too.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
SHIPPED = "pipelines/_shipped"

# Bounds are those of versions that were resolved and run together; beam 2.77 needs
# pyarrow < 26, numpy < 2.5 and pillow < 13, datasets 5.2 needs pyarrow >= 24.
REQUIRED = [
    "apache-beam>=2.77,<2.78",
    "av>=17,<19",
    "datasets>=5.2,<6",
    "ffmpeg-python>=0.2,<0.3",
    "filelock>=3.20,<5",
    "great-expectations>=1.24,<2",
    "httpx2>=2,<3",
    "huggingface-hub>=2.4,<3",
    "ijson>=3.3,<4",
    "imageio-ffmpeg>=0.8,<0.9",
    "jinja2>=3.1,<4",
    "jsonschema>=4.23,<5",
    "librosa>=0.11,<2",
    "matplotlib>=3.10,<4",
    "numpy>=2.2,<2.5",
    "openai>=3.54,<4",
    "packaging>=25,<27",
    "pillow>=12.1.1,<13",
    "polars>=2.1,<3",
    "polars-hash>=0.9,<0.10",  # hashes columns beside the interpreter
    "py3langid>=0.4,<0.5",
    "pyarrow>=24,<26",
    "pydantic>=2.12,<3",
    "PyYAML>=6.0.2,<7",
    "rensa>=0.5,<0.6",
    "rich>=14,<16",
    "scipy>=1.15,<2",
    "simplejpeg>=1.9,<2",
    "soundfile>=0.13,<0.15",
    "soxr>=0.5,<2",
    "trimesh>=5.2,<6",
    "typer>=0.20,<1",
    "zlib-ng>=1.1,<2",
]

EXTRAS = {
    "gcp": ["apache-beam[gcp]>=2.77,<2.78"],
    # Dawid-Skene for judges weighted by reliability; it brings transformers along.
    "crowd": ["crowd-kit>=1.4,<2"],
    "dev": [
        "crowd-kit>=1.4,<2",
        "duckdb>=1.4,<3",
        "hypothesis>=6.150,<7",
        "import-linter>=2.5,<3",
        "markdown-it-py>=3,<5",
        "mlcroissant>=1.1,<2",
        "mypy>=2,<3",
        "playwright>=1.65,<2",  # drives a Chromium that is there already
        "pytest>=9,<10",
        "pytest-xdist>=3.8,<4",
        "ruff>=0.17,<0.18",
        "setuptools>=77,<90",
        "types-PyYAML>=6.0.12,<7",
        "xllamacpp>=2026.10",
    ],
}


class BuildWithShippedData(build_py):
    """Copies the recipe and the data cards beside the code that reads them."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if self.editable_mode:  # an editable install reads them where they are
            return
        target = Path(self.build_lib) / SHIPPED
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        shutil.copy2(HERE / "beam_config.yaml", target)
        shutil.copytree(HERE / "data_cards", target / "data_cards")


setup(
    name="omni-reward-data",
    version="0.1.0",
    description="Dataset construction pipeline for multimodal reward models",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=find_packages(
        include=["pipelines", "pipelines.*", "transforms", "transforms.*", "schemas", "schemas.*"]
    ),
    package_data={
        "transforms.quality": ["*.yaml", "suites/*.yaml", "suites/*/*.yaml"],
        "transforms.relabel": ["prompts/*.txt"],
        "transforms.relabel.measured": ["wording/*.yaml"],
        "pipelines": ["templates/source/*.tmpl", "templates/cards/*.tmpl"],
        "pipelines.gallery": [
            "templates/*.html",
            "templates/*.css",
            "templates/*.js",
            "templates/*.svg",
        ],
    },
    install_requires=REQUIRED,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["omnireward=pipelines.cli:run"]},
    cmdclass={"build_py": BuildWithShippedData},
)
