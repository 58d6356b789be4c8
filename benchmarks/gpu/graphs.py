"""Sees whether a session launches graphs: counts what reaches the driver.

CUPTI, which comes with CUDA and with PyTorch, calls back for each function of
the driver. It is for jobs in processes of their own: it slows all calls down.
"""

import ctypes
from pathlib import Path

DRIVER_API = 1  # CUPTI_CB_DOMAIN_DRIVER_API
ENTER = 0  # CUPTI_API_ENTER


class CallbackData(ctypes.Structure):
    """The beginning of CUpti_CallbackData."""

    _fields_ = (
        ("site", ctypes.c_int),
        ("function", ctypes.c_char_p),
    )


Callback = ctypes.CFUNCTYPE(
    None,
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_uint32,
    ctypes.POINTER(CallbackData),
)


class Missing(Exception):
    """Why nothing can be seen here."""


def load_cupti():
    lines = Path("/proc/self/maps").read_text().splitlines()
    loaded = {line.split()[-1] for line in lines if "libcupti.so" in line}
    for name in (*sorted(loaded), "libcupti.so", "libcupti.so.13", "libcupti.so.12"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise Missing("there is no CUPTI (libcupti.so)")


class Watch:
    """Within it, `launches` counts launches of graphs, `calls` all functions."""

    def __init__(self):
        self.launches = self.calls = 0
        self.cupti = load_cupti()
        self.subscriber = ctypes.c_void_p()
        # Must live as long as the subscription.
        self.callback = Callback(self.note)

    def note(self, _user, _domain, _id, data):
        if data.contents.site != ENTER:
            return
        self.calls += 1
        self.launches += (data.contents.function or b"").startswith(b"cuGraphLaunch")

    def check(self, function, code):
        if code:
            raise Missing(f"{function} of CUPTI failed with {code}")

    def __enter__(self):
        subscriber = ctypes.byref(self.subscriber)
        self.check(
            "cuptiSubscribe",
            self.cupti.cuptiSubscribe(subscriber, self.callback, None),
        )
        self.check(
            "cuptiEnableDomain",
            self.cupti.cuptiEnableDomain(
                ctypes.c_uint32(1), self.subscriber, DRIVER_API
            ),
        )
        return self

    def __exit__(self, *_):
        self.cupti.cuptiUnsubscribe(self.subscriber)
