import HTTPMessages
import IdentityCore
import Testing
import UserDirectory

@testable import DataPlane

@Suite("Admitted identity") struct AdmittedIdentityTests {
    static func profile(_ change: (inout UserProfile) -> Void = { _ in }) -> UserProfile {
        var profile = UserProfile()
        profile.externalID = "184467"
        profile.email = "ada@example.com"
        profile.name = "Ada"
        change(&profile)
        return profile
    }

    static func identity(
        _ profile: UserProfile, organization: String = "acme", userID: String = "usr_0123456789ABCDEFGHJKMNPQRS",
        rare: RareIdentityFacts? = nil
    ) -> AdmittedIdentity {
        AdmittedIdentity(
            organizationID: organization, userID: userID, profile: profile, method: .token, expiresAt: 2000, rare: rare)
    }

    @Test("What is lent is what was written")
    func texts() {
        let identity = Self.identity(Self.profile())
        #expect(
            identity.withHeaders { $0.string }
                == "x-widget-state: identified\r\nx-widget-organization: acme\r\n"
                + "x-widget-user: usr_0123456789ABCDEFGHJKMNPQRS\r\nx-widget-user-id: 184467\r\n"
                + "x-widget-user-email: ada@example.com\r\nx-widget-user-name: Ada\r\nx-widget-verified-by: token\r\n")
        #expect(
            identity.withState { $0.string }
                == #"{"state":"identified","organization":"acme","user":{"id":"usr_0123456789ABCDEFGHJKMNPQRS","#
                + #""external_id":"184467","email":"ada@example.com","name":"Ada"},"verified_by":"token"}"#)
        #expect(
            String(decoding: identity.profile, as: UTF8.self)
                == #"{"external_id":"184467","email":"ada@example.com","name":"Ada"}"#)
        #expect(identity.userID == "usr_0123456789ABCDEFGHJKMNPQRS")
        #expect(identity.organizationID == "acme")
        #expect(identity.expiresAt == 2000)
        #expect(identity.wouldReject.isEmpty && identity.rare == nil)
    }

    /// The profile is put together from parts of other texts: each way in which they can differ.
    @Test(
        "A profile comes out as it went in",
        arguments: [
            profile(),
            UserProfile(),
            profile { $0.externalID = nil },
            profile { $0.email = nil },
            profile { $0.username = "ada" },
            profile { $0.avatarURL = "https://cdn.example.com/a.png" },
            profile {
                $0.name = "Ada \"the\" \\ Countess\n{},\u{7F}é"
                $0.locale = "en"
            },
            profile { $0.externalID = #"a,"user":{"id":"b","# },
            profile { $0.extra = RawJSON(text: #"{"plan":"gold"}"#) },
        ])
    func profiles(profile: UserProfile) {
        for userID in ["usr_1", "a,b", "", #"x","user":{"id":"y"#] {
            let identity = Self.identity(profile, userID: userID)
            #expect(identity.profile == ProfileDocument.json(profile))
            #expect(identity.userID == userID)
            #expect(identity.organizationID == "acme")
            let state = StateDocument.identified(
                organization: "acme", userID: userID, profile: profile, method: .token)
            #expect(identity.withState { Array($0) } == state)
        }
    }

    @Test("Ids that can't stand in a header are kept all the same")
    func unfit() {
        let identity = Self.identity(Self.profile(), organization: "a\nb", userID: "c\u{0}d")
        #expect(identity.organizationID == "a\nb")
        #expect(identity.userID == "c\u{0}d")
    }

    @Test("What is rare is kept, and counted")
    func rare() {
        let plain = Self.identity(Self.profile())
        let rare = Self.identity(
            Self.profile(),
            rare: RareIdentityFacts(
                wouldReject: [.userHashMissing], user: DirectoryUser(id: "usr_1", profile: Self.profile(), createdAt: 0)
            ))
        #expect(rare.wouldReject == [.userHashMissing])
        #expect(rare.byteCount > plain.byteCount)
    }

    @Test("Beyond its headers, a usual identity takes at most 384 bytes")
    func size() {
        let identity = Self.identity(
            Self.profile {
                $0.externalID = "0000001"
                $0.email = "user-0000001@load.test"
                $0.name = "User 0000001"
            })
        #expect(identity.byteCount - identity.withHeaders { $0.count } <= 384)
    }
}
