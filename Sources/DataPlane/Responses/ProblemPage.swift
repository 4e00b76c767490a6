import IdentityCore

/// The page that a person sees instead of problem JSON. Nothing in it comes from the request.
enum ProblemPage {
    static func html(_ rejection: Rejection, status: Int, nonce: String) -> [UInt8] {
        let title = ProblemText.title(rejection.code)
        return Array(
            """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title)</title>
            <style nonce="\(nonce)">
            :root { color-scheme: light dark; }
            body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; box-sizing: border-box;
              font: 1rem/1.6 system-ui, sans-serif; background: light-dark(#f6f7f9, #14161a); color: light-dark(#1c1e22, #e8eaee); }
            main { max-width: 32rem; padding: 2.25rem 2.5rem; border-radius: 14px; background: light-dark(#fff, #1d2026);
              border: 1px solid light-dark(#e3e5ea, #2c3038); }
            h1 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .6rem; }
            p { margin: 0 0 1rem; }
            .code { margin: 0; font: .85rem/1.4 ui-monospace, monospace; color: light-dark(#5a606b, #9aa1ad); }
            </style>
            </head>
            <body>
            <main>
            <h1>\(title)</h1>
            <p>\(ProblemText.detail(rejection))</p>
            <p class="code">\(status) · \(rejection.code.rawValue)</p>
            </main>
            </body>
            </html>

            """.utf8)
    }
}
