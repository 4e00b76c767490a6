import GatewayConfiguration

/// JSON with a member on each line, for people.
enum PrettyJSON {
    /// The text as it is where it isn't JSON.
    static func text(_ json: String) -> String {
        do throws(JSONSyntaxError) {
            return text(try JSONParser.parse(Array(json.utf8)), indent: "")
        } catch {
            return json
        }
    }

    static func text(_ value: JSONValue, indent: String = "") -> String {
        let inner = indent + "  "
        switch value {
        case .object(let members) where !members.isEmpty:
            let lines = members.map { inner + JSONValue.string($0.key).json + ": " + text($0.value, indent: inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + indent + "}"
        case .array(let elements) where !elements.isEmpty:
            return "[\n" + elements.map { inner + text($0, indent: inner) }.joined(separator: ",\n") + "\n" + indent
                + "]"
        default: return value.json
        }
    }
}
