import GatewayConfiguration

/// The configuration as the documentation prints it, comments and all.
let sampleConfiguration = """
    listen:
      - address: 0.0.0.0:8443
        tls: { certificate: cert.pem, key: key.pem }   # both absent: a self-signed development certificate, with a warning
      - { address: 127.0.0.1:8080, cleartext: true }   # h2c with prior knowledge, and HTTP/1.1
    admin: { address: 127.0.0.1:9443 }                 # cleartext on loopback; TLS, like a listener, anywhere else
    storage: { url: sqlite:data/widget-gateway.db, master_key_file: data/master.key }
    upstreams:
      - { name: widgets, url: http://127.0.0.1:9000 }  # http, https, h2c
    routes:                                            # the longest path wins
      - { path: /assets/, access: public, upstream: widgets }
      - { path: /, access: widget, upstream: widgets }
    workers: 0                                         # 0: one per core
    cache: { megabytes: 64 }                           # 0: off
    trusted_proxies: []
    limits: {}                                         # section 17
    log: { level: info, format: text, access: true }
    """

/// The organizations file as the documentation prints it, with a secret of full length.
let sampleOrganizations = """
    organizations:
      - id: acme
        name: Acme Inc
        dialect: productbridge
        hosts: [feedback.acme.test]
        secrets: [{ secret: "\(sampleSecret)" }]
        require_identify: enforce                      # off, report, enforce
        require_user_hash: "off"
        identify_mode: upsert                          # upsert, update_only
        allowed_origins: [https://app.acme.test]
        sso: { enabled: true, login_url: https://app.acme.test/login, logout_url: null, require: false, button_label: Continue with SSO }
    """

let sampleSecret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/// Parses as `gateway.yaml` in the folder `/etc/gateway`, where every file can be read.
func configuration(
    _ text: String?, environment: [String: String] = [:]
) throws(ConfigurationErrors) -> GatewayConfiguration {
    try LoadedConfiguration.parse(
        text, name: "gateway.yaml", environment: environment, files: everyFileReadable
    ).configuration
}

let everyFileReadable = ConfigurationFiles(folder: "/etc/gateway", isReadable: { _ in true })

/// What is said against `text`, line by line; empty where it is accepted.
func refusal(of text: String?, environment: [String: String] = [:]) -> [String] {
    do throws(ConfigurationErrors) {
        _ = try configuration(text, environment: environment)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

func refusalOfOrganizations(_ text: String, allowWeak: Bool = false) -> [String] {
    do throws(ConfigurationErrors) {
        _ = try OrganizationsFile.parse(
            text, name: "organizations.yaml", allowWeak: allowWeak, files: everyFileReadable)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}
