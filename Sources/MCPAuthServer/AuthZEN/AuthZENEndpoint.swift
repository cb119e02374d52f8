// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuth
package import MCPAuthCore
package import MCPAuthHTTP
internal import MCPAuthJSON

/// Answers gateways that ask a policy decision point (OpenID AuthZEN Authorization API 1.0).
///
/// The subject is an access token and the resource is the URL of a request, so that the decision is the same as for the
/// request itself. Nothing that a gateway says about a caller counts. Status 200 has a decision; every other status means
/// that the question was not answered. No response and no event has the token of a client.
package struct AuthZENEndpoint: Sendable {
    private let settings: AuthZENSettings
    private let requestGuard: RequestGuard
    private let tokenField: @Sendable (HTTPRequest) -> HTTPField.Name?
    /// The metadata of the policy decision point; `nil` if its URL is not known.
    private let metadata: JSON?

    private static let evaluationPath = "/access/v1/evaluation"
    private static let evaluationsPath = "/access/v1/evaluations"
    private static let metadataPath = "/.well-known/authzen-configuration"
    private static let requestID = HTTPField.Name("X-Request-ID")
    /// The maximum length of the id of a request that is repeated, in bytes.
    private static let longestRequestID = 128

    /// - Parameter tokenField: The field that has the token of such a request in place of `Authorization`; `nil` for
    ///   `Authorization`.
    package init(
        _ settings: AuthZENSettings,
        _ requestGuard: RequestGuard,
        tokenField: @escaping @Sendable (HTTPRequest) -> HTTPField.Name? = { _ in nil }
    ) {
        self.settings = settings
        self.requestGuard = requestGuard
        self.tokenField = tokenField
        metadata = settings.url.map { url in
            [
                "policy_decision_point": .string(url),
                "access_evaluation_endpoint": .string(url + Self.evaluationPath),
                "access_evaluations_endpoint": .string(url + Self.evaluationsPath),
            ]
        }
    }

    /// The response to a gateway.
    ///
    /// - Parameters:
    ///   - asked: The request of the gateway.
    ///   - address: The address of the gateway; `nil` for a unix socket.
    ///   - body: Its whole body.
    package func response(
        to asked: HTTPRequest,
        from address: String?,
        body: [UInt8],
        now: () -> NumericDate = NumericDate.now
    ) async -> RenderedResponse {
        let response = await answer(to: asked, from: address, body, now)
        var head = response.head
        head.headerFields[.cacheControl] = "no-store"
        if let name = Self.requestID {
            let values = asked.headerFields[values: name]
            if values.count == 1, Self.isRepeated(values[0]) { head.headerFields[name] = values[0] }
        }
        return RenderedResponse(head: head, body: response.body)
    }

    private func answer(
        to asked: HTTPRequest,
        from address: String?,
        _ body: [UInt8],
        _ now: () -> NumericDate
    ) async -> RenderedResponse {
        guard settings.trustedClients.trusts(address) else {
            return refuse(asked, Refusal(address: address ?? ""), now)
        }
        let path = asked.path ?? ""
        if let metadata, path.isExactly(Self.metadataPath) {
            guard asked.method == .get || asked.method == .head else {
                return refuse(asked, Refusal(method: asked.method, allowed: "GET, HEAD"), now)
            }
            return Self.json(metadata)
        }
        let isBatch = path.isExactly(Self.evaluationsPath)
        guard isBatch || path.isExactly(Self.evaluationPath) else { return refuse(asked, .notFound, now) }
        guard asked.method == .post else {
            return refuse(asked, Refusal(method: asked.method, allowed: "POST"), now)
        }
        if let token = settings.token, !token.isPresented(by: asked) { return refuse(asked, .unauthorized, now) }
        guard Self.isJSON(asked.headerFields) else { return refuse(asked, .unsupportedMediaType, now) }
        guard body.count <= ProtectedResource.bodyBytes else { return refuse(asked, .bodyTooLarge, now) }
        do throws(EvaluationMistake) {
            let request = try WrittenValue(body).object(EvaluationBatch.members)
            if isBatch, let batch = try EvaluationBatch(request) {
                return Self.json(await evaluate(batch, of: asked, now))
            }
            let question = try EvaluationRequest(request)
            return Self.json(await evaluate(question, of: asked, now).json)
        } catch {
            return refuse(asked, Refusal(error), now)
        }
    }

    private func evaluate(_ batch: EvaluationBatch, of asked: HTTPRequest, _ now: () -> NumericDate) async -> JSON {
        var decisions: [JSON] = []
        for index in 0..<batch.count {
            // Other requests of this thread come between: each question may be long.
            await Task.yield()
            let answer: EvaluationAnswer
            do throws(EvaluationMistake) {
                let question = try batch.question(index)
                answer = await evaluate(question, of: asked, now)
            } catch {
                answer = .refused(refuse(asked, Refusal(error), now))
            }
            decisions.append(answer.json)
            if batch.ends(after: answer) { break }
        }
        return ["evaluations": .array(decisions)]
    }

    private func evaluate(
        _ question: EvaluationRequest,
        of asked: HTTPRequest,
        _ now: () -> NumericDate
    ) async -> EvaluationAnswer {
        let subject = question.subject
        var request = subject.presentingToken(in: tokenField(question.request), of: question.request)
        TraceContext.pass(from: asked, to: &request)
        let action = await requestGuard.check(forwarded: request, body: question.body, now: now) { caller in
            subject.refusal(of: caller)
        }
        return switch action {
        case .proceed(let caller, let id): .allowed(caller, id)
        case .respond(let response): .refused(response)
        }
    }

    /// Refuses what a gateway sent, and reports it.
    private func refuse(_ asked: HTTPRequest, _ refusal: Refusal, _ now: () -> NumericDate) -> RenderedResponse {
        let reported = requestGuard.refusal(ofForwarded: asked, refusal.denial, at: now())
        var fields = refusal.fields
        fields[.contentType] = "application/json"
        fields[DecisionID.fieldName] = reported.head.headerFields[DecisionID.fieldName]
        let head = HTTPResponse(status: .init(code: refusal.denial.status), headerFields: fields)
        let body: JSON = ["error": .string(refusal.code), "error_description": .string(refusal.description)]
        return RenderedResponse(head: head, body: body.encoded())
    }

    /// Whether the body is JSON in UTF-8 without a content coding.
    private static func isJSON(_ fields: HTTPFields) -> Bool {
        let types = fields[values: .contentType]
        guard types.count == 1, MCPMessageReading.isReadable(fields) else { return false }
        let words = types[0].prefix { $0 != ";" }.split { $0 == " " || $0 == "\t" }
        return words.count == 1 && words[0].lowercased() == "application/json"
    }

    private static func isRepeated(_ requestID: String) -> Bool {
        (1...longestRequestID).contains(requestID.utf8.count)
            && requestID.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    private static func json(_ body: JSON) -> RenderedResponse {
        let fields: HTTPFields = [.contentType: "application/json"]
        return RenderedResponse(head: HTTPResponse(status: .ok, headerFields: fields), body: body.encoded())
    }
}

extension AuthZENEndpoint {
    /// Why a question is not answered.
    private struct Refusal {
        /// For the log; its status is that of the response.
        let denial: Denial
        /// What the gateway is told.
        let code: String
        let description: String
        let fields: HTTPFields

        private init(_ denial: Denial, _ code: String, _ description: String, _ fields: HTTPFields = [:]) {
            self.denial = denial
            self.code = code
            self.description = description
            self.fields = fields
        }

        init(_ mistake: EvaluationMistake) {
            self.init(mistake.denial, "invalid_request", mistake.description)
        }

        init(address: String) {
            let diagnosis = Diagnosis(
                "the address of the gateway",
                expected: "one of `trusted_clients`",
                found: "another one",
                value: "`\(address.printable)`"
            )
            let denial = Denial(.untrustedProxy, status: 403, diagnosis: diagnosis)
            self.init(denial, "access_denied", "this address may not ask")
        }

        init(method: HTTPRequest.Method, allowed: String) {
            let diagnosis = Diagnosis(
                "the method of the gateway",
                expected: allowed,
                found: "another one",
                value: "`\(method.rawValue.printable)`"
            )
            let denial = Denial(.unreadableForwarding, status: 405, diagnosis: diagnosis)
            self.init(denial, "method_not_allowed", "the methods here are \(allowed)", [.allow: allowed])
        }

        static let notFound = Refusal(
            Denial(
                .noSuchResource,
                status: 404,
                diagnosis: Diagnosis("the path of the gateway", expected: "one of AuthZEN", found: "another path")
            ),
            "not_found",
            "there is no such endpoint"
        )

        static let unauthorized = Refusal(
            Denial(
                .untrustedProxy,
                status: 401,
                diagnosis: Diagnosis("field `Authorization` of the gateway", expected: "`token`", found: "another text")
            ),
            "unauthorized",
            "the bearer token of the gateway is needed",
            [.wwwAuthenticate: #"Bearer realm="authzen""#]
        )

        static let unsupportedMediaType = Refusal(
            // The API answers all mistakes of a request with 400.
            Denial(.unsupportedEncoding, status: 400),
            "unsupported_media_type",
            "the body must be application/json in UTF-8, without a content coding"
        )

        static let bodyTooLarge = Refusal(
            Denial(.bodyTooLarge, status: 413),
            "request_too_large",
            "the body may have at most \(ProtectedResource.bodyBytes) bytes"
        )
    }
}
