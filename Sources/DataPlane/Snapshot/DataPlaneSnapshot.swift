import HTTPMessages
package import HTTPUpstream
import IdentityCore
package import MessageAuthentication
import UserDirectory
package import VerificationCache

/// All that requests are decided by, at one moment: never changed, replaced as a whole.
package final class DataPlaneSnapshot: Sendable {
    /// The identities that all workers share.
    package let cache: VerificationCache<AdmittedIdentity>
    package let organizations: [OrganizationSnapshot]
    package let upstreams: [UpstreamSnapshot]
    package let signingKey: ES256SigningKey
    package let options: DataPlaneOptions

    let routes: RouteTable
    /// Whether any organization has closed login pages.
    let closesLogins: Bool
    /// Where the snippets of the organizations' dialects load their script from.
    let vendorScripts: VendorScripts
    /// The origins that any organization has listed.
    let origins: OriginSet
    let jwks: [UInt8]
    /// How much of their rates clients have taken up.
    let rateTable: RateTable
    /// Of requests: for each organization, and for those that nobody asks whose they are.
    let requestLimits: [RateLimit?]
    let requestLimit: RateLimit?
    let limitsRequests: Bool
    /// Of tokens and user hashes that no secret vouches for.
    let badTokenLimit: RateLimit?
    private let byHost: ByteTable
    private let byID: ByteTable

    package init(
        cache: VerificationCache<AdmittedIdentity>, organizations: [OrganizationSnapshot],
        upstreams: [UpstreamSnapshot], routes: [Route],
        signingKey: ES256SigningKey, options: DataPlaneOptions, rates: RateLimits = RateLimits(),
        rateTable: RateTable = RateTable()
    ) {
        self.cache = cache
        self.organizations = organizations
        self.upstreams = upstreams
        self.routes = RouteTable(routes)
        origins = organizations.reduce(into: OriginSet([])) { $0.formUnion($1.origins) }
        vendorScripts = VendorScripts(dialects: Set(organizations.map(\.settings.dialect)))
        closesLogins = organizations.contains { $0.closesLogins }
        self.signingKey = signingKey
        self.options = options
        self.rateTable = rateTable
        requestLimits = organizations.map { rates.organizations[$0.settings.id] ?? rates.requests }
        requestLimit = rates.requests
        limitsRequests = rates.requests != nil || rates.organizations.values.contains { $0 != nil }
        badTokenLimit = rates.badTokens
        jwks = Array("{\"keys\":[\(signingKey.publicJWK)]}".utf8)
        var byHost = ByteTable()
        var byID = ByteTable()
        for (index, organization) in organizations.enumerated() {
            byID.insert(organization.settings.id.utf8, index)
            for host in organization.settings.hosts { byHost.insert(host.utf8, index) }
        }
        self.byHost = byHost
        self.byID = byID
    }

    func organization(id: Bytes) -> Int? { byID[id] }

    /// The organization of a host, as written with its port, else without.
    func organization(host authority: Bytes) -> Int? {
        guard authority.count > 0, authority.count <= 260 else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: authority.count, alignment: 1) { lowered in
            for index in 0..<authority.count { lowered[index] = authority[index].asciiLowercased }
            let whole = Bytes(lowered)
            if let found = byHost[whole] { return found }
            var end = whole.count
            while end > 0, (0x30...0x39).contains(whole[end - 1]) { end -= 1 }
            guard end > 0, end < whole.count, whole[end - 1] == 0x3A else { return nil }
            return byHost[whole.part(0, end - 1)]
        }
    }
}

package final class UpstreamSnapshot: Sendable {
    package let target: UpstreamTarget
    /// What it is called in `Host` where the client named none.
    package let authority: String
    /// Whether the whole profile is sent along.
    package let wantsProfile: Bool
    /// Whether an assertion is sent along.
    package let wantsAssertion: Bool
    /// Its place among the labels of metrics.
    package let label: Int

    package init(
        target: UpstreamTarget, authority: String, wantsProfile: Bool, wantsAssertion: Bool,
        label: Int = MetricLabels.other
    ) {
        self.target = target
        self.authority = authority
        self.wantsProfile = wantsProfile
        self.wantsAssertion = wantsAssertion
        self.label = label
    }
}

package struct DataPlaneOptions: Sendable {
    /// Whether an address is one whose `X-Forwarded-…`, `Forwarded` and trace headers are believed.
    package var isTrustedProxy: (@Sendable ([UInt8]) -> Bool)?
    package var logsAccess = true
    package var logsJSON = false
    /// Under way at once on a worker; further ones are refused.
    package var requestsInFlight = Int.max
    /// How long a request may have waited in this turn of the loop.
    package var lagMilliseconds: UInt64 = 1 << 32

    package init() {}
}
