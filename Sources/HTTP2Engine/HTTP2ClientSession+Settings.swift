import CNGHTTP2

/// What both sides of a connection to a server have set, and the windows that follow from it.
struct HTTP2ClientSettings {
    /// The server's have come.
    var areKnown = false
    /// What a stream begins with, as the server has last been told, in bytes.
    var streamWindow = Self.protocolWindow
    /// By how much each SETTINGS frame changed that which the server hasn't acknowledged yet.
    var unacknowledged: [Int] = []

    /// Before any setting (RFC 9113, 6.9.2).
    static let protocolWindow = 65_535
    /// Frames: a server that acknowledges none gets no more.
    static let mostUnacknowledged = 4
}

extension HTTP2ClientSession {
    /// Whether the server lets a stream become a WebSocket (RFC 8441, 3). Nobody may ask for one before it is known.
    package enum WebSocketSupport { case unknown, none, offered }

    package var webSocketSupport: WebSocketSupport {
        guard settings.areKnown else { return .unknown }
        let isOffered = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1
        return isOffered ? .offered : .none
    }

    /// What a stream begins with, in bytes.
    package var streamWindow: Int { settings.streamWindow }

    /// Has all streams begin with another window, and those that there are changed by the difference (RFC 9113, 6.9.2).
    /// False: not now.
    @discardableResult
    package func setStreamWindow(_ size: Int) -> Bool {
        guard settings.unacknowledged.count < HTTP2ClientSettings.mostUnacknowledged else { return false }
        submit([setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, size)])
        settings.unacknowledged.append(size - settings.streamWindow)
        settings.streamWindow = size
        return true
    }

    /// What the server may still send on this stream, once it has heard all that it has been told; below zero where the
    /// window was made smaller under it.
    package func credit(of stream: HTTP2ClientStream) -> Int {
        let window = Int(nghttp2_session_get_stream_effective_local_window_size(session, stream.id))
        let received = Int(nghttp2_session_get_stream_effective_recv_data_length(session, stream.id))
        return window - received + settings.unacknowledged.reduce(0, +)
    }

    /// Lets the server send `length` bytes more on this stream.
    package func grant(_ stream: HTTP2ClientStream, _ length: Int) {
        nghttp2_submit_window_update(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, Int32(clamping: length))
    }

    func settingsCame(isAcknowledgement: Bool) {
        if !isAcknowledgement {
            settings.areKnown = true
        } else if !settings.unacknowledged.isEmpty {
            settings.unacknowledged.removeFirst()
        }
    }

    func submitFirstSettings() {
        submit([
            setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0),
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindow),
            setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListBytes),
        ])
        settings.unacknowledged.append(limits.streamWindow - settings.streamWindow)
        settings.streamWindow = limits.streamWindow
        nghttp2_session_set_local_window_size(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(clamping: limits.connectionWindow))
    }

    private func submit(_ entries: [nghttp2_settings_entry]) {
        nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
    }

    private func setting(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
    }
}
