/// `/logout.js` (uservoice): a script that a customer's own sign-out page includes.
///
/// The response's headers sign the browser out; the script has nothing to do, and does nothing.
package enum LogoutScript {
    package static let body = "/* Signed out of the portal. */\n"
}
