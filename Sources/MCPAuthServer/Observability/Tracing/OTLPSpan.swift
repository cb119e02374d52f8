// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import MCPAuthConcurrency
internal import MCPAuthCore
package import MCPAuthJSON
package import Tracing

/// A span that ``OTLPTracer`` made.
///
/// Only the attributes in ``SpanAttributeName`` are kept. Events, links and the texts of errors are not: they could have a
/// token, and nothing here makes events and links.
package struct OTLPSpan: Span {
    package let context: ServiceContext
    /// `nil` if the span is not recorded.
    let recording: SpanRecording?

    package var isRecording: Bool { recording?.isEnded == false }

    package var operationName: String {
        get { recording?.name ?? "" }
        nonmutating set { recording?.name = newValue }
    }

    package var attributes: SpanAttributes {
        get { recording?.attributes ?? [:] }
        nonmutating set { recording?.attributes = newValue }
    }

    package func setStatus(_ status: SpanStatus) {
        recording?.status = status.code
    }

    package func recordError<Instant: TracerInstant>(
        _ error: any Error,
        attributes: SpanAttributes,
        at instant: @autoclosure () -> Instant
    ) {
        recording?.attributes[SpanAttributeName.errorType.rawValue] = String(describing: type(of: error))
    }

    package func addEvent(_ event: SpanEvent) {}

    package func addLink(_ link: SpanLink) {}

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        recording?.end(at: instant().nanosecondsSinceEpoch)
    }
}

/// The attributes that spans may have.
///
/// Those of fetches are set by async-http-client, which also sets `url.full` and others that may have a token.
package enum SpanAttributeName: String, CaseIterable, Sendable {
    case door = "mcp_auth.door"
    case decision = "mcp_auth.decision"
    case reason = "mcp_auth.reason"
    case decisionID = "mcp_auth.decision_id"
    case resource = "mcp_auth.resource"
    case operation = "mcp_auth.operation"
    case status = "http.response.status_code"
    case method = "http.request.method"
    case scheme = "url.scheme"
    case server = "server.address"
    case port = "server.port"
    case errorType = "error.type"

    /// The name in older semantic conventions, which async-http-client 1.37 uses.
    fileprivate var oldName: String? { self == .status ? "http.status_code" : nil }
}

/// What is known of a span when it begins.
struct SpanOrigin: Sendable {
    let trace: TraceContext
    let kind: SpanKind
    /// `nil` if the span begins its trace.
    let parentID: UInt64?
    /// Whether another system made the parent.
    let isParentRemote: Bool
    /// In nanoseconds since 1970.
    let start: UInt64
}

/// What a span records until it ends.
final class SpanRecording: Sendable {
    private struct State {
        var name: String
        var attributes: SpanAttributes = [:]
        var status: SpanStatus.Code?
        var isEnded = false
    }

    private let origin: SpanOrigin
    private let onEnd: OTLPTracer.EndHandler
    private let state: Lock<State>

    init(_ origin: SpanOrigin, name: String, onEnd: @escaping OTLPTracer.EndHandler) {
        self.origin = origin
        self.onEnd = onEnd
        state = Lock(State(name: name))
    }

    var isEnded: Bool { state.withLock { $0.isEnded } }

    var name: String {
        get { state.withLock { $0.name } }
        set { state.withLock { $0.name = newValue } }
    }

    var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { state.withLock { $0.attributes = newValue } }
    }

    var status: SpanStatus.Code? {
        get { state.withLock { $0.status } }
        set { state.withLock { $0.status = newValue } }
    }

    /// Ends the span; only the first call has an effect.
    func end(at instant: UInt64) {
        let ended: State? = state.withLock { state in
            guard !state.isEnded else { return nil }
            state.isEnded = true
            return state
        }
        guard let ended else { return }
        let span = FinishedSpan(
            origin,
            name: FinishedSpan.bounded(ended.name),
            // The clock may have been set back meanwhile.
            end: max(origin.start, instant),
            attributes: FinishedSpan.exported(ended.attributes),
            status: ended.status
        )
        onEnd(span)
    }
}

/// A span that has ended.
package struct FinishedSpan: Sendable {
    let origin: SpanOrigin
    package let name: String
    /// In nanoseconds since 1970.
    let end: UInt64
    package let attributes: [SpanAttributeName: JSON]
    let status: SpanStatus.Code?

    fileprivate init(
        _ origin: SpanOrigin,
        name: String,
        end: UInt64,
        attributes: [SpanAttributeName: JSON],
        status: SpanStatus.Code?
    ) {
        self.origin = origin
        self.name = name
        self.end = end
        self.attributes = attributes
        self.status = status
    }

    /// The span itself, in its trace.
    package var trace: TraceContext { origin.trace }
    /// `nil` if the span begins its trace.
    package var parentID: UInt64? { origin.parentID }

    /// The greatest length of a text, in characters.
    private static let longestText = 256

    /// A text without characters that cannot be seen, cut off where it is too long.
    fileprivate static func bounded(_ text: String) -> String { String(text.printable.prefix(longestText)) }

    /// The attributes that may be exported, whatever else was set.
    fileprivate static func exported(_ attributes: SpanAttributes) -> [SpanAttributeName: JSON] {
        var exported: [SpanAttributeName: JSON] = [:]
        for name in SpanAttributeName.allCases {
            let value = attributes.get(name.rawValue) ?? name.oldName.flatMap { attributes.get($0) }
            exported[name] = value.flatMap(json)
        }
        return exported
    }

    private static func json(_ value: SpanAttribute) -> JSON? {
        switch value {
        case .string(let text): .string(bounded(text))
        case .int64(let number): .integer(number)
        case .int32(let number): .integer(Int64(number))
        case .bool(let flag): .boolean(flag)
        default: nil
        }
    }
}
#endif
