import Benchmark
import Crypto
import HTTPMessages
import IdentityCore
import MessageAuthentication

func authenticationBenchmarks() {
    let message = FixedBytes(String(repeating: "m", count: 300))

    Benchmark("HMAC-SHA256 of 300 bytes, ours") { benchmark in
        let mac = HMACSHA256(secretText: Fixtures.secret)
        let code = UnsafeMutableRawBufferPointer.allocate(byteCount: HMACSHA256.length, alignment: 8)
        defer { code.deallocate() }
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { mac.authenticate(message.bytes, into: code) }
        benchmark.stopMeasurement()
        blackHole(code[0])
    }
    Benchmark("HMAC-SHA256 of 300 bytes, swift-crypto") { benchmark in
        let key = SymmetricKey(data: Array(Fixtures.secret.utf8))
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            blackHole(HMAC<SHA256>.authenticationCode(for: message.bytes, using: key))
        }
        benchmark.stopMeasurement()
    }

    Benchmark("user hash as hexadecimal text, ours") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(UserHash.compute(secretText: Fixtures.secret, id: "184467")) }
    }
    Benchmark("user hash as hexadecimal text, swift-crypto") { benchmark in
        let key = SymmetricKey(data: Array(Fixtures.secret.utf8))
        let id = Array("184467".utf8)
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            let code = HMAC<SHA256>.authenticationCode(for: id, using: key)
            blackHole(code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
        }
        benchmark.stopMeasurement()
    }
}
