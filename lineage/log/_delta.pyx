# cython: language_level=3, freethreading_compatible=True
"""Thin wrapper of csrc/delta: a body as what it has other than its base.

A delta is encoded against an indexed `Base` and undone by `apply`; csrc/delta.h and FORMAT.md
say what it looks like.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t

cdef extern from "delta.h" nogil:
    ctypedef struct lx_delta_base:
        pass
    size_t LX_DELTA_NONE
    lx_delta_base *lx_delta_index(const void *allocator, const uint8_t *base, size_t len)
    void lx_delta_free(lx_delta_base *base)
    size_t lx_delta_encode(const lx_delta_base *base, const uint8_t *target, size_t len,
                           uint8_t *out, size_t room)
    size_t lx_delta_size(const uint8_t *delta, size_t len, size_t base_len, size_t most)
    void lx_delta_apply(const uint8_t *delta, size_t len, const uint8_t *base, size_t base_len,
                        uint8_t *out)

cdef enum:
    MOST_ROOM = 4096


cdef class Base:
    """A body that others are told by, its lines indexed. Never changes: threads may share it."""

    cdef readonly bytes data
    cdef lx_delta_base *index

    def __cinit__(self, bytes data not None):
        self.data = data
        self.index = lx_delta_index(NULL, <const uint8_t *>PyBytes_AS_STRING(data),
                                    PyBytes_GET_SIZE(data))
        if self.index is NULL:
            raise MemoryError

    def __dealloc__(self):
        lx_delta_free(self.index)

    def encode(self, bytes target not None, Py_ssize_t most):
        """Give the delta that leads to the target; None if it is longer than `most` bytes.

        Raises:
            ValueError: `most` is negative or above 4096.
        """
        cdef uint8_t out[MOST_ROOM]
        cdef size_t written
        if most < 0 or most > MOST_ROOM:
            raise ValueError(f"a delta has at most {MOST_ROOM} bytes")
        written = lx_delta_encode(self.index, <const uint8_t *>PyBytes_AS_STRING(target),
                                  PyBytes_GET_SIZE(target), out, most)
        if written == LX_DELTA_NONE:
            return None
        return PyBytes_FromStringAndSize(<char *>out, written)


def apply(bytes base not None, bytes delta not None, Py_ssize_t most):
    """Give what the delta leads to.

    Raises:
        ValueError: it is no delta of a base of that length, or leads to more than `most` bytes.
    """
    cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(base)
    cdef const uint8_t *steps = <const uint8_t *>PyBytes_AS_STRING(delta)
    cdef size_t base_len = PyBytes_GET_SIZE(base), len_ = PyBytes_GET_SIZE(delta), size
    cdef bytes result
    if most < 0:
        raise ValueError("a length is not negative")
    size = lx_delta_size(steps, len_, base_len, most)
    if size == LX_DELTA_NONE:
        raise ValueError("not a delta of this base")
    result = PyBytes_FromStringAndSize(NULL, size)
    lx_delta_apply(steps, len_, start, base_len, <uint8_t *>PyBytes_AS_STRING(result))
    return result
