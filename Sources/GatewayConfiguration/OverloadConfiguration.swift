/// From when on requests are refused at once, by `overloaded`, so that those that are taken are answered in time.
package struct OverloadConfiguration: Sendable, Equatable {
    /// Under way at once, on all workers together.
    package var requestsInFlight = 16_384
    /// How long a request may have waited for its worker; nil: as long as it takes.
    package var lagSeconds: Double? = 1

    package init() {}
}

extension OverloadConfiguration {
    static func read(_ reader: inout MapReader) -> OverloadConfiguration {
        var result = OverloadConfiguration()
        result.requestsInFlight = reader.value(
            "requests_in_flight", .integer(1...10_000_000), default: result.requestsInFlight,
            "Requests under way at once, each worker its share; further ones get 503 at once.")
        let lag = reader.value(
            "lag_seconds", .seconds(0...60), default: result.lagSeconds ?? 0,
            "Requests that have waited longer for their worker, since it is busy with others, get 503. 0: never.")
        result.lagSeconds = lag == 0 ? nil : lag
        return result
    }
}
