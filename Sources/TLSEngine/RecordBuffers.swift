import COpenSSL

/// Where OpenSSL takes its memory from.
package enum RecordBuffers {
    /// Has OpenSSL keep a few record buffers in stock, for each thread, instead of asking the heap for one with each
    /// record. To be called before anything else of OpenSSL, for the whole process; later it has no effect.
    package static func keepInStock() { _ = widget_CRYPTO_use_record_stock() }
}
