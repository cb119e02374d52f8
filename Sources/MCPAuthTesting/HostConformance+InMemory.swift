// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import MCPAuth
internal import MCPAuthHTTP

extension HostConformance {
    /// Checks a row without a host: what the guard answers, and what an adapter makes of that.
    ///
    /// Not for rows that are about bytes (``Row/isAboutBytes``).
    ///
    /// - Throws: ``ConformanceFailure``.
    package func check(_ row: Row, inMemory mcpAuth: MCPAuth) async throws {
        let request = try await message(row)
        let answer = await answer(to: request, row.content, mcpAuth)
        try check(answer, to: row) { answer, allowed in
            let resource = allowed.subject == nil ? "" : allowed.resource
            let expected = "\(allowed.subject ?? "nobody") \(resource) \(allowed.byteCount)"
            let isRight = answer.status == 200 && answer.text == expected
            try ConformanceFailure.require(isRight, "\(row): \(answer.status) \(answer.text), expected `\(expected)`")
        }
    }

    /// The request in the types that hosts convert it to.
    private func message(_ row: Row) async throws -> HTTPRequest {
        let bytes = try await row.bytes(at: authority) { try await token($0) }
        let head = bytes.firstRange(of: Array("\r\n\r\n".utf8)).map { bytes[..<$0.lowerBound] } ?? bytes[...]
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        var request = HTTPRequest(
            method: .init(row.method) ?? .trace,
            scheme: "http",
            authority: nil,
            path: lines.first.map { String($0.dropFirst(row.method.count + 1).dropLast(row.version.count + 1)) }
        )
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), let name = HTTPField.Name(String(line[..<colon])) else {
                continue
            }
            let field = HTTPField(name: name, value: String(line[line.index(after: colon)...]))
            if name.canonicalName == "host", request.authority == nil {
                request.authority = field.value
            } else {
                request.headerFields.append(field)
            }
        }
        return request
    }

    /// What an adapter does, with a handler that names the caller.
    private func answer(to request: HTTPRequest, _ body: [UInt8], _ mcpAuth: MCPAuth) async -> RawClient.Answer {
        if let open = mcpAuth.openResponse(to: request) { return RawClient.Answer(open.head, open.body) }
        let requestGuard = mcpAuth.requestGuard(ignoringCase: ignoresCase)
        switch await requestGuard.check(request, body: { body.count > $0 ? .tooLarge : .bytes(body) }) {
        case .respond(let response, _):
            let sent = mcpAuth.notFoundResponse(to: request) ?? response
            return RawClient.Answer(sent.head, sent.body)
        case .proceed(let caller):
            var head = HTTPResponse(status: .ok)
            requestGuard.complete(&head.headerFields, answering: request)
            let resource = caller?.resource.description ?? ""
            return RawClient.Answer(head, Array("\(caller?.subject ?? "nobody") \(resource) \(body.count)".utf8))
        }
    }
}

extension RawClient.Answer {
    fileprivate init(_ head: HTTPResponse, _ body: [UInt8]) {
        self.init(
            status: head.status.code,
            fields: head.headerFields.map { (name: $0.name.canonicalName, value: $0.value) },
            body: body,
            isWhole: true
        )
    }
}
