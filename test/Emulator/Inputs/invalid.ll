; The value of %p is not given for one of the two ways that lead to it.
target triple = "nvptx64-nvidia-cuda"
define ptx_kernel void @k(i1 %c) {
entry:
  br i1 %c, label %a, label %b
a:
  br label %b
b:
  %p = phi i32 [ 0, %a ]
  ret void
}
