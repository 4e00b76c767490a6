import IdentityCore
package import PortalSSO
package import UserDirectory

/// How portal visitors sign in, and whether it was tested.
package struct SignInService: Sendable {
    let base: Administration

    package func report(on organization: String, by who: Administrator) async throws -> SignInReport {
        try await report(on: try await base.organizations.settings(of: organization, by: who), by: who)
    }

    /// How sign-in would stand with `settings`, which may not have been stored: with the keys and tests that are.
    package func report(on settings: OrganizationSettings, by who: Administrator) async throws -> SignInReport {
        let organization = settings.id
        try who.see(organization)
        let now = base.now()
        let keys = try await base.store.secrets(of: organization).filter { $0.purpose == .api && $0.isActive(at: now) }
        var report = SignInReport(
            settings, tests: try await base.store.signInTests(of: organization), keyIDs: keys.map(\.id))
        report.cleartextPorts = base.cleartextPorts
        return report
    }
}

/// An organization's sign-in as it is set, and how tests of it went.
package struct SignInReport: Sendable {
    package let settings: OrganizationSettings
    package let tests: SignInTests
    package let readiness: SignInReadiness
    /// `Administration.cleartextPorts`.
    package var cleartextPorts: Set<UInt16> = []

    /// - Parameter keyIDs: the ids of the active API secrets.
    package init(_ settings: OrganizationSettings, tests: SignInTests, keyIDs: [String]) {
        self.settings = settings
        self.tests = tests
        readiness = SignInReadiness(tests, fingerprint: SignInFingerprint.of(settings: settings, keyIDs: keyIDs))
    }

    init(_ settings: OrganizationSettings, _ transaction: any AdminTransaction) throws {
        let keys = try transaction.secrets(of: settings.id).filter {
            $0.purpose == .api && $0.isActive(at: transaction.moment)
        }
        self.init(settings, tests: try transaction.signInTests(of: settings.id), keyIDs: keys.map(\.id))
    }

    /// Why sign-in can't be enabled.
    static func untested(_ readiness: SignInReadiness) -> AdminProblem {
        let reason =
            switch readiness {
            case .tested, .untested: "sign-in has not been tested yet"
            case .stale: "the login page, the dialect or the keys have changed since sign-in was tested"
            case .failed(let code, _): "the last test of sign-in failed (\(code.rawValue))"
            }
        return AdminProblem(.ssoUntested, "sso.enabled needs a test that went well: \(reason)")
    }

    /// The addresses of the portal that its organization has to know, for each host.
    package var addresses: [Addresses] {
        settings.hosts.map { host in
            let isCleartext =
                LoopbackHost.isOne(authority: host)
                && host.split(separator: ":").last.flatMap { UInt16($0) }.map(cleartextPorts.contains) ?? false
            let origin = PortalOrigin(scheme: isCleartext ? "http" : "https", authority: host).text
            return Addresses(
                host: host, portal: origin + "/",
                callback: SignInConvention(settings.dialect).callbackPath.map { origin + $0 },
                test: origin + "/_widget/sso/start?test=true")
        }
    }

    package struct Addresses: Sendable, Equatable {
        package var host: String
        package var portal: String
        /// Nil: any page of the portal, with `?sso=TOKEN`.
        package var callback: String?
        package var test: String
    }
}
