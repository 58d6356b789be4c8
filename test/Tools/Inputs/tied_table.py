"""tied_table.py MODULE: writes a model that looks up rows of a table, mixes each
of them, and multiplies it with all rows of the table.
tied_table.py IDS Y...: checks results for ids.

All numbers are small, so that narrow types hold them.
"""

import sys

import numpy as np

TABLE = (7 * np.arange(70)[:, None] + 3 * np.arange(32)) % 5 - 2.0


def make_text():
    rows = ", ".join(str(row) for row in TABLE.tolist())
    return f"""
ockham.weight @table : tensor<70x32xf32> = dense<[{rows}]> : tensor<70x32xf32>
ockham.weight @mix : tensor<32x32xf32> = dense<0.5> : tensor<32x32xf32>
func.func @forward(%ids: tensor<?x?xi64> {{ockham.name = "ids", ockham.dims = ["b", "s"]}})
    -> (tensor<?x?x70xf32> {{ockham.name = "y", ockham.dims = ["b", "s", ""]}})
    attributes {{ockham.entry = "forward"}} {{
  %table = ockham.load_weight @table : tensor<70x32xf32>
  %mix = ockham.load_weight @mix : tensor<32x32xf32>
  %0 = tfm.embedding %ids, %table : tensor<?x?xi64>, tensor<70x32xf32> -> tensor<?x?x32xf32>
  %1 = tfm.linear %0, %mix : tensor<?x?x32xf32>, tensor<32x32xf32> -> tensor<?x?x32xf32>
  %2 = tfm.add_scaled %0, %1 : tensor<?x?x32xf32>
  %3 = tfm.linear %2, %table : tensor<?x?x32xf32>, tensor<70x32xf32> -> tensor<?x?x70xf32> {{transposed}}
  return %3 : tensor<?x?x70xf32>
}}
"""


def main():
    if len(sys.argv) == 2:
        with open(sys.argv[1], "w") as file:
            file.write(make_text())
        return
    x = TABLE[np.load(sys.argv[1])]
    want = (x + 0.5 * x.sum(-1, keepdims=True)) @ TABLE.T
    for name in sys.argv[2:]:
        have = np.load(name)
        assert have.shape == want.shape and (have == want).all(), (name, have, want)
        print(name, "agrees")


if __name__ == "__main__":
    main()
