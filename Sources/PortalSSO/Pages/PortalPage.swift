/// The frame of the gateway's own pages: one card, light and dark, no script. What comes from elsewhere is escaped by
/// whoever puts it in.
package enum PortalPage {
    /// The `Content-Security-Policy` that a page is sent with.
    ///
    /// - Parameters:
    ///   - nonce: the one that the page was made with; letters, digits, `-`, `_`.
    ///   - framing: the directive `frame-ancestors`, with who may show the page in a frame.
    ///   - returnTo: `ReturnAddress.location` of where a form of the page leads on to: browsers hold redirects against
    ///     the policy too.
    package static func contentSecurityPolicy(nonce: String, framing: String, returnTo: String = "/") -> String {
        let target = WebOrigin.Prefix(Array(returnTo.utf8)).map { " " + $0.origin.text } ?? ""
        return "default-src 'none'; style-src 'nonce-\(nonce)'; form-action 'self'\(target); base-uri 'none'; "
            + framing
    }

    /// - Parameters:
    ///   - title: HTML.
    ///   - head: HTML.
    ///   - content: HTML.
    static func html(title: String, nonce: String, head: String = "", content: String) -> [UInt8] {
        Array(
            """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">\(head)
            <title>\(title)</title>
            <style nonce="\(nonce.escapedForHTML)">
            \(style)
            </style>
            </head>
            <body>
            <main>
            \(content)
            </main>
            </body>
            </html>

            """.utf8)
    }

    private static let style = """
        :root { color-scheme: light dark; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; box-sizing: border-box;
          font: 1rem/1.6 system-ui, sans-serif; background: light-dark(#f6f7f9, #14161a); color: light-dark(#1c1e22, #e8eaee); }
        main { width: 100%; max-width: 27rem; padding: 2.25rem 2.5rem; box-sizing: border-box; border-radius: 14px;
          background: light-dark(#fff, #1d2026); border: 1px solid light-dark(#e3e5ea, #2c3038); overflow-wrap: anywhere; }
        h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .6rem; }
        p { margin: 0 0 1rem; }
        strong { font-weight: 600; }
        .actions { display: grid; gap: .6rem; margin: 1.5rem 0 0; }
        .button { display: block; width: 100%; box-sizing: border-box; padding: .7rem 1rem; border-radius: 9px;
          border: 1px solid transparent; font: inherit; font-weight: 600; line-height: 1.4; text-align: center;
          text-decoration: none; cursor: pointer; background: #2456d6; color: #fff; }
        .button:hover { background: #1d47b5; }
        .button.quiet { background: none; border-color: light-dark(#c9cdd6, #454b57); color: inherit; }
        .button.quiet:hover { background: light-dark(#f1f3f6, #262a32); }
        .button:focus-visible { outline: 3px solid light-dark(#7da2ff, #8fb0ff); outline-offset: 2px; }
        .badge { display: inline-block; margin: 0 0 1rem; padding: .2rem .7rem; border-radius: 99px; font-size: .85rem;
          font-weight: 600; }
        .passed { background: light-dark(#dcf5e4, #143b24); color: light-dark(#12652f, #8fe3ac); }
        .failed { background: light-dark(#fde5e3, #471d1a); color: light-dark(#9c1f16, #ffb3ab); }
        .note { padding: .6rem .9rem; border-radius: 9px; background: light-dark(#eef2fb, #232a3a); }
        main > :last-child { margin-bottom: 0; }
        @media (max-width: 30rem) { main { padding: 1.75rem 1.5rem; } }
        .code { margin: 0; font: .85rem/1.4 ui-monospace, monospace; color: light-dark(#5a606b, #9aa1ad); }
        """
}
