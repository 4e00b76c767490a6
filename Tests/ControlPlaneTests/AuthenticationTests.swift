import ControlPlane
import GatewayConfiguration
import Testing
import UserDirectory

@Suite struct AuthenticationTests {
    @Test func `without a good token nothing is told but that one is needed`() async throws {
        let instance = try Instance()
        for target in ["/self", "/organizations", "/nothing", "/organizations/acme/secrets?x=%zz"] {
            let answer = await instance.send("GET", target)
            #expect(answer.status == 401 && answer.code == "admin_token_missing")
            #expect(answer.field("www-authenticate") == "Bearer")
        }
        let guess = AdminTokenText.generate()
        for token in [guess, "wga_short", "", String(guess.dropLast()) + "!", "x\(guess)"] {
            let answer = await instance.send("GET", "/self", token: token)
            #expect(answer.status == 401 && answer.code == "admin_token_invalid")
        }
    }

    @Test func `a token is refused from the very moment of its revocation, or its end`() async throws {
        let instance = try Instance()
        let token = try await instance.token(expiresAt: instance.now + 60)
        #expect(await instance.send("GET", "/self", token: token).status == 200)
        instance.pass(59)
        #expect(await instance.send("GET", "/self", token: token).status == 200)
        instance.pass(1)
        #expect(await instance.send("GET", "/self", token: token).code == "admin_token_invalid")
        let other = try await instance.token()
        let id = try #require(try await instance.store.adminTokens(of: nil).last { $0.expiresAt == nil }?.id)
        #expect(await instance.send("DELETE", "/admin-tokens/\(id)", token: other).status == 204)
        #expect(await instance.send("GET", "/self", token: other).code == "admin_token_invalid")
    }

    @Test func `failures are bounded by address, and lock out nobody who has a good token`() async throws {
        let instance = try Instance()
        let token = try await instance.token()
        for _ in 0..<FailureThrottle.failuresAllowed {
            #expect(await instance.send("GET", "/self", token: "wga_x").status == 401)
        }
        let answer = await instance.send("GET", "/self", token: "wga_x")
        #expect(answer.status == 429 && answer.code == "rate_limited" && answer.field("retry-after") == "60")
        #expect(await instance.send("GET", "/self", token: "wga_x", address: "192.0.2.2").status == 401)
        #expect(await instance.send("GET", "/self", token: token).status == 200)
        instance.pass(FailureThrottle.period)
        #expect(await instance.send("GET", "/self", token: "wga_x").status == 401)
    }

    @Test func `the first start's token ends with the first other that reaches everything`() async throws {
        let instance = try Instance()
        let first = try #require(try await instance.administration.adminTokens.makeInitial())
        #expect(try await instance.administration.adminTokens.makeInitial() == nil)
        for scope in [AdminScope(isReadOnly: true)] {
            _ = try await instance.token(scope)
            #expect(await instance.send("GET", "/self", token: first).status == 200)
        }
        let made = await instance.send("POST", "/admin-tokens", token: first, body: ["name": "mine"])
        #expect(made.status == 201)
        #expect(await instance.send("GET", "/self", token: first).status == 401)
        #expect(try await instance.administration.adminTokens.makeInitial() == nil)
    }
}
