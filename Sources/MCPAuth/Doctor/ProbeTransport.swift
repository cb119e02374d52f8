// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// Sends the requests of ``ResourceDoctor``.
///
/// An `HTTPFetcher` is not enough: the doctor reads the header fields of refusals, and sends a field twice.
package protocol ProbeTransport: Sendable {
    /// Sends one request within ``ProbeRequest/seconds``, and follows no redirect.
    ///
    /// - Throws: `FetchError` if there is no answer.
    func send(_ request: ProbeRequest) async throws(FetchError) -> ProbeAnswer
}

extension ProbeTransport {
    /// The answer to a request; `nil` if there is none, which is reported.
    func answer(to request: ProbeRequest, at place: String, _ report: inout DoctorReport) async -> ProbeAnswer? {
        do throws(FetchError) {
            return try await send(request)
        } catch {
            report.miss(.noAnswer, place, "\(error)")
            return nil
        }
    }
}

/// A request as a client could send it.
package struct ProbeRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case options = "OPTIONS"
    }

    package let method: Method
    package let url: HTTPURL
    /// The header fields; a name may come twice.
    package var fields: [(name: String, value: String)] = []
    package var body: [UInt8]?
    /// Whether the body of the answer is read; an event stream would never end.
    package var readsBody = false
    /// Whether the connection must go to a public address, because a document of a public server named the URL.
    package var mustReachPublicAddress = false

    /// The time limit of a request, from the look-up of the name to the last byte that is read.
    package static let seconds = 10.0
    /// The longest body that is read, in bytes.
    package static let mostBytes = 512 * 1024

    package init(_ method: Method, _ url: HTTPURL) {
        self.method = method
        self.url = url
    }

    /// The method and the URL, without credentials.
    var name: String { "\(method.rawValue) \(url)" }

    /// The same request with another field.
    func adding(_ name: String, _ value: String) -> ProbeRequest {
        var request = self
        request.fields.append((name, value))
        return request
    }
}

/// The answer to a ``ProbeRequest``.
package struct ProbeAnswer: Sendable {
    package let status: Int
    package let fields: [(name: String, value: String)]
    /// The body, if the request asked for it.
    package let body: [UInt8]

    package init(status: Int, fields: [(name: String, value: String)], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    var isSuccess: Bool { (200..<300).contains(status) }

    /// The values of all fields with this name, which is given in lower case.
    func values(of name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name }.map(\.value)
    }

    /// The elements of a field that is a list, in lower case.
    func list(_ name: String) -> Set<String> {
        let blanks: Set<Character> = [" ", "\t"]
        let elements = values(of: name).flatMap { $0.split(separator: ",") }
        return Set(elements.map { $0.filter { !blanks.contains($0) }.lowercased() })
    }

    /// Whether a web page of this origin may read the answer (Fetch standard, CORS check).
    func isReadable(by origin: String) -> Bool {
        let allowed = values(of: "access-control-allow-origin")
        return allowed.count == 1 && (allowed[0] == "*" || allowed[0].isExactly(origin))
    }
}
