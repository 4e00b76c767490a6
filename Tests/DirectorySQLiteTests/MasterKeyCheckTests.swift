import Foundation
import GRDB
import Testing
import UserDirectory

@testable import DirectorySQLite

@Suite struct MasterKeyCheckTests {
    @Test func `another master key is refused once something is encrypted`() async throws {
        let place = try Folder()
        try await place.store().put(OrganizationSettings(id: "acme"))
        #expect(try !SQLiteStore.holdsSecrets(path: place.path("store.db")))
        let other = MasterKey.random()
        // Nothing is encrypted yet: the last key counts.
        let store = try SQLiteStore(path: place.path("store.db"), masterKey: other)
        try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        #expect(try SQLiteStore.holdsSecrets(path: place.path("store.db")))
        #expect(throws: StoreError.masterKeyWrong) { try place.store() }
        #expect(throws: Never.self) { try SQLiteStore(path: place.path("store.db"), masterKey: other) }
    }

    @Test func `a signing key counts as encrypted, and a missing file as nothing`() async throws {
        let place = try Folder()
        #expect(try !SQLiteStore.holdsSecrets(path: place.path("store.db")))
        _ = try await place.store().assertionSigningKey()
        #expect(try SQLiteStore.holdsSecrets(path: place.path("store.db")))
        #expect(throws: StoreError.masterKeyWrong) {
            try SQLiteStore(path: place.path("store.db"), masterKey: .random())
        }
    }

    @Test func `no file holds a secret, a signing key or the master key in the clear`() async throws {
        let place = try Folder()
        let store = try place.store()
        try await store.put(OrganizationSettings(id: "acme"))
        let text = SecretPolicy.generate()
        try await store.addSecret(text, purpose: .api, to: "acme")
        let pem = try await store.assertionSigningKey().pem
        let inner = pem.split(separator: "\n")[1]
        try await store.pool.writeWithoutTransaction { _ = try $0.checkpoint(.full) }
        for name in try FileManager.default.contentsOfDirectory(atPath: place.path("")) {
            let bytes = try Data(contentsOf: URL(filePath: place.path(name)))
            #expect(bytes.range(of: Data("acme".utf8)) != nil || name.hasSuffix("-shm"), "\(name) is what is meant")
            for secret in [text, String(text.dropLast(4)), pem, String(inner)] {
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name)")
            }
            #expect(bytes.range(of: Data(place.masterKey.bytes)) == nil, "\(name)")
        }
    }

    @Test func `a sealed secret that was moved to another row doesn't open`() async throws {
        let place = try Folder()
        let store = try place.store()
        try await store.put(OrganizationSettings(id: "acme"))
        try await store.put(OrganizationSettings(id: "evil"))
        try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        try await store.pool.write { try $0.execute(sql: "UPDATE secrets SET organization = 'evil'") }
        await #expect(throws: StoreError.masterKeyWrong) { try await store.loadAll() }
    }
}
