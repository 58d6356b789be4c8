ockham.weight @t : tensor<5x4xf32> = dense<0.5> : tensor<5x4xf32>
ockham.weight @p : tensor<3x4xf32> = dense<0.25> : tensor<3x4xf32>

func.func @loss(%x: tensor<?x?x5xf32> {ockham.name = "x", ockham.dims = ["batch", "sequence", ""]},
                %ids: tensor<?x?xi64> {ockham.name = "ids", ockham.dims = ["batch", "sequence"]})
    -> (tensor<?x?xf32> {ockham.name = "y", ockham.dims = ["batch", "sequence"]})
    attributes {ockham.entry = "loss"} {
  %y = tfm.cross_entropy %x, %ids : tensor<?x?x5xf32>, tensor<?x?xi64> -> tensor<?x?xf32> loc("the loss")
  return %y : tensor<?x?xf32>
}

func.func @tokens(%ids: tensor<?x?xi64> {ockham.name = "ids", ockham.dims = ["batch", "sequence"]},
                  %types: tensor<?x?xi64> {ockham.name = "types", ockham.dims = ["batch", "other"]})
    -> (tensor<?x?x4xf32> {ockham.name = "y", ockham.dims = ["batch", "sequence", ""]})
    attributes {ockham.entry = "prefill"} {
  %t = ockham.load_weight @t : tensor<5x4xf32>
  %p = ockham.load_weight @p : tensor<3x4xf32>
  %a = tfm.embedding %ids, %t positions %p : tensor<?x?xi64>, tensor<5x4xf32>, tensor<3x4xf32> -> tensor<?x?x4xf32> loc("the tokens")
  %b = tfm.embedding %types, %t : tensor<?x?xi64>, tensor<5x4xf32> -> tensor<?x?x4xf32> loc("the types")
  %y = tfm.add_scaled %a, %b : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

func.func @later(%ids: tensor<?x?xi64> {ockham.name = "ids", ockham.dims = ["batch", "sequence"]},
                 %past: tensor<?xi64> {ockham.name = "past", ockham.dims = ["batch"]})
    -> (tensor<?x?x4xf32> {ockham.name = "y", ockham.dims = ["batch", "sequence", ""]})
    attributes {ockham.entry = "decode"} {
  %t = ockham.load_weight @t : tensor<5x4xf32>
  %p = ockham.load_weight @p : tensor<3x4xf32>
  %y = tfm.embedding %ids, %t positions %p past %past : tensor<?x?xi64>, tensor<5x4xf32>, tensor<3x4xf32> past tensor<?xi64> -> tensor<?x?x4xf32> loc("later")
  return %y : tensor<?x?x4xf32>
}
