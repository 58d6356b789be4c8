// Two inputs that share the extent n.
func.func @forward(%x: tensor<?x4xf32> {ockham.name = "x", ockham.dims = ["n", ""]},
                   %y: tensor<?x4xf32> {ockham.name = "y", ockham.dims = ["n", ""]})
    -> (tensor<?x4xf32> {ockham.name = "z", ockham.dims = ["n", ""]})
    attributes {ockham.entry = "forward"} {
  %0 = onnx.Add %x, %y : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}
