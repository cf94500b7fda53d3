# Many documents at a time; part of _core.pyx.

cdef struct _Item:
    const uint8_t *xml  # NULL: has its result already
    size_t size
    lx_error error
    bint changed  # the canonical form is not the document: it is the stretch's text from `at`
    size_t at, len
    char *target


cdef class _Stretch:
    """Some documents of a list, canonicalized without the GIL."""

    cdef _Item item[STRETCH_DOCUMENTS]
    cdef size_t n, bytes
    cdef char *text
    cdef size_t used, cap

    def __dealloc__(self):
        free(self.text)

    cdef void add(self, object document) noexcept:
        cdef _Item *item = &self.item[self.n]
        item.xml = NULL
        if type(document) is bytes:
            item.xml = <const uint8_t *>PyBytes_AS_STRING(<bytes>document)
            item.size = PyBytes_GET_SIZE(<bytes>document)
            self.bytes += item.size
        self.n += 1

    cdef bint keep(self, _Item *item, lx_bytes *pieces, size_t n) noexcept nogil:
        """Keep the text, if it is another than the document."""
        cdef size_t k, total = 0
        cdef char *grown
        for k in range(n):
            total += pieces[k].len
        item.changed = not _same(pieces, n, item.xml, item.size, total)
        if not item.changed:
            return True
        if self.cap - self.used < total:
            grown = <char *>realloc(self.text, (self.used + total) * 2)
            if grown is NULL:
                return False
            self.text, self.cap = grown, (self.used + total) * 2
        item.at, item.len = self.used, total
        _copy(self.text + self.used, pieces, n)
        self.used += total
        return True

    cdef void work(self, lx_ctx *ctx, lx_mode mode) noexcept nogil:
        cdef lx_bytes pieces[LX_MAX_PIECES]
        cdef size_t i, count
        cdef _Item *item
        self.used = 0
        for i in range(self.n):
            item = &self.item[i]
            item.error.code = LX_OK
            item.changed = False
            if item.xml is NULL:
                continue
            count = _read_text(ctx, item.xml, item.size, mode, pieces, &item.error)
            if count and not self.keep(item, pieces, count):
                item.error.code = LX_NOMEM

    cdef int run(self, list results, _Context context, lx_mode mode) except -1:
        """Replace the last `n` of `results`, which are the documents."""
        cdef Py_ssize_t first = len(results) - <Py_ssize_t>self.n
        cdef size_t i
        cdef _Item *item
        cdef bytes result
        with nogil:
            self.work(context.ctx, mode)
        for i in range(self.n):
            item = &self.item[i]
            if item.error.code != LX_OK:
                error = _exception(item.error)
                if item.error.code == LX_NOMEM:
                    raise error
                results[first + <Py_ssize_t>i] = error
            elif item.changed:
                result = PyBytes_FromStringAndSize(NULL, item.len)
                item.target = PyBytes_AS_STRING(result)
                results[first + <Py_ssize_t>i] = result
        with nogil:
            for i in range(self.n):
                item = &self.item[i]
                if item.error.code == LX_OK and item.changed:
                    memcpy(item.target, self.text + item.at, item.len)
        self.n = self.bytes = 0
        return 0


def canonicalize_many(documents, *, mode="redefine"):
    """Return for each document its canonical form, or the error that refused it.

    The GIL is released for many documents at a time.
    """
    cdef int parse_mode = _mode(mode)
    cdef _Context context = _take()
    cdef _Stretch stretch = _Stretch()
    cdef list results = []
    try:
        for document in documents:
            if type(document) is not bytes:
                try:
                    document = _as_bytes(document)
                except XMLError as error:
                    document = error
            results.append(document)
            stretch.add(document)
            if stretch.n == STRETCH_DOCUMENTS or stretch.bytes >= STRETCH_BYTES:
                stretch.run(results, context, <lx_mode>parse_mode)
        stretch.run(results, context, <lx_mode>parse_mode)
    finally:
        _give(context)
    return results
