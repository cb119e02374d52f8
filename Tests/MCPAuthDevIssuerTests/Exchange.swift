// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// What a server answered.
struct Answer: Sendable {
    let status: Int
    /// Field values by lower-case name.
    let fields: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The URI of a redirect without its query.
    var target: String? { fields["location"]?.split(separator: "?").first.map(String.init) }

    /// A parameter in the query of a redirect.
    func parameter(_ name: String) -> String? {
        let items = fields["location"].flatMap { URLComponents(string: $0) }?.queryItems
        return items?.first { $0.name == name }?.value
    }
}

/// One request over URLSession that follows no redirect.
// SAFETY: the session calls its delegate on one serial queue, and nobody else touches the object after its task began.
final class Exchange: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let continuation: CheckedContinuation<Answer, any Error>
    private var redirect: HTTPURLResponse?
    private var body: [UInt8] = []

    private init(_ continuation: CheckedContinuation<Answer, any Error>) {
        self.continuation = continuation
    }

    static func run(_ request: URLRequest) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let session = URLSession(
                configuration: .ephemeral,
                delegate: Exchange(continuation),
                delegateQueue: nil
            )
            session.dataTask(with: request).resume()
            session.finishTasksAndInvalidate()
        }
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        redirect = response
        completionHandler(nil)
    }

    /// A 401 is an answer like every other: nothing is sent again with other credentials.
    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        completionHandler(.rejectProtectionSpace, nil)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        body += [UInt8](data)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let response = redirect ?? task.response as? HTTPURLResponse else {
            return continuation.resume(throwing: error ?? URLError(.badServerResponse))
        }
        let names = ["cache-control", "content-security-policy", "content-type", "location", "www-authenticate"]
        let fields = names.compactMap { name in response.value(forHTTPHeaderField: name).map { (name, $0) } }
        continuation.resume(
            returning: Answer(
                status: response.statusCode,
                fields: Dictionary(fields, uniquingKeysWith: { first, _ in first }),
                body: body
            )
        )
    }
}
#endif
