/// The reference of all keys, as Markdown: `docs/configuration.md` is this text.
package enum ConfigurationReference {
    package static var markdown: String {
        introduction + table(GatewayConfiguration.documentedKeys, withEnvironment: true) + organizations
            + table(OrganizationsFile.documentedKeys, withEnvironment: false)
    }

    private static func table(_ keys: [DocumentedKey], withEnvironment: Bool) -> String {
        keys.map { key in
            var lines = "### `\(key.path)`\n\n\(key.summary)\n\n- Value: \(key.kind)\n"
            lines += key.fallback.map { "- Default: `\($0)`\n" } ?? "- Required\n"
            if withEnvironment, let variable = key.environmentVariable { lines += "- Environment: `\(variable)`\n" }
            return lines
        }.joined(separator: "\n") + "\n"
    }

    private static let introduction = """
        # Configuration

        <!-- Printed by `widget-gateway check-config --print-reference`; a test compares it with this file. -->

        `widget-gateway serve --config gateway.yaml` reads one YAML file. Without `--config` it reads `gateway.yaml` in the
        working directory where there is one, and otherwise starts with the defaults below.

        ```yaml
        listen:
          - address: 0.0.0.0:8443
            tls: { certificate: cert.pem, key: key.pem }   # both absent: a self-signed development certificate
          - { address: 127.0.0.1:8080, cleartext: true }   # h2c with prior knowledge, and HTTP/1.1
        admin: { address: 127.0.0.1:9443 }
        storage: { url: sqlite:data/widget-gateway.db, master_key_file: data/master.key }
        upstreams:
          - { name: widgets, url: http://127.0.0.1:9000 }
        routes:                                            # the longest path wins
          - { path: /assets/, access: public, upstream: widgets }
          - { path: /, access: widget, upstream: widgets }
        ```

        Rules that hold for all keys:

        - An unknown key, a wrong type and a value out of range are errors. `widget-gateway check-config` says all of them
          at once, by line and key: `gateway.yaml:12: limits.streams: must be a whole number from 1 to 65535, not many`.
        - Every key outside a list can also be set by an environment variable, which wins over the file. Lists and maps are
          written as YAML there: `WIDGET_GATEWAY_LISTEN='[{ address: "127.0.0.1:8080", cleartext: true }]'`. An empty
          variable counts as not set; an unknown one that begins with `WIDGET_GATEWAY_` is an error.
        - `WIDGET_GATEWAY_MASTER_KEY` holds the master key itself (64 hexadecimal characters), which no file should.
        - A relative path starts at the folder of the configuration file, also where the path came from the environment.
          Without a file it starts at the working directory.
        - Text that YAML would read as a number or a boolean needs quotes.

        ## Keys of `gateway.yaml`


        """

    private static let organizations = """

        ## Keys of an organizations file

        `widget-gateway organization apply --config gateway.yaml organizations.yaml` writes these to storage. What a file
        leaves out gets its default; applying the same file twice changes nothing. Secrets are added, never taken away:
        `widget-gateway secret revoke` does that.

        ```yaml
        organizations:
          - id: acme
            name: Acme Inc
            hosts: [feedback.acme.test]
            secrets: [{ secret_file: acme.secret }]
            require_identify: enforce
            allowed_origins: [https://app.acme.test]
        ```

        The same keys, but for `id` and the secrets, are what `widget-gateway organization set acme KEY=VALUE` takes.


        """
}
