internal import COpenSSL

/// Random bytes fit for keys.
package enum SystemRandom {
    /// `count` bytes of OpenSSL's generator, which the kernel seeds.
    ///
    /// Traps where no randomness can be had: going on with guessable keys would be worse.
    package static func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            precondition(RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "OpenSSL has no randomness")
            filled = count
        }
    }
}
