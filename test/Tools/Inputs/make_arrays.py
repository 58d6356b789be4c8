"""Writes .npy files, right and wrong ones, into the current folder."""

import numpy as np

ids = np.arange(16).reshape(2, 8)
np.save("ids.npy", ids)
np.save("int32.npy", ids.astype(np.int32))
np.save("rank.npy", ids[0])
np.save("none.npy", ids[:1, :0])
np.save("long.npy", np.zeros((1, 17), np.int64))
for name, value in ("big", 1000000), ("negative", -1000):
    wrong = ids.copy()
    wrong[1, 3] = value
    np.save(name + ".npy", wrong)
np.save("x3.npy", np.ones((3, 4), np.float32))
np.save("x4.npy", np.ones((4, 4), np.float32))
np.save("words.npy", np.array(["a", "bc"]))
with open("ids.npy", "rb") as file:
    array = file.read()
with open("cut.npy", "wb") as file:
    file.write(array[:-8])
with open("text.npy", "w") as file:
    file.write("These are words, and no array.\n")
open("empty.npy", "w").close()
