/// Decides whether user tokens are genuine, current and complete (section 4 of the specification, steps 1 to 9).
///
/// Pure: no I/O, no clock. Belongs to one worker; it takes its memory once and allocates nothing while it verifies.
package final class TokenVerifier {
    /// The longest plain identity that is looked at, in bytes.
    package static let maximumPlainIdentity = JSONScratch.maximumText

    let scratch = JSONScratch()
    let names = ClaimNames()

    /// The id of the key that vouches for the token which this verifier refused last; nil where none does.
    package private(set) var refusedKeyID: String?

    package init() {}

    deinit { scratch.deallocate() }

    /// Verifies a token. `now` is in seconds since 1970.
    ///
    /// What is accepted is good until this verifier's next verification.
    package func verify(
        _ token: UnsafeRawBufferPointer, keys: OrganizationKeys, policy: VerificationPolicy, now: Double
    ) -> Verdict {
        // Noted where a token is refused alone: what is accepted pays nothing for it.
        var key: Unmanaged<VerificationKey>?
        do throws(Rejection) {
            let compact = try CompactToken(token, in: scratch)
            let header = try JOSEHeader(compact, in: scratch, names: names.header)
            let authenticated = try AuthenticatedToken(compact, header: header, keys: keys, in: scratch)
            key = Unmanaged.passUnretained(authenticated.key)
            let (claims, times) = try UserClaims.read(
                authenticated, in: scratch, names: names, policy: policy, now: now)
            let userHash = try UserHashRule(keys: keys, scratch: scratch)
                .check(hash: claims.userHash, subject: claims.externalID, enforcement: policy.userHash)
            return .accept(
                VerifiedToken(
                    claims: claims, times: times, key: authenticated.key, userHash: userHash, onlyIDVerified: false,
                    verifier: self))
        } catch {
            refusedKeyID = key?._withUnsafeGuaranteedRef { $0.id }
            return .reject(error)
        }
    }

    /// Verifies a plain identity: the JSON text of the `user` object, whose only proof is its user hash, which is
    /// mandatory whatever the policy says. Whether an organization allows plain identities at all is the caller's
    /// to know. Of what is accepted, only the id is verified.
    ///
    /// Nothing but `user_hash` and the id is looked at before the hash holds. Rejections: `identity_malformed` for
    /// what isn't one JSON object of at most 8 KiB, the codes of user hashes, and those of claims.
    package func verifyPlainIdentity(
        _ json: UnsafeRawBufferPointer, keys: OrganizationKeys, policy: VerificationPolicy
    ) -> Verdict {
        do throws(Rejection) {
            guard json.count <= TokenVerifier.maximumPlainIdentity, let source = json.baseAddress else {
                throw Rejection(.identityMalformed)
            }
            UnsafeMutableRawPointer(scratch.bytes).copyMemory(from: source, byteCount: json.count)
            guard JSONScanner.scan(ScratchRange(0, count: json.count), in: scratch) else {
                throw Rejection(.identityMalformed)
            }
            let reader = ClaimReader(scratch: scratch)
            let hash = try names.hash(reader)
            guard !hash.isEmpty else { throw Rejection(.userHashMissing) }
            let subject = try names.subject(reader, dialect: policy.dialect)
            guard !subject.isEmpty else { throw Rejection(.userHashSubjectMissing) }
            guard let key = UserHashRule(keys: keys, scratch: scratch).key(hash: hash, subject: subject) else {
                throw Rejection(.userHashMismatch)
            }
            let claims = try names.claims(reader, dialect: policy.dialect)
            return .accept(
                VerifiedToken(
                    claims: claims, times: TokenTimes(), key: key, userHash: UserHashRule.Outcome(isVerified: true),
                    onlyIDVerified: true, verifier: self))
        } catch {
            return .reject(error)
        }
    }
}
