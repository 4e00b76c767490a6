import HTTPMessages
import IdentityCore

/// The one place that turns a rejection into a response: problem JSON (RFC 9457) for programs, a page for people.
enum ProblemResponse {
    /// Fills the response of `exchange`, body and all.
    ///
    /// - Parameters:
    ///   - state: the access state, where one applies.
    ///   - status: where it isn't the code's own.
    ///   - retryAfterSeconds: for the codes that pass with time.
    static func fill(
        _ exchange: Exchange, _ rejection: Rejection, state: String?, status: Int? = nil, requestID: Bytes,
        retryAfterSeconds: Int = 1
    ) {
        let code = rejection.code
        exchange.response.status = status ?? code.status
        let asPage = prefersPage(exchange.request)
        exchange.response.fields.append(
            "content-type", asPage ? "text/html; charset=utf-8" : "application/problem+json")
        exchange.response.fields.append("cache-control", "no-store")
        if asPage {
            exchange.response.fields.append("vary", "accept, sec-fetch-mode")
            exchange.response.fields.append(
                "content-security-policy",
                "default-src 'none'; style-src 'nonce-\(requestID.string)'; frame-ancestors 'self'; base-uri 'none'")
            exchange.response.fields.append("referrer-policy", "no-referrer")
        }
        if code.status == 401 {
            exchange.response.fields.append(
                "www-authenticate", "Bearer error=\"invalid_token\", error_description=\"\(code.rawValue)\"")
        }
        if code.status == 503 || code.status == 429 {
            exchange.response.fields.append("retry-after", String(retryAfterSeconds))
        }
        let body =
            asPage
            ? ProblemPage.html(rejection, status: exchange.response.status, nonce: requestID.string)
            : document(rejection, state: state, status: exchange.response.status, requestID)
        exchange.responseBody.append(body)
        exchange.responseEnded = true
        exchange.response.contentLength = body.count
    }

    private static func document(
        _ rejection: Rejection, state: String?, status: Int, _ requestID: Bytes
    ) -> [UInt8] {
        var json = JSONText()
        json.object {
            $0.member("type", "urn:widget-gateway:problem:\(rejection.code.rawValue)")
            $0.member("title", ProblemText.title(rejection.code))
            $0.member("status", status)
            $0.member("detail", ProblemText.detail(rejection))
            $0.member("code", rejection.code.rawValue)
            $0.member("claim", rejection.claim?.description)
            $0.member("state", state)
            $0.member("request_id", requestID.string)
        }
        return json.bytes
    }

    /// Whether a browser is navigating: then a person reads the answer.
    static func prefersPage(_ request: borrowing RequestHead) -> Bool {
        guard request.method == .get || request.method == .head || request.method == .post else { return false }
        if let mode = request.fields.first(.secFetchMode) { return mode.equalsIgnoringCase("navigate") }
        guard let accept = request.fields.first(.accept) else { return false }
        return accept.hasPrefixIgnoringCase("text/html")
    }
}
