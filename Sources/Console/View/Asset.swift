import ControlPlane
import MessageAuthentication

/// A file of the console: style sheet, script, icon. Its address changes with its content.
struct Asset: Sendable {
    static let root = Console.root + "/assets/"

    static let style = Asset("console", "css", "text/css; charset=utf-8", PackageResources.console_css)
    static let script = Asset("console", "js", "text/javascript; charset=utf-8", PackageResources.console_js)
    static let icon = Asset("icon", "svg", "image/svg+xml", PackageResources.icon_svg)

    let address: String
    private let type: String
    private let bytes: [UInt8]

    private init(_ name: String, _ ending: String, _ type: String, _ bytes: [UInt8]) {
        address = "\(Self.root)\(name)-\(Hexadecimal.text(SHA256Digest.of(bytes).prefix(8))).\(ending)"
        self.type = type
        self.bytes = bytes
    }

    /// Open to all: nothing of an instance is in them.
    static func response(to request: AdminRequest) -> AdminResponse {
        guard request.method == "GET" || request.method == "HEAD",
            let asset = [style, script, icon].first(where: { $0.address == request.path })
        else { return AdminProblem(.notFound, "there is nothing at this address").response }
        var response = AdminResponse(200, type: asset.type, body: .whole(asset.bytes))
        response.fields.removeAll { "\($0.name)" == "cache-control" }
        return response.with("cache-control", "public, max-age=31536000, immutable")
    }
}
