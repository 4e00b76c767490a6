import Foundation
import PortalSSO
import Testing

/// `Fixtures/return-addresses.json`: what node's `URL` makes of each address. Made by
/// `scripts/make-return-address-fixtures.mjs`.
struct ReturnAddressTable: Decodable {
    struct Portal: Decodable {
        let scheme, authority: String
        let hosts, origins: [String]

        var origin: PortalOrigin { PortalOrigin(scheme: scheme, authority: authority) }
    }

    struct Hostile: Decodable, CustomTestStringConvertible {
        let name, candidate: String
        /// By portal; nil where the address leads nowhere.
        let origins: [String?]
        var testDescription: String { name }
    }

    struct Welcome: Decodable, CustomTestStringConvertible {
        let name: String
        let portal: Int
        let candidate, location, origin: String
        var testDescription: String { name }
    }

    struct Mutation: Decodable {
        let portal: Int
        let candidate: String
        let origin: String?
        /// Where it is an allowed origin.
        let href: String?

        init(from decoder: any Decoder) throws {
            var row = try decoder.unkeyedContainer()
            portal = try row.decode(Int.self)
            candidate = try row.decode(String.self)
            origin = try row.decodeIfPresent(String.self)
            href = row.isAtEnd ? nil : try row.decode(String.self)
        }
    }

    let portals: [Portal]
    let hostile: [Hostile]
    let welcome, withToken: [Welcome]
    let mutations: [Mutation]

    static let shared: ReturnAddressTable = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/return-addresses.json")
        do {
            return try JSONDecoder().decode(ReturnAddressTable.self, from: Data(contentsOf: file))
        } catch {
            preconditionFailure("\(file.path()): \(error)")
        }
    }()

    func parse(_ candidate: String, portal: Int) -> ReturnAddress? {
        ReturnAddress(candidate.utf8, portal: portals[portal].origin, hosts: portals[portal].hosts)
    }
}
