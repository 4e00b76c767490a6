import Benchmark
import Foundation
import HTTPMessages
import IdentityCore
import MessageAuthentication

/// The claims of the fixtures, for Foundation's decoder.
private struct DecodedClaims: Decodable {
    var id: String
    var email: String
    var name: String
    var avatarURL: String
    var company_name: String
    var company_id: String
}

func readingBenchmarks() {
    let claims = Fixtures.claims + "}"
    let encoded = Base64URL.text(claims.utf8)

    Benchmark("base64url of \(encoded.utf8.count) characters, ours") { benchmark in
        let text = FixedBytes(encoded).bytes
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 16)
        defer { room.deallocate() }
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(Base64URL.decode(text, into: room)) }
        benchmark.stopMeasurement()
    }
    Benchmark("base64url of \(encoded.utf8.count) characters, Foundation") { benchmark in
        for _ in benchmark.scaledIterations {
            var plain = encoded.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            plain += String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
            blackHole(Data(base64Encoded: plain))
        }
    }

    // Without a user hash, nothing of a plain identity is looked at beyond its scan.
    Benchmark("claims of \(claims.utf8.count) bytes, ours") { benchmark in
        let verifier = TokenVerifier()
        let keys = Fixtures.keys()
        let text = FixedBytes(claims).bytes
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            blackHole(verifier.verifyPlainIdentity(text, keys: keys, policy: Fixtures.policy))
        }
        benchmark.stopMeasurement()
    }
    Benchmark("claims of \(claims.utf8.count) bytes, JSONDecoder") { benchmark in
        let decoder = JSONDecoder()
        let data = Data(claims.utf8)
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(try? decoder.decode(DecodedClaims.self, from: data)) }
        benchmark.stopMeasurement()
    }
}
