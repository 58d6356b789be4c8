"""Fills a folder with small models for the fuzzer to start from.

    python3 make_corpus.py FOLDER [MODELS...]

All models that the importer's tests describe, right and wrong ones, the inputs that
once broke it, and what lies in the folders MODELS, e.g. onnx's node tests. Files of more than 16 KiB are left out: the fuzzer would change
their weights most of the time.
"""

import os
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "Import"
sys.path.insert(0, str(TESTS / "Inputs"))

import make_model

LARGEST = 16 << 10


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for test in sorted(TESTS.glob("*.test")):
        # Some models take a file that their test makes.
        for name, data in make_model.models(test):
            if len(data) <= LARGEST:
                (folder / f"{test.stem}-{name}").write_bytes(data)
    for models in [TESTS / "Inputs" / "broken", *map(Path, sys.argv[2:])]:
        for model in sorted(models.rglob("*.onnx")):
            if model.stat().st_size <= LARGEST:
                name = "-".join(model.relative_to(models).parts)
                (folder / name).write_bytes(model.read_bytes())
    print(f"{len(os.listdir(folder))} files in {folder}")


if __name__ == "__main__":
    main()
