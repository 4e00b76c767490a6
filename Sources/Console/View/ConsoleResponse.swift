import ControlPlane

extension AdminResponse {
    /// A page that runs no script and takes no style but the console's own files, stands in no frame, and sends nothing
    /// elsewhere.
    static func html(_ bytes: [UInt8], status: Int = 200) -> AdminResponse {
        AdminResponse(status, type: "text/html; charset=utf-8", body: .whole(bytes))
            .with(
                "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                    + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
            )
            .with("x-frame-options", "DENY")
            // Not `no-referrer`: forms would come with `Origin: null`.
            .with("referrer-policy", "same-origin")
            .with("cross-origin-opener-policy", "same-origin")
            .with("cross-origin-resource-policy", "same-origin")
            .with("permissions-policy", "camera=(), geolocation=(), microphone=()")
    }

    /// What a browser saves, rather than shows.
    ///
    /// - Parameter name: of the file; all but ASCII letters, digits, `.`, `-` and `_` becomes `_`.
    static func download(_ body: Body, type: String, name: String) -> AdminResponse {
        let plain = name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" }
        return AdminResponse(200, type: type, body: body)
            .with("content-disposition", "attachment; filename=\"\(String(plain))\"")
            .with("content-security-policy", "default-src 'none'; sandbox")
            .with("cross-origin-resource-policy", "same-origin")
    }

    /// 303: a browser asks for `address` by GET.
    static func seeOther(_ address: String) -> AdminResponse { AdminResponse(303).with("location", address) }
}
