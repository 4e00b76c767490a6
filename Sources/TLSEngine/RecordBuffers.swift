import COpenSSL

/// Where OpenSSL takes its memory from.
package enum RecordBuffers {
    /// Has OpenSSL keep a few record buffers in stock, for each thread, instead of asking the heap for one with each
    /// record. For the whole process, and to be called before anything else of it: once OpenSSL has taken memory, it has
    /// no effect, and requests cost some thousands of instructions more.
    package static func keepInStock() {
        let isFirst = widget_CRYPTO_use_record_stock() == 1
        assert(isFirst, "OpenSSL has taken memory already")
    }
}
