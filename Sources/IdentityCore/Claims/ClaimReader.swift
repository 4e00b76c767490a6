/// Reads single claims of the object at hand, by kind. What every function returns is empty where the claim is absent,
/// `null` or `""`, and every function throws `token_claim_invalid`, naming the claim, for a value of another kind.
struct ClaimReader {
    /// The longest text of a claim, in bytes of UTF-8, where nothing else is said.
    static let maximumText = 1024
    /// The longest address of an image or a page.
    static let maximumURL = 2048
    /// The longest email address (RFC 5321 section 4.5.3.1: 64 + 1 + 255).
    static let maximumEmail = 320
    /// The longest number that stands for an amount of money.
    static let maximumAmount = 64
    /// The longest JSON object, as it is written.
    static let maximumObject = 4096

    let scratch: JSONScratch

    /// Any text without a NUL, which no database and no C library would carry faithfully.
    func text(_ claim: ClaimName, upTo limit: Int = maximumText) throws(Rejection) -> ScratchRange {
        guard let member = known(claim) else { return .none }
        guard member.pointee.kind == .string, Int(member.pointee.value.count) <= limit,
            !hasNUL(member.pointee.value)
        else { throw invalid(claim) }
        return member.pointee.value
    }

    /// A text or an integer, the latter by its digits as they are written; fit for a header.
    func identifier(_ claim: ClaimName) throws(Rejection) -> ScratchRange {
        guard let member = known(claim) else { return .none }
        let bytes = scratch[member.pointee.value]
        guard bytes.count <= ClaimReader.maximumText else { throw invalid(claim) }
        switch member.pointee.kind {
        case .string: guard HeaderFitness.isFit(bytes) else { throw invalid(claim) }
        case .number: guard JSONNumber.isInteger(bytes) else { throw invalid(claim) }
        default: throw invalid(claim)
        }
        return member.pointee.value
    }

    /// A text that can be an email address: an `@` with something on either side, at most 320 bytes, fit for a
    /// header. Which addresses exist is not for us to know, so nothing else is asked.
    func email(_ claim: ClaimName) throws(Rejection) -> ScratchRange {
        guard let member = known(claim) else { return .none }
        let bytes = scratch[member.pointee.value]
        guard member.pointee.kind == .string, bytes.count <= ClaimReader.maximumEmail, HeaderFitness.isFit(bytes),
            let at = bytes.lastIndex(of: UInt8(ascii: "@")), at > 0, at < bytes.count - 1
        else { throw invalid(claim) }
        return member.pointee.value
    }

    /// A number, or a text that is one (`"10.99"`); kept as the text that was sent.
    func amount(_ claim: ClaimName) throws(Rejection) -> ScratchRange {
        guard let member = known(claim) else { return .none }
        let bytes = scratch[member.pointee.value]
        guard member.pointee.kind == .number || member.pointee.kind == .string,
            bytes.count <= ClaimReader.maximumAmount, JSONNumber.isNumber(bytes)
        else { throw invalid(claim) }
        return member.pointee.value
    }

    /// A number without a fraction in a range, or a text that is one: `4`, `"4"`, and `4.0` too, which is how PHP and
    /// Ruby write a number that was rounded. 0 where it is absent.
    func wholeNumber(_ claim: ClaimName, in range: ClosedRange<UInt8>) throws(Rejection) -> UInt8 {
        let written = try amount(claim)
        guard !written.isEmpty else { return 0 }
        guard let value = JSONNumber.double(scratch[written]), let whole = UInt8(exactly: value), range.contains(whole)
        else { throw invalid(claim) }
        return whole
    }

    /// `true` or `false`, or a text that is one of them; nil where it is absent.
    func boolean(_ claim: ClaimName) throws(Rejection) -> Bool? {
        guard let member = known(claim) else { return nil }
        guard member.pointee.kind == .bool || member.pointee.kind == .string else { throw invalid(claim) }
        let bytes = scratch[member.pointee.value]
        if ("true" as StaticString).equals(bytes) { return true }
        if ("false" as StaticString).equals(bytes) { return false }
        throw invalid(claim)
    }

    /// A text of lower-case letters `a` to `z` and digits.
    func handle(_ claim: ClaimName) throws(Rejection) -> ScratchRange {
        let value = try text(claim)
        let isHandle = scratch[value].allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        guard isHandle else { throw invalid(claim) }
        return value
    }

    /// A JSON object as it is written, at most 4 KiB.
    func object(_ claim: ClaimName) throws(Rejection) -> ScratchRange {
        guard let member = known(claim) else { return .none }
        guard member.pointee.kind == .object, Int(member.pointee.value.count) <= ClaimReader.maximumObject else {
            throw invalid(claim)
        }
        return member.pointee.value
    }

    /// A JSON array of ids, each a text or an integer, as it is written.
    func identifiers(_ claim: ClaimName) throws(Rejection) -> ScratchRange {
        guard let member = known(claim) else { return .none }
        guard member.pointee.kind == .array, IdentifierList(array: member.pointee.value, scratch: scratch).isValid
        else { throw invalid(claim) }
        return member.pointee.value
    }

    /// An ISO date, `YYYY-MM-DD`, that is in the calendar.
    func date(_ claim: ClaimName) throws(Rejection) -> ScratchRange {
        guard let member = known(claim) else { return .none }
        guard member.pointee.kind == .string, CalendarDate.isValid(scratch[member.pointee.value]) else {
            throw invalid(claim)
        }
        return member.pointee.value
    }

    /// One of the given words, exactly.
    func word(_ claim: ClaimName, oneOf words: [StaticString]) throws(Rejection) -> ScratchRange {
        guard let member = known(claim) else { return .none }
        let bytes = scratch[member.pointee.value]
        guard member.pointee.kind == .string, words.contains(where: { $0.equals(bytes) }) else { throw invalid(claim) }
        return member.pointee.value
    }

    /// Throws `token_claim_missing` where a required claim is absent.
    func require(_ value: ScratchRange, _ claim: ClaimName) throws(Rejection) {
        if value.isEmpty { throw Rejection(.tokenClaimMissing, claim: claim.name) }
    }

    /// Leaves a claim that has been checked, and that the profile has no place for, among the extra ones.
    func keepAsExtra(_ claim: ClaimName) { scratch.member(claim)?.pointee.isKnown = false }

    /// Only an escape can bring a NUL: the scanner refuses a bare one, and so only unescaped copies are searched.
    @inline(__always)
    private func hasNUL(_ text: ScratchRange) -> Bool {
        Int(text.offset) >= JSONScratch.unescapedStart && scratch[text].contains(0)
    }

    /// Takes a claim off the extra ones without looking at it.
    func ignore(_ claim: ClaimName) { scratch.member(claim)?.pointee.isKnown = true }

    /// Takes a claim off the extra ones; nil where it is absent.
    @inline(__always)
    private func known(_ claim: ClaimName) -> UnsafeMutablePointer<JSONMember>? {
        guard let member = scratch.member(claim) else { return nil }
        member.pointee.isKnown = true
        switch member.pointee.kind {
        case .null: return nil
        case .string: return member.pointee.value.isEmpty ? nil : member
        default: return member
        }
    }

    private func invalid(_ claim: ClaimName) -> Rejection { Rejection(.tokenClaimInvalid, claim: claim.name) }
}

extension StaticString {
    /// Whether a text is this very word.
    fileprivate func equals(_ text: UnsafeRawBufferPointer) -> Bool {
        text.count == utf8CodeUnitCount
            && text.elementsEqual(UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount))
    }
}
