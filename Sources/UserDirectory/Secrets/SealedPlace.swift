/// What an encrypted text is bound to, as the data that goes with it: moved to another row it doesn't open. The same for
/// every kind of storage, so that rows can move from one to another.
package enum SealedPlace {
    /// - Parameter purpose: as it is stored.
    package static func secret(_ id: String, purpose: String, organization: String) -> [UInt8] {
        Array("secret\n\(organization)\n\(purpose)\n\(id)".utf8)
    }

    package static func signingKey(_ id: String) -> [UInt8] { Array("signing-key\n\(id)".utf8) }

    /// A known text under the master key, by which a wrong key is found out at start.
    package static let keyCheck = Array("master-key-check".utf8)
    package static let keyCheckText = Array("widget-gateway".utf8)
}
