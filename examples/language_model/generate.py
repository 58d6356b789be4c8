#!/usr/bin/env python3
"""Continue a prompt with a compiled byte-level model.

    ockham compile sasp_none_python.onnx -o python.so
    ./generate.py python.so --prompt 'def read(self, size=-1):'

Needs NumPy. The text appears as it is generated; the speed goes to stderr. A
token is a byte; the model has no cache yet, so that each byte costs one run
over the window of the last bytes.
"""

import argparse
import codecs
import sys
import time
from pathlib import Path

import numpy as np

# From a checkout the package need not be installed.
sys.path.append(str(Path(__file__).resolve().parents[2] / "python"))

SEPARATOR = 0  # stands between the files of the training data

# Some lines to go on from: the small model is lost after a few letters.
PROMPT = '''class Reader:
    """Read lines from a file."""

    def __init__(self, name):
        self.name = name
        self.lines = []

    def read(self, size=-1):
'''


def sample(logits, temperature, generator):
    """The next token for logits [vocabulary]; the likeliest at temperature 0."""
    if temperature == 0:
        return int(np.argmax(logits))
    # Softmax in float64: the probabilities must sum to 1 for `choice`.
    scaled = logits.astype(np.float64) / temperature
    weights = np.exp(scaled - scaled.max())
    return int(generator.choice(len(weights), p=weights / weights.sum()))


def generate(session, tokens, count, context, temperature, generator):
    """Yields up to `count` tokens that follow `tokens`, a list of at least one.

    The model sees at most the last `context` tokens. Ends early at a separator.
    """
    tokens = list(tokens)
    for _ in range(count):
        window = np.array([tokens[-context:]], dtype=np.int64)
        logits = session.run({"input_ids": window})["logits"]
        token = sample(logits[0, -1], temperature, generator)
        if token == SEPARATOR:
            return
        tokens.append(token)
        yield token


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="library written by 'ockham compile'")
    parser.add_argument(
        "--prompt", default=PROMPT, help="text to continue [a small class]"
    )
    parser.add_argument("--bytes", type=int, default=400, help="bytes to add [400]")
    parser.add_argument(
        "--temperature",
        type=float,
        default=0.6,
        help="0 takes the likeliest byte, 1 draws from the distribution [0.6]",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the sampling [0]")
    parser.add_argument(
        "--context",
        type=int,
        default=256,
        help="tokens that the model sees at most [256]",
    )
    parser.add_argument("--threads", type=int, default=0, help="0 for all cores [0]")
    args = parser.parse_args()
    if not args.prompt:
        parser.error("--prompt is empty, expected at least one byte")
    least_values = {"bytes": 1, "context": 1, "temperature": 0, "threads": 0}
    for name, least in least_values.items():
        value = getattr(args, name)
        if not value >= least:
            parser.error(f"--{name} is {value}, expected at least {least}")
    return args


def main():
    args = parse_arguments()
    # Not before: it looks for the runtime's library, which --help does not need.
    import ockham

    try:
        session = ockham.load(args.model).session(threads=args.threads)
        out = sys.stdout
        # A character of several bytes is written when it is complete.
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        out.write(args.prompt)
        out.flush()
        generator = np.random.default_rng(args.seed)
        count = 0
        start = time.perf_counter()
        for token in generate(
            session,
            args.prompt.encode(errors="surrogateescape"),
            args.bytes,
            args.context,
            args.temperature,
            generator,
        ):
            out.write(decoder.decode(bytes([token])))
            out.flush()
            count += 1
        seconds = time.perf_counter() - start
        out.write(decoder.decode(b"", final=True) + "\n")
        out.flush()
    except ockham.OckhamError as error:
        sys.exit(f"generate.py: error: {error}")
    end = "" if count == args.bytes else ", then the end of the file"
    print(
        f"\n{count} tokens in {seconds:.1f} s: {count / seconds:.1f} tokens/s"
        f" on {session.threads} threads{end}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
