import DataPlane
import EventLoop
import HTTPServer
import IdentityCore
import UserDirectory
import VerificationCache

/// The families of `/metrics`. Each is listed in `docs/metrics.md`, and a test holds one against the other.
extension GatewayFigures {
    var text: String {
        var text = MetricsText()
        writeRequests(to: &text)
        writeTokens(to: &text)
        writeDirectory(to: &text)
        writeUpstreams(to: &text)
        writeStandings(to: &text)
        writeConnections(to: &text)
        writeTelemetry(to: &text)
        writeOperation(to: &text)
        ProcessFigures().write(to: &text)
        return text.text
    }

    private func writeRequests(to text: inout MetricsText) {
        let total = "widget_requests_total"
        text.family(total, .counter, "Requests that have ended, by route, access state and outcome.")
        for (label, route) in routes.enumerated() {
            for state in AccessState.allCases {
                for outcome in RequestOutcome.allCases {
                    let count = requests[MetricsLayout.route(label) + MetricsLayout.outcome(state, outcome)]
                    guard count > 0 else { continue }
                    text.sample(
                        total, ["route": route, "state": "\(state.label)", "outcome": "\(outcome.label)"], count)
                }
            }
        }
        let duration = "widget_request_duration_seconds"
        text.family(duration, .histogram, "From a request's head to the end of its response, by route.")
        for (label, route) in routes.enumerated() {
            text.histogram(
                duration, ("route", route), requests, at: MetricsLayout.route(label) + MetricsLayout.outcomesOfRoute)
        }
        text.family("widget_responses_total", .counter, "Responses, by the class of their status.")
        for digit in 1...5 {
            text.sample(
                "widget_responses_total", ["class": "\(digit)xx"], requests[MetricsLayout.statusClass + digit])
        }
        text.counter(
            "widget_request_body_bytes_total", "Bytes of request bodies that were received.",
            requests[MetricsLayout.requestBytes])
        text.counter(
            "widget_response_body_bytes_total", "Bytes of response bodies that were sent.",
            requests[MetricsLayout.responseBytes])
        text.gauge("widget_requests_in_flight", "Requests under way: open streams.", exchanges)
        text.gauge("widget_websockets", "Open WebSockets.", Int(counters.webSocketsOpen))
        text.counter("widget_websockets_total", "WebSockets that were opened.", counters.webSockets)
        text.counter(
            "widget_streams_ended_total", "Requests under way that were ended with their identity.",
            counters.streamsEnded)
        text.family("widget_rejections_total", .counter, "Requests refused, by code.")
        write("widget_rejections_total", counters.rejections, to: &text)
        text.family(
            "widget_would_reject_total", .counter, "Requests that rules in report would have refused, by code.")
        write("widget_would_reject_total", counters.wouldReject, to: &text)
    }

    private func write(_ name: String, _ byCode: [UInt64], to text: inout MetricsText) {
        for (code, count) in zip(RejectionCode.allCases, byCode) {
            text.sample(name, ["code": code.rawValue], count)
        }
    }

    private func writeTokens(to text: inout MetricsText) {
        let verifications = "widget_verifications_total"
        text.family(
            verifications, .counter, "Verifications of tokens and plain identities, by result: accepted, or the code.")
        text.sample(verifications, ["result": "accepted"], counters.verified)
        for (code, count) in zip(RejectionCode.allCases, counters.rejections) where code.isVerdict {
            text.sample(verifications, ["result": code.rawValue], count)
        }
        let lookups = "widget_cache_lookups_total"
        text.family(lookups, .counter, "Looks for a token or session among the admitted identities, by result.")
        text.sample(lookups, ["result": "hit"], counters.cacheHits)
        text.sample(lookups, ["result": "miss"], counters.cacheMisses)
        text.counter("widget_cache_insertions_total", "Identities that were remembered.", cacheCounts.insertions)
        text.counter("widget_cache_evictions_total", "Identities that were taken out again.", cacheCounts.evictions)
        text.counter("widget_cache_refusals_total", "Identities that there was no room for.", cacheCounts.refusals)
        text.gauge("widget_cache_entries", "Identities that are remembered.", cache?.entries ?? 0)
        text.gauge("widget_cache_bytes", "What they take.", cache?.bytes ?? 0)
        text.gauge("widget_cache_limit_bytes", "What they may take at most.", cache?.byteLimit ?? 0)
    }

    private func writeDirectory(to text: inout MetricsText) {
        text.counter("widget_admissions_total", "Users that the directory was asked about.", counters.admissions)
        text.family(
            "widget_admission_duration_seconds", .histogram, "From asking the directory to its answer on the worker.")
        text.histogram("widget_admission_duration_seconds", nil, requests, at: MetricsLayout.admission)
        text.gauge("widget_admissions_queued", "Users that wait for the directory.", admissionsQueued)
        text.counter("widget_users_created_total", "Users that were new to the directory.", counters.usersCreated)
        text.counter("widget_sign_ins_total", "Sessions begun on the portal.", counters.signIns)
        text.gauge(
            "widget_storage_up", "Whether the storage could be read when it was last asked.", storageIsUp ? 1 : 0)
        text.gauge(
            "widget_storage_listening", "Whether the storage announces its changes to this gateway.",
            storageIsListening ? 1 : 0)
        text.gauge(
            "widget_storage_outdated", "Whether this release is too old for what a newer one has made of the storage.",
            storageIsOutdated ? 1 : 0)
        text.gauge("widget_gateways", "Gateways that share the storage, this one included.", gateways)
    }

    private func writeUpstreams(to text: inout MetricsText) {
        let duration = "widget_upstream_duration_seconds"
        text.family(duration, .histogram, "From a request's way out to the head of the upstream's response.")
        for (label, upstream) in upstreams.enumerated() where label != MetricLabels.other {
            text.histogram(
                duration, ("upstream", upstream), requests,
                at: MetricsLayout.upstream(label) + MetricsLayout.faultCount)
        }
        let failures = "widget_upstream_failures_total"
        text.family(failures, .counter, "Requests without a whole response from their upstream, by reason.")
        for (label, upstream) in upstreams.enumerated() where label != MetricLabels.other {
            for fault in UpstreamFault.allCases {
                text.sample(
                    failures, ["upstream": upstream, "reason": "\(fault.label)"],
                    requests[MetricsLayout.upstream(label) + fault.rawValue])
            }
        }
    }

    private func writeConnections(to text: inout MetricsText) {
        text.gauge("widget_connections", "Open client connections.", connections)
        text.counter("widget_connections_accepted_total", "Client connections that were accepted.", server.accepted)
        text.counter(
            "widget_connections_refused_total", "Client connections that were closed as there were too many.",
            server.refused)
        text.counter(
            "widget_connections_refused_of_clients_total",
            "Client connections that were closed as their client had too many.", server.refusedOfClients)
        let relief = "widget_memory_relief_total"
        text.family(relief, .counter, "What was refused or ended while memory was exhausted, beside requests.")
        text.sample(relief, ["action": "connection_refused"], server.refusedForMemory)
        text.sample(relief, ["action": "connection_ended"], server.endedForMemory)
        text.family("widget_connections_opened_total", .counter, "Connections that got as far as HTTP, by version.")
        text.sample("widget_connections_opened_total", ["protocol": "h2"], server.http2)
        text.sample("widget_connections_opened_total", ["protocol": "http/1.1"], server.http1)
        let handshakes = "widget_tls_handshakes_total"
        text.family(handshakes, .counter, "TLS handshakes, by result.")
        text.sample(handshakes, ["result": "full"], server.handshakes - server.handshakesResumed)
        text.sample(handshakes, ["result": "resumed"], server.handshakesResumed)
        text.sample(handshakes, ["result": "failed"], server.handshakesFailed)
        let expiry = "widget_certificate_expiry_timestamp_seconds"
        text.family(expiry, .gauge, "When the certificate of a listener runs out, in seconds since 1970.")
        for certificate in certificates {
            text.sample(expiry, ["listener": certificate.listener], UInt64(max(0, certificate.expiry)))
        }
        text.family(
            "widget_event_loop_lag_seconds", .histogram,
            "How late a worker's timer was, four times a second and worker.")
        text.histogram("widget_event_loop_lag_seconds", nil, requests, at: MetricsLayout.loopLag)
        text.gauge("widget_workers", "Worker threads.", workers)
    }

    private func writeTelemetry(to text: inout MetricsText) {
        text.family("widget_alerts_total", .counter, "Impersonation alerts raised, by kind.")
        for kind in AlertKind.allCases {
            text.sample("widget_alerts_total", ["kind": kind.rawValue], telemetry.alerts[kind] ?? 0)
        }
        text.counter(
            "widget_token_log_tokens_total", "Tokens that rows of the token log stand for.", telemetry.presented)
        text.counter("widget_token_log_rows_total", "Rows of the token log written.", telemetry.written)
        text.counter("widget_token_log_lost_total", "Tokens that the token log doesn't account for.", telemetry.lost)
    }

    private func writeOperation(to text: inout MetricsText) {
        text.gauge("widget_memory_bytes", "Memory that counts against the limit.", memory.usedBytes)
        text.gauge("widget_memory_limit_bytes", "How much that may be; 0: there is no limit.", memory.limit ?? 0)
        text.gauge(
            "widget_memory_level", "How short memory is: 0 ample, 1 scarce, 2 exhausted.", memory.level.rawValue)
        let total = "widget_configuration_reloads_total"
        text.family(total, .counter, "Times that the configuration was read again, by result.")
        text.sample(total, ["result": "succeeded"], reloads.succeeded)
        text.sample(total, ["result": "failed"], reloads.failed)
        text.gauge(
            "widget_configuration_is_current", "Whether the last reload has succeeded.", reloads.lastSucceeded ? 1 : 0)
        text.gauge(
            "widget_configuration_loaded_timestamp_seconds",
            "When the configuration in force was read, in seconds since 1970.", Int(reloads.loadedAt))
        text.counter(
            "widget_log_batches_dropped_total", "Batches of log lines that couldn't be written in time.",
            UInt64(logBatchesDropped))
    }
}

extension RejectionCode {
    /// Whether it is a verification's outcome.
    fileprivate var isVerdict: Bool {
        switch self {
        case .tokenTooLarge, .tokenMalformed, .tokenAlgorithmNotAllowed, .tokenSignatureMismatch, .tokenExpired,
            .tokenNotYetValid, .tokenIssuedInFuture, .tokenLifetimeExceeded, .tokenClaimMissing, .tokenClaimInvalid,
            .tokenRevoked, .userHashMissing, .userHashSubjectMissing, .userHashMismatch:
            true
        default: false
        }
    }
}
