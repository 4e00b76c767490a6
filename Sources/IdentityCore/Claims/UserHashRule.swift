internal import MessageAuthentication

/// The rule of the user hash (section 6 of the specification): a hash must be that of the token's own id, wherever
/// there is one, and must be there where it is required.
struct UserHashRule {
    let keys: OrganizationKeys
    let scratch: JSONScratch

    /// What the rule found.
    struct Outcome {
        /// There is a hash, and it holds.
        var isVerified = false
        /// What would have been refused if the rule were enforced. One array for each kind, made once.
        var wouldReject: [Rejection] = []
    }

    /// Applies the rule. Throws `user_hash_missing`, `user_hash_subject_missing` or `user_hash_mismatch`.
    ///
    /// A hash that has no id to vouch for is a wrong one where none is required.
    func check(
        hash: ScratchRange, subject: ScratchRange, enforcement: Enforcement
    ) throws(Rejection) -> Outcome {
        guard !hash.isEmpty else {
            switch enforcement {
            case .off: return Outcome()
            case .report: return Outcome(wouldReject: UserHashRule.missing)
            case .enforce: throw Rejection(.userHashMissing)
            }
        }
        guard !subject.isEmpty else {
            throw Rejection(enforcement == .enforce ? .userHashSubjectMissing : .userHashMismatch)
        }
        guard key(hash: hash, subject: subject) != nil else { throw Rejection(.userHashMismatch) }
        return Outcome(isVerified: true)
    }

    /// The active key under which `hash`, hexadecimal of either case, is the hash of `subject`.
    func key(hash: ScratchRange, subject: ScratchRange) -> VerificationKey? {
        withUnsafeTemporaryAllocation(byteCount: HMACSHA256.length, alignment: 8) { code in
            guard Hexadecimal.decode(scratch[hash], into: code) else { return nil }
            return keys.userHash.first { $0.mac.matches(UnsafeRawBufferPointer(code), of: scratch[subject]) }
        }
    }

    private static let missing = [Rejection(.userHashMissing)]
}
