// RUN: ockham-opt %s --canonicalize | FileCheck %s

// A check that always holds goes; one that never does stays, to say so.
// CHECK-LABEL: func @checks
func.func @checks(%n: index) {
  %true = arith.constant true
  %false = arith.constant false
  // CHECK-NOT: "always"
  ockham.check %true, "always"
  // CHECK: ockham.check %{{.*}}, "never"
  ockham.check %false, "never"
  return
}
