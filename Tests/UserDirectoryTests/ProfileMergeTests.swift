import IdentityCore
import Testing
import UserDirectory

@Suite struct ProfileMergeTests {
    @Test func `every field is taken`() throws {
        let full = Self.full
        for child in Mirror(reflecting: full).children {
            #expect(!"\(child.value)".hasPrefix("nil"), "a new field must be added here: \(child.label ?? "")")
        }
        var merge = ProfileMerge(onto: UserProfile(), unverified: [], vouched: true)
        merge.take(full, includingPreferences: true)
        #expect(merge.profile == full && merge.changed && merge.unverified.isEmpty)
    }

    @Test func `every field but the id can be unverified, under its own name`() throws {
        var merge = ProfileMerge(onto: UserProfile(), unverified: [], vouched: false)
        merge.take(Self.full, includingPreferences: true)
        #expect(merge.profile == Self.full)
        #expect(
            merge.unverified == [
                "email", "name", "username", "avatar_url", "locale", "company", "segments", "weight", "status",
                "renewal", "owner", "role", "forums", "preferences", "meta", "extra",
            ])
    }

    @Test(arguments: [true, false])
    func `saying the same, or nothing, changes nothing`(_ vouched: Bool) {
        for said in [Self.full, UserProfile()] {
            var merge = ProfileMerge(onto: Self.full, unverified: vouched ? [] : ["email"], vouched: vouched)
            merge.take(said, includingPreferences: true)
            #expect(!merge.changed && merge.profile == Self.full)
        }
    }

    @Test func `parts of a field are laid over each other where both are vouched for`() {
        var said = UserProfile()
        said.company = .init()
        said.company?.plan = "pro"
        said.renewal = .init()
        said.renewal?.risk = "high"
        said.forums = .init()
        said.forums?.allow = []
        var expected = Self.full
        expected.company?.plan = "pro"
        expected.renewal?.risk = "high"
        expected.forums?.allow = []
        var merge = ProfileMerge(onto: Self.full, unverified: [], vouched: true)
        merge.take(said, includingPreferences: false)
        #expect(merge.profile == expected && merge.changed)
    }

    @Test func `canonically equal texts are different texts`() {
        var merge = ProfileMerge(onto: profile(id: "é"), unverified: [], vouched: true)
        merge.take(profile(id: "e\u{301}"), includingPreferences: false)
        #expect(merge.changed)
    }

    private static var full: UserProfile {
        var full = profile(id: "7", email: "ann@acme.test", name: "Ann")
        full.username = "ann"
        full.avatarURL = "https://acme.test/a.png"
        full.locale = "en"
        full.company = .init()
        full.company?.id = "c"
        full.company?.name = "Acme"
        full.company?.plan = "free"
        full.company?.mrr = "1"
        full.company?.arr = "12"
        full.company?.ltv = "99"
        full.segments = ["a"]
        full.weight = 5
        full.status = "active"
        full.renewal = .init()
        full.renewal?.date = "2030-01-01"
        full.renewal?.risk = "low"
        full.owner = .init()
        full.owner?.id = "o"
        full.owner?.email = "o@acme.test"
        full.role = "member"
        full.forums = .init()
        full.forums?.allow = ["1"]
        full.forums?.deny = ["2"]
        full.preferences = .init()
        full.preferences?.updates = true
        full.preferences?.commentUpdates = false
        full.meta = RawJSON(text: "{}")
        full.extra = RawJSON(text: "{}")
        return full
    }
}
