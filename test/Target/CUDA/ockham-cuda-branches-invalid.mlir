// RUN: ockham-opt %s --ockham-cuda-lower-branches --split-input-file --verify-diagnostics

func.func @one() {
  // expected-error @+1 {{'ockham.branches' op has 1 branches, expected at least 2}}
  ockham.branches {
    %c0 = arith.constant 0 : index
  }
  return
}

// -----

func.func @nested() {
  ockham.branches {
    // expected-error @+1 {{'ockham.branches' op stands in a branch of another one, which the host cannot tell apart}}
    ockham.branches {
      %c0 = arith.constant 0 : index
    }, {
      %c1 = arith.constant 1 : index
    }
  }, {
    %c2 = arith.constant 2 : index
  }
  return
}
