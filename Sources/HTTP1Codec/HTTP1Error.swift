/// Why a message was given up. The connection is of no further use: where the next message would begin isn't known.
package enum HTTP1Error: Error, Equatable, Sendable {
    /// The message breaks RFC 9112, or a rule of ours that is narrower.
    case malformed(HTTP1Fault)
    /// More than `HTTP1Limits.maxHeadBytes`.
    case headTooLarge
    /// More field lines than `HTTP1Limits.maxFields`.
    case tooManyFields
    /// More than `HTTP1Limits.maxTrailerBytes`.
    case trailersTooLarge
    /// The connection closed in the middle of a body.
    case truncatedBody
}

/// Which part of a message is wrong; the raw value is for logs.
package enum HTTP1Fault: String, Equatable, Sendable {
    case lineEnding = "line_ending"
    case requestLine = "request_line"
    case method
    case target
    case version
    case statusLine = "status_line"
    case fieldName = "field_name"
    case fieldValue = "field_value"
    case foldedField = "folded_field"
    case host
    case contentLength = "content_length"
    case transferEncoding = "transfer_encoding"
    case conflictingFraming = "conflicting_framing"
    case connection
    case chunkSize = "chunk_size"
    case chunkExtension = "chunk_extension"
    case chunkEnding = "chunk_ending"
    case trailer
    case informationalResponses = "informational_responses"
}
